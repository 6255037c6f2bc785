"""Port: which versions of releases are in quarantine, and which were."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from conductor_core.domain.events import Event
from conductor_core.domain.quarantine import Quarantine


class Quarantines(Protocol):
    """Durable store of quarantines. `put` returns only after the row and its events are both durable, in one
    transaction; on any error neither is. Every method raises `UnreachableError` when the store doesn't answer,
    `StorageError` when it can't write. Callers may repeat a call that failed.
    """

    def put(self, quarantine: Quarantine, events: Sequence[Event]) -> bool:
        """Store it under its Change's id. An active one that is there already stays (False, no event is written), as
        does a lifted one; an active one is replaced by its lifted form.
        """

    def of(self, release: str = "") -> list[Quarantine]:
        """The quarantines of a release ('' is every one), lifted ones included, newest first."""
