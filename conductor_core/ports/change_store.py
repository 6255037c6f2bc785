"""Port: where Changes and the outbox of events live, in one transaction (security rule 8)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from conductor_core.domain.changes import Change, State
from conductor_core.domain.events import Event


@dataclass(frozen=True)
class ChangeQuery:
    """Which Changes to find, newest first. An empty field doesn't narrow. `limit` caps the rows.

    `release` and `channel` are those of the parameters, `tier` is the one that gates go by. Created from `since` on and
    before `until`, updated later than `updated_after`. `oldest`: by their last update, the first one first.
    """

    states: frozenset[State] = frozenset()
    target: str = ""
    runbook: str = ""
    requester: str = ""
    text: str = ""
    limit: int = 200
    release: str = ""
    channel: str = ""
    tier: str = ""
    since: datetime | None = None
    until: datetime | None = None
    updated_after: datetime | None = None
    oldest: bool = False

    def about(self, change: Change) -> bool:
        """Whether a Change is about this release, channel and tier."""
        parameters = change.parameters
        asked = (
            (self.release, parameters.get("release")),
            (self.channel, parameters.get("channel")),
            (self.tier, change.judged_tier),
        )
        return all(wanted in ("", found) for wanted, found in asked)


@dataclass(frozen=True)
class RecordedEvent:
    """An event with its place in the outbox (`sequence` grows, with gaps)."""

    sequence: int
    event: Event


class ChangeStore(Protocol):
    """Durable store of Changes and events.

    `create` and `save` return only after state and events are both durable, in one transaction; on any error neither
    is. Every method raises `UnreachableError` when the store doesn't answer, `StorageError` when it can't write.
    """

    def create(self, change: Change, events: Sequence[Event]) -> None:
        """Store a new Change at its version; raises `ConflictError` when the id exists."""

    def save(self, change: Change, expected_version: int, events: Sequence[Event]) -> None:
        """Replace the Change if it is still at `expected_version`; raises `ConflictError` otherwise."""

    def get(self, change_id: str) -> Change:
        """The Change; raises `NotFoundError`."""

    def find(self, query: ChangeQuery) -> list[Change]:
        """The Changes that match, newest first."""

    def record(self, events: Sequence[Event]) -> None:
        """Store events that belong to no transition (decisions, settings, sign-ins)."""

    def events(
        self, subject: str = "", after: int = 0, kind: str = "", limit: int = 1000, newest: bool = False
    ) -> list[RecordedEvent]:
        """Events with a sequence above `after`, in order (reversed if `newest`), of one subject and type prefix."""
