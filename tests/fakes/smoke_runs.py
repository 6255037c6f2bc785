"""Smoke runs in memory."""

from __future__ import annotations

from collections.abc import Sequence

from conductor_core.domain.events import Event
from conductor_core.domain.smoke import SmokeRun
from conductor_core.errors import ConflictError
from conductor_core.ports.change_store import ChangeStore


class MemorySmokeRuns:
    """`SmokeRuns` in a list; events go to `changes`."""

    def __init__(self, changes: ChangeStore) -> None:
        self._changes = changes
        self._runs: list[SmokeRun] = []

    def put(self, run: SmokeRun, events: Sequence[Event]) -> None:
        if any(r.id == run.id for r in self._runs):
            raise ConflictError(f"The run {run.id} exists.")
        self._changes.record(events)
        self._runs.append(run)

    def of(self, *, suite: str = "", release: str = "", channel: str = "", limit: int = 100) -> list[SmokeRun]:
        found = [
            r
            for r in self._runs
            if suite in ("", r.suite) and release in ("", r.release) and channel in ("", r.channel)
        ]
        return sorted(found, key=lambda r: (r.at, r.id), reverse=True)[:limit]
