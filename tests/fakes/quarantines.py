"""Quarantined versions in memory."""

from __future__ import annotations

from collections.abc import Sequence

from conductor_core.domain.events import Event
from conductor_core.domain.quarantine import Quarantine
from conductor_core.ports.change_store import ChangeStore


class MemoryQuarantines:
    """`Quarantines` in a dictionary; events go to `changes`."""

    def __init__(self, changes: ChangeStore) -> None:
        self._changes = changes
        self._rows: dict[str, Quarantine] = {}

    def put(self, quarantine: Quarantine, events: Sequence[Event]) -> bool:
        present = self._rows.get(quarantine.change_id)
        if present is not None and (quarantine.active or not present.active):
            return False
        self._changes.record(events)
        self._rows[quarantine.change_id] = quarantine
        return True

    def of(self, release: str = "") -> list[Quarantine]:
        found = [q for q in self._rows.values() if release in ("", q.release)]
        return sorted(found, key=lambda q: (q.at, q.change_id), reverse=True)
