"""A clock that moves when it is told to, and ids that can be foreseen."""

from __future__ import annotations

from datetime import datetime, timedelta

from conductor_core.domain.ids import sortable_id
from tests.fakes.domain import NOW


class SteppingClock:
    """`Clock` that stands still at `at` until `step` moves it; ids count within one moment."""

    def __init__(self, at: datetime = NOW) -> None:
        self.at = at
        self._made = 0

    def step(self, seconds: float = 1.0) -> None:
        """Move on."""
        self.at += timedelta(seconds=seconds)

    def now(self) -> datetime:
        return self.at

    def new_id(self, prefix: str) -> str:
        self._made += 1
        return sortable_id(prefix, self.at, self._made.to_bytes(10, "big"))
