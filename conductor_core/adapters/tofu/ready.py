"""A console that has started already and waits for its values: to start takes ten times as long as to answer.

Its values come through a pipe (pipe(7)) that it takes for a file. Only this process writes to it, so that a console
whose owner is killed reads an end of file and ends too. One is kept; after a while that nobody asks, it is ended.
"""

from __future__ import annotations

import contextlib
import os
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path

from conductor_core.adapters.tofu.folders import Folders
from conductor_core.errors import ConductorError
from conductor_core.ports.commands import CommandResult

AFTER = 0.3
"""Seconds after an answer until the next console is started: what is drawn with the answer goes first."""
MOST_BYTES = 60_000
"""Of values that are handed over: a pipe takes 64 KiB without anybody who reads."""


@dataclass(frozen=True)
class _Started:
    declarations: str
    values: int
    """The descriptor that the values are written to."""
    told: Future[CommandResult]


class ReadyConsole:
    """`run` starts the console in a folder whose values are a pipe, which it inherits, and gives what it said at its
    end. Safe to use from many threads.
    """

    def __init__(self, folders: Folders, run: Callable[[Path, str, int], CommandResult], after: float = AFTER) -> None:
        self._folders, self._run, self._after = folders, run, after
        self._lock = threading.Lock()
        self._kept: _Started | None = None
        self._last, self._starting = "", False

    def ask(self, declarations: str, values: bytes) -> CommandResult | None:
        """What the console says to the values; None when none is ready for these declarations.

        Whoever asks twice about the same declarations asks again: from then on one is started ahead.
        """
        with self._lock:
            found, self._kept = self._kept, None
            again, self._last = self._last == declarations and not self._starting, declarations
            self._starting = self._starting or again
        told = self._told(found, declarations, values) if found is not None else None
        if again:
            threading.Thread(target=self._start, args=(declarations,), name="tofu-console", daemon=True).start()
        return told

    @staticmethod
    def _told(found: _Started, declarations: str, values: bytes) -> CommandResult | None:
        fits = found.declarations == declarations and len(values) <= MOST_BYTES
        try:
            if fits:
                os.write(found.values, values)
        except BrokenPipeError:  # it was ended meanwhile
            return None
        finally:
            os.close(found.values)
        with contextlib.suppress(ConductorError):
            return found.told.result() if fits else None
        return None

    def _start(self, declarations: str) -> None:
        told: Future[CommandResult] = Future()
        time.sleep(self._after)
        with self._lock:
            self._starting = False
        try:
            with self._folders.piped(declarations) as (root, read, write):
                with self._lock:
                    before, self._kept = self._kept, _Started(declarations, write, told)
                if before is not None:
                    os.close(before.values)
                told.set_result(self._run(root, declarations, read))
        except Exception as bad:  # noqa: BLE001  # whoever waits for the answer is told, and never waits for ever
            told.set_exception(bad)
