"""Locks as flock(2) on files: freed by the system when the last process that inherited the descriptor has died."""

from __future__ import annotations

import fcntl
import os
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from conductor_core.errors import ConflictError, InputError, StorageError
from conductor_core.ports.locks import HeldLock

_NAME = re.compile(r"[A-Za-z0-9._@-]{1,120}")


class FileLocks:
    """Locks in one folder on a local disk (flock doesn't reach over every network file system)."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @contextmanager
    def hold(self, name: str, wait: float) -> Iterator[HeldLock]:
        """See `ports.locks.Locks.hold`; asks again every 50 ms."""
        if not _NAME.fullmatch(name):
            raise InputError(f"{name!r} can't name a lock.", next="Use letters, digits, dot, dash, underscore or @.")
        path = self._folder / f"{name}.lock"
        try:
            self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        except OSError as bad:
            raise StorageError(
                f"The lock file {path} can't be opened.", why=str(bad), next="Check disk space and permissions."
            ) from bad
        try:
            _acquire(fd, path, wait)
            os.ftruncate(fd, 0)
            os.pwrite(fd, str(os.getpid()).encode(), 0)
            yield HeldLock(name, fd)
        finally:
            os.close(fd)


def _acquire(fd: int, path: Path, wait: float) -> None:
    deadline = time.monotonic() + wait
    while True:
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as busy:
            if time.monotonic() >= deadline:
                holder = os.pread(fd, 32, 0).decode(errors="replace") or "an unknown process"
                raise ConflictError(
                    f"The lock {path.stem} is held.",
                    why=f"Process {holder}, or a program that it started, still runs.",
                    next="Wait until it has ended, or stop it, then try again.",
                ) from busy
            time.sleep(0.05)
        else:
            return
