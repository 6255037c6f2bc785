"""Port: locks that die with their holder, so that a crashed run can prove that its predecessor is gone."""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True)
class HeldLock:
    """A held lock. `fd` is an open descriptor that keeps it: a child that inherits it holds the lock too."""

    name: str
    fd: int


class Locks(Protocol):
    """Exclusive locks by name on this machine. The system frees one when the last process that holds it has died."""

    def hold(self, name: str, wait: float) -> AbstractContextManager[HeldLock]:
        """Hold the lock; waits up to `wait` seconds, then raises `ConflictError` that names the holder's pid."""
