"""Port: the files of the ledger, and the row that says how long it is (layout: C2SP tlog-tiles)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from conductor_core.domain.tiles import Place
from conductor_core.errors import LedgerError

GROUP_LIMIT = 65_536
"""The most entries that one group may append; resources further than that beyond the head can't exist."""


@dataclass(frozen=True)
class Head:
    """What the log is committed to: its number of entries and its root (32 bytes)."""

    size: int
    root: bytes


class LogStoreError(LedgerError):
    """The store itself failed, so that what is in it is not known: that says nothing against the log."""


class LogStore(Protocol):
    """Immutable resources by path, and one `checkpoint` that is replaced.

    Durability: `write` and `set_aside` return when the bytes *and* the names survive a power cut. Errors: whatever
    keeps a call from doing so is a `LogStoreError`, after which the state is unknown; the caller must end its process
    and must not call again, because a page cache that has lost a write will report success the second time.
    """

    def write(self, resources: Sequence[tuple[Place, bytes]]) -> None:
        """Write new resources, the first one before the others, and make all of them durable. One that exists is a
        `LogStoreError`: somebody else is writing."""

    def read(self, path: str) -> bytes:
        """The bytes of a resource; raises `NotFoundError`, or `InputError` for a path that is none of the log's."""

    def publish(self, checkpoint: bytes) -> None:
        """Replace the checkpoint; a reader sees the old one or the new one, whole.

        After a power cut the old one may be back, until the next start publishes again; the first one in a process is
        durable on return, so that a log that has entries never comes back without a checkpoint."""

    def published(self) -> bytes | None:
        """The checkpoint, or None before the first."""

    def set_aside(self, size: int) -> int:
        """Move every resource that a log of this size doesn't have out of the log's prefix, keeping its bytes for a
        person to look at; returns how many. They are the remains of a group that was never acknowledged."""

    def prune(self, full: Sequence[Place]) -> None:
        """Drop the partial resources of these full ones; called when they are published and have a full successor."""


class HeadStore(Protocol):
    """The committed head, one row for each log, in the database that holds the state."""

    def head(self) -> Head | None:
        """The head, or None for a log that was never started; raises `StorageError`."""

    def claim(self) -> int:
        """Shut out whoever claimed the log before, durable on return: from now on only this claim can advance it.

        Whoever waits for an advance under way waits here too, so that the head that is read next is the last one of
        theirs. A log without a head is claim 0.
        """

    def advance(self, old: Head | None, new: Head, rows: Sequence[int], claim: int = 0) -> None:
        """Compare-and-swap, durable on return: if the head is `old` and the newest claim is `claim`, make it `new` and
        give the outbox rows the indexes from `old.size` on, all in one transaction.

        Raises `ConflictError`, with nothing changed, when head or claim are others or a row already has an index; when
        the outcome of the commit is unknown, any other error: the caller ends and reads the head at its next start.
        """
