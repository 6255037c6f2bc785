"""Port: time and chance, so that the rest can be tested without either."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol


class Clock(Protocol):
    """Never fails."""

    def now(self) -> datetime:
        """The time, in UTC."""

    def new_id(self, prefix: str) -> str:
        """A new identifier that sorts by time."""
