"""Port: which event has which index in the ledger, and how many have none yet."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from conductor_core.errors import Diagnostics


@dataclass(frozen=True)
class Backlog:
    """The committed events that have no index yet: how many, and since when the first of them waits."""

    count: int
    since: datetime | None


class LedgerIndex(Protocol):
    """What the database knows about places in the ledger. Each method raises `UnreachableError`, `StorageError`."""

    def of_subject(self, subject: str) -> Sequence[int | None]:
        """The indexes of the events about one subject, in the order of their commits; None for one that waits."""

    def between(self, start: datetime, end: datetime) -> range:
        """The indexes from the first event at `start` or later to the last one before `end`; empty when there is
        none. Events of other times may stand between them: clocks differ, indexes don't."""

    def backlog(self) -> Backlog:
        """The events that wait for their index."""

    def refusal(self) -> Diagnostics | None:
        """Why the ledger can't be written, as the process found that was to write it; None: it can."""
