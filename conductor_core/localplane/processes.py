"""Declared processes, their readiness probes and their recorded state: the data that a supervisor works on.

Standard library and psutil only: a supervisor is started often and must stay small. Rule: `infra/local/README.md`.
"""

from __future__ import annotations

import hashlib
import http.client
import json
import os
import socket
import ssl
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

import psutil

MARK = "CONDUCTOR_SUPERVISED_BY"
State = Literal["waiting", "starting", "ready", "backoff", "done", "stopped"]


@dataclass(frozen=True)
class Probe:
    """Ready when `target` answers: an `http` URL below status 400, a `tcp` host:port, or a `file` that exists."""

    kind: Literal["http", "tcp", "file"]
    target: str
    ca_file: str = ""

    def passes(self, seconds: float = 0.5) -> bool:
        """Ask once, for at most `seconds`; any failure is "not yet"."""
        try:
            if self.kind == "file":
                return Path(self.target).exists()
            if self.kind == "tcp":
                host, _, port = self.target.rpartition(":")
                with socket.create_connection((host, int(port)), seconds):
                    return True
            return self._http(seconds)
        except (OSError, ValueError, http.client.HTTPException):
            return False

    def _http(self, seconds: float) -> bool:
        url = urlsplit(self.target)
        port = url.port or (443 if url.scheme == "https" else 80)
        asked: http.client.HTTPConnection
        if url.scheme == "https":
            context = ssl.create_default_context(cafile=self.ca_file or None)
            asked = http.client.HTTPSConnection(url.hostname or "", port, timeout=seconds, context=context)
        else:
            asked = http.client.HTTPConnection(url.hostname or "", port, timeout=seconds)
        try:
            asked.request("GET", url.path + (f"?{url.query}" if url.query else ""))
            return asked.getresponse().status < 400
        finally:
            asked.close()


@dataclass(frozen=True)
class Process:
    """One process: started when all of `after` are ready, `once` for a task that ends with exit code 0.

    `env` is added to the supervisor's environment (an empty value removes the name); `patience` is how many seconds it
    may take to get ready, `stop_seconds` how long it may take to end before it is killed.
    """

    name: str
    argv: tuple[str, ...]
    env: dict[str, str] = field(default_factory=dict)
    cwd: str = ""
    ready: Probe | None = None
    after: tuple[str, ...] = ()
    once: bool = False
    patience: float = 60.0
    stop_seconds: float = 10.0


@dataclass(frozen=True)
class ProcessSet:
    """Processes that start and stop together; `folder` holds their state, `log_dir` one log a process."""

    name: str
    folder: Path
    log_dir: Path
    processes: tuple[Process, ...]

    def as_json(self) -> str:
        """The text that the supervisor is started with."""
        return json.dumps(asdict(self), default=str, sort_keys=True, indent=1)

    def digest(self) -> str:
        """Tells whether a running supervisor was started with this very declaration."""
        return hashlib.sha256(self.as_json().encode()).hexdigest()

    @staticmethod
    def from_json(text: str) -> ProcessSet:
        """Inverse of `as_json`; raises `ValueError`, `KeyError` or `TypeError` on anything else."""
        body = json.loads(text)
        processes = tuple(
            Process(
                **{
                    **p,
                    "argv": tuple(p["argv"]),
                    "after": tuple(p["after"]),
                    "ready": Probe(**p["ready"]) if p["ready"] else None,
                }
            )
            for p in body["processes"]
        )
        return ProcessSet(body["name"], Path(body["folder"]), Path(body["log_dir"]), processes)


@dataclass(frozen=True)
class ProcessStatus:
    """One process as recorded; `fails` counts ends since it was last ready, `restarts` all of them."""

    name: str
    state: State
    pid: int = 0
    created: float = 0.0
    restarts: int = 0
    fails: int = 0
    since: float = 0.0
    log: str = ""
    why: str = ""


@dataclass(frozen=True)
class SetStatus:
    """A process set as recorded: `running` only while its supervisor lives and is not stopping."""

    running: bool
    supervisor: int
    created: float
    digest: str
    stopping: bool
    processes: tuple[ProcessStatus, ...]

    @property
    def ready(self) -> bool:
        """All processes are ready, tasks are done."""
        return self.running and all(p.state in ("ready", "done") for p in self.processes)


STOPPED = SetStatus(False, 0, 0.0, "", False, ())


def write_state(folder: Path, status: SetStatus) -> None:
    """Record by atomic rename; the reader checks whether the writer still lives."""
    temporary = folder / f".state.{os.getpid()}.tmp"
    temporary.write_text(json.dumps(asdict(status), indent=1), encoding="utf-8")
    temporary.replace(folder / "state.json")


def read_state(folder: Path) -> SetStatus:
    """What was recorded last, corrected by what is true now: a dead supervisor means not running."""
    try:
        body = json.loads((folder / "state.json").read_text(encoding="utf-8"))
        told = SetStatus(**{**body, "processes": tuple(ProcessStatus(**p) for p in body["processes"])})
    except (OSError, ValueError, KeyError, TypeError):
        return STOPPED
    alive = same_process(told.supervisor, told.created) is not None
    return replace(told, running=alive and not told.stopping)


def same_process(pid: int, created: float) -> psutil.Process | None:
    """The living process `pid`, but only when it is the one that was created at `created` (pids are reused)."""
    if pid <= 0:
        return None
    try:
        found = psutil.Process(pid)
        if abs(found.create_time() - created) > 1.0 or found.status() == psutil.STATUS_ZOMBIE:
            return None
    except psutil.Error:
        return None
    return found
