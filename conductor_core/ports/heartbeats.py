"""Port: signs of life of the workers, so that a page can say that nobody works."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol


class Heartbeats(Protocol):
    """One row a worker. Raises `UnreachableError` when the store doesn't answer."""

    def beat(self, worker: str, now: datetime) -> None:
        """The worker of that name lives."""

    def latest(self) -> datetime | None:
        """The newest sign of life of any worker, in UTC; None when there never was one."""
