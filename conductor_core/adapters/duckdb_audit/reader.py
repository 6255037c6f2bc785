"""Asks the published read model: each statement in a fresh child process (port `AuditDatabase`; see `child`).

Whoever asks a second time gets a child that waits already, started and imported.
"""

from __future__ import annotations

import json
import os
import select
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

from conductor_core.adapters.duckdb_audit import messages, published
from conductor_core.adapters.duckdb_audit.published import Published
from conductor_core.errors import ConductorError, InputError, NotFoundError, RefusedError, StateError, StorageError
from conductor_core.ports.audit_database import Answer, Limits, Position, Row
from conductor_core.settings import PROJECT_ROOT

START_SECONDS = 20.0
"""How long a child may take to start on a busy machine; that is not counted against the statement."""
_ROOM = 1 << 20
"""Bytes that one message may be larger than the whole answer may be."""


class DuckdbAuditDatabase:
    """Implements `ports.audit_database.AuditDatabase` on the files in one folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._asked = 0
        self._lock = threading.Lock()
        self._spare: _Child | None = None

    def start(self, sql: str, limits: Limits, parameters: Mapping[str, int | float | str]) -> Statement:
        """See `AuditDatabase`."""
        made = published.read(self._folder)
        if made is None:
            why = "Nothing has been projected from the record, or its files were removed."
            if published.outdated(self._folder):
                why = "It was made by another version. The worker makes it anew from the record; nothing is lost."
            raise NotFoundError(
                "There is no audit read model yet.",
                why=why,
                next="Start the worker with `conductor up`, or run `conductor audit rebuild`, which shows progress.",
            )
        return Statement(self._child(), self._folder, made, sql, limits, parameters)

    def published(self) -> Position | None:
        """See `AuditDatabase`."""
        made = published.read(self._folder)
        return made.position if made else None

    def close(self) -> None:
        """End the child that waits."""
        with self._lock:
            if self._spare is not None:
                self._spare.close()
                self._spare = None

    def _child(self) -> _Child:
        with self._lock:
            self._asked += 1
            child, self._spare = self._spare, None
            if self._asked > 1:
                self._spare = _Child()
        if child is not None and child.alive:
            return child
        if child is not None:
            child.close()
        return _Child()


class Statement:
    """Implements `ports.audit_database.Running`."""

    def __init__(
        self,
        child: _Child,
        folder: Path,
        made: Published,
        sql: str,
        limits: Limits,
        parameters: Mapping[str, int | float | str],
    ) -> None:
        self._limits = limits
        self._position = made.position
        self._cancelled = False
        self._child = child
        self._answer: Answer | None = None
        self._error: ConductorError | None = None
        order = {
            "sql": sql.encode("utf-8", "replace").decode(),
            "files": made.files(folder),
            "shape": asdict(made.shape),
            "events": made.position.events,
            "seconds": limits.seconds,
            "rows": limits.rows,
            "size": limits.size,
            "parameters": dict(parameters),
        }
        self._thread = threading.Thread(target=self._run, args=(order,), name="audit-statement", daemon=True)
        self._thread.start()

    @property
    def done(self) -> bool:
        """See `Running`."""
        return not self._thread.is_alive()

    def result(self) -> Answer:
        """See `Running`."""
        self._thread.join()
        if self._error is not None:
            raise self._error
        assert self._answer is not None
        return self._answer

    def cancel(self) -> None:
        """See `Running`."""
        self._cancelled = True
        self._child.kill()

    def _run(self, order: dict[str, Any]) -> None:
        try:
            self._answer = self._collect(order)
        except ConductorError as bad:
            self._error = bad
        except (ValueError, KeyError, TypeError, RecursionError) as bad:
            self._error = _died(f"Its answer could not be read: {type(bad).__name__}.")
        finally:
            self._child.close()

    def _collect(self, order: dict[str, Any]) -> Answer:
        if self._child.receive(_ROOM, time.monotonic() + START_SECONDS) is None:
            raise self._lost("It could not be started.")
        self._child.order(order)
        deadline = time.monotonic() + self._limits.seconds
        columns: list[str] = []
        types: list[str] = []
        rows: list[Row] = []
        left = self._limits.size + 2 * _ROOM
        while True:
            said = self._child.receive(left, deadline)
            if said is None:
                if time.monotonic() >= deadline and not self._cancelled:
                    raise _late(self._limits.seconds)
                raise self._lost("It ended without an answer; it may have needed more memory than it may use.")
            message, size = said
            left -= size
            if "error" in message:
                raise _refusal(message)
            if "columns" in message:
                columns, types = [str(c) for c in message["columns"]], [str(t) for t in message["types"]]
            rows += messages.revived_rows(message.get("rows", ()))
            if "end" in message:
                seconds, capped = float(message["seconds"]), str(message["capped"])
                rows = rows[: self._limits.rows]
                return Answer(tuple(columns), tuple(types), tuple(rows), seconds, self._position, capped)

    def _lost(self, why: str) -> ConductorError:
        if self._cancelled:
            return StateError(
                "The question was cancelled.", why="Somebody stopped it.", next="Ask again when you want."
            )
        return _died(why)


class _Child:
    """One child process; its environment is empty."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-s", "-E", "-B", "-m", "conductor_core.adapters.duckdb_audit.child"],
            cwd=PROJECT_ROOT,
            env={},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        assert self._process.stdout is not None
        self._out = self._process.stdout.fileno()
        self._lock = threading.Lock()

    @property
    def alive(self) -> bool:
        """Whether it still runs."""
        return self._process.poll() is None

    def order(self, order: dict[str, Any]) -> None:
        """Hand over what to do; a child that has died is found out by `receive`."""
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(json.dumps(order).encode() + b"\n")
            self._process.stdin.flush()
        except (OSError, ValueError):
            return

    def receive(self, most: int, deadline: float) -> tuple[dict[str, Any], int] | None:
        """One message and its size; None at the deadline, at the end, and for more than `most` bytes."""
        head = self._read(4, deadline)
        if head is None or int.from_bytes(head, "big") > most:
            return None
        data = self._read(int.from_bytes(head, "big"), deadline)
        if data is None:
            return None
        message = json.loads(data.decode("utf-8", "surrogatepass"))
        if not isinstance(message, dict):
            raise TypeError("a message that is no map")
        return message, len(data)

    def _read(self, size: int, deadline: float) -> bytes | None:
        out = bytearray()
        while len(out) < size:
            ready = select.select([self._out], [], [], max(0.0, deadline - time.monotonic()))[0]
            chunk = os.read(self._out, min(size - len(out), 1 << 20)) if ready else b""
            if not chunk:
                return None
            out += chunk
        return bytes(out)

    def kill(self) -> None:
        """End it at once; may be called from any thread, and again. Whoever reads finds the end."""
        with self._lock:
            self._process.kill()
            self._process.wait()

    def close(self) -> None:
        """End it and let go of its pipes; called by the one who reads."""
        self.kill()
        for pipe in (self._process.stdin, self._process.stdout):
            with suppress(OSError):
                if pipe is not None:
                    pipe.close()


def _refusal(message: dict[str, Any]) -> ConductorError:
    kind, why = message["error"], str(message.get("why", ""))[:1000]
    if kind == "memory":
        return RefusedError(
            "The question needs more memory than it may use.",
            why="A statement gets 240 MB for its work, and none on disk.",
            next="Ask for less at once: fewer columns, a shorter time, or an aggregate. Join by change_no, not by id.",
        )
    if kind == "files":
        return StorageError("The audit read model can't be read.", why=why, next="Run `conductor audit rebuild`.")
    if kind == "refused":
        return InputError("This statement isn't taken.", why=why, next=str(message.get("next", ""))[:1000])
    return InputError("The SQL can't be run.", why=why, next="`conductor audit schema` lists tables and columns.")


def _late(seconds: float) -> RefusedError:
    return RefusedError(
        f"The question was stopped after {seconds:g} s.",
        why="It had not ended by its deadline.",
        next="Narrow it by time or release, or give it longer (--seconds).",
    )


def _died(why: str) -> RefusedError:
    return RefusedError("The question was stopped.", why=why, next="Ask for less at once.")
