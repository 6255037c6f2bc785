"""Changes and events in memory."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Sequence
from dataclasses import replace

from conductor_core.domain.canonical import canonical_bytes
from conductor_core.domain.changes import Change
from conductor_core.domain.events import Event
from conductor_core.errors import ConflictError, InputError, NotFoundError
from conductor_core.ports.change_store import ChangeQuery, RecordedEvent


class MemoryChangeStore:
    """`ChangeStore` in a dictionary. `before` is called with each method's name and may raise, as a database would."""

    def __init__(self, before: Callable[[str], None] = lambda _: None) -> None:
        self.changes: dict[str, Change] = {}
        self.recorded: list[RecordedEvent] = []
        self.before = before
        self._lock = threading.Lock()

    def create(self, change: Change, events: Sequence[Event]) -> None:
        self.before("create")
        with self._lock:
            if change.id in self.changes:
                raise ConflictError(f"Change {change.id} exists.")
            self._append(events)
            self.changes[change.id] = change

    def save(self, change: Change, expected_version: int, events: Sequence[Event]) -> None:
        self.before("save")
        with self._lock:
            present = self.changes.get(change.id)
            if present is None or present.version != expected_version:
                raise ConflictError(f"Change {change.id} has moved on.")
            self._append(events)
            self.changes[change.id] = change

    def get(self, change_id: str) -> Change:
        self.before("get")
        try:
            return self.changes[change_id]
        except KeyError as missing:
            raise NotFoundError(f"There is no Change {change_id}.") from missing

    def find(self, query: ChangeQuery) -> list[Change]:
        self.before("find")
        found = [change for change in self.changes.values() if _matches(change, query)]
        found.sort(key=lambda change: (change.updated_at if query.oldest else change.created_at, change.id))
        found = found if query.oldest else found[::-1]
        return found[: max(0, query.limit)]

    def record(self, events: Sequence[Event]) -> None:
        self.before("record")
        with self._lock:
            self._append(events)

    def events(
        self, subject: str = "", after: int = 0, kind: str = "", limit: int = 1000, newest: bool = False
    ) -> list[RecordedEvent]:
        self.before("events")
        found = [
            row
            for row in self.recorded
            if row.sequence > after and subject in ("", row.event.subject) and row.event.type.startswith(kind)
        ]
        return (found[::-1] if newest else found)[: max(0, limit)]

    def _append(self, events: Sequence[Event]) -> None:
        known = {row.event.id for row in self.recorded}
        fresh = [_as_read(event) for event in events]
        if len(known | {event.id for event in fresh}) != len(known) + len(fresh):
            raise ConflictError("An event with that id exists.")
        start = len(self.recorded) + 1
        self.recorded += [RecordedEvent(start + at, event) for at, event in enumerate(fresh)]


def _as_read(event: Event) -> Event:
    entry = canonical_bytes(event.envelope())
    if len(entry) > 65_535:
        raise InputError(f"The event {event.type} of {event.subject} is too large to be recorded.")
    return replace(event, data=json.loads(entry)["data"])


def _matches(change: Change, query: ChangeQuery) -> bool:
    words = (change.id, change.title, change.target, change.runbook, change.requester.name, change.reason)
    return (
        (not query.states or change.state in query.states)
        and query.target in ("", change.target)
        and query.runbook in ("", change.runbook)
        and query.requester in ("", change.requester.key)
        and query.text.casefold() in "\n".join(words).casefold()
        and (query.since or change.created_at) <= change.created_at
        and (query.until is None or change.created_at < query.until)
        and (query.updated_after is None or change.updated_at > query.updated_after)
        and query.about(change)
    )
