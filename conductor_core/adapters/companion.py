"""A process of our own beside this one, so that what it needs in memory and time is not this one's."""

from __future__ import annotations

import logging
import subprocess
import sys
import threading
from contextlib import suppress

log = logging.getLogger("companion")
PAUSE = 2.0
"""Seconds after which a companion that has ended is started again."""
GRACE = 10.0
"""Seconds that it may take to end before it is killed."""
_LOOK = 0.2


class Companion:
    """Runs a module of ours for as long as this process lives: it ends itself when its standard input does, which the
    kernel sees to even after a `kill -9`. It inherits environment, working directory and log."""

    def __init__(self, module: str, *, pause: float = PAUSE) -> None:
        self._module = module
        self._pause = pause
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int | None:
        """The process as it runs now; None: it doesn't."""
        return self._process.pid if self._process is not None and self._process.poll() is None else None

    def run(self, stopping: threading.Event) -> None:
        """Keep it running until `stopping` is set; one that can't be started is tried again."""
        while not stopping.is_set():
            try:
                self._process = subprocess.Popen([sys.executable, "-m", self._module], stdin=subprocess.PIPE)
            except OSError as bad:
                log.warning("%s could not be started: %s", self._module, bad)
                stopping.wait(self._pause)
                continue
            while self._process.poll() is None and not stopping.wait(_LOOK):
                pass
            self._end(self._process)
            if not stopping.is_set():
                log.warning("%s ended with %s; it is started again", self._module, self._process.returncode)
                stopping.wait(self._pause)

    @staticmethod
    def _end(process: subprocess.Popen[bytes]) -> None:
        with suppress(OSError):
            if process.stdin is not None:
                process.stdin.close()
        try:
            process.wait(GRACE)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
