"""The ledger as everybody may read it: checkpoint, entries, proofs out of tiles, and the whole of it checked.

Rule: nothing here needs the private key, and all but the places of a Change's events works without the database, so
that an auditor runs the same code on a copy.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache

from conductor_core.domain import checkpoints, proofs, tiles
from conductor_core.domain.events import words
from conductor_core.domain.notes import Ed25519, VerifierKey
from conductor_core.domain.tiles import CHECKPOINT, ENTRIES, WIDTH, Place
from conductor_core.errors import InputError, LedgerError, NotFoundError, UnreachableError
from conductor_core.ports.ledger_index import LedgerIndex
from conductor_core.ports.log_store import LogStore
from conductor_core.services.verification import Progress, verify

LATE = 10.0
"""Seconds that an event may wait for its place before the ledger counts as not being written."""


@dataclass(frozen=True)
class Entry:
    """One entry: `data` is what was hashed, `event` the same as a CloudEvents envelope."""

    index: int
    data: bytes

    @property
    def event(self) -> dict[str, object]:
        """The envelope; raises `LedgerError` for an entry that is none, which this product never writes."""
        try:
            found = json.loads(self.data)
        except ValueError as bad:
            raise tiles.broken(f"Entry {self.index}", "it is not JSON") from bad
        if not isinstance(found, dict):
            raise tiles.broken(f"Entry {self.index}", "it is no event")
        return found

    @property
    def fact(self) -> str:
        """The type without what all types have: `change.sealed` for `conductor.change.sealed.v1`."""
        return words(str(self.event.get("type")))

    @property
    def at(self) -> datetime:
        """The event's own time, in UTC."""
        try:
            return datetime.fromisoformat(str(self.event.get("time"))).astimezone(UTC)
        except ValueError as bad:
            raise tiles.broken(f"Entry {self.index}", "it has no time") from bad


class LedgerReader:
    """Reads one log. `keys` gives the public keys that are trusted, the present one first."""

    def __init__(
        self,
        files: LogStore,
        keys: Callable[[], Sequence[VerifierKey]],
        ed25519: Ed25519,
        index: LedgerIndex | None = None,
        widths: Callable[[Place], Sequence[int]] = lambda _: (),
        cosigned: Callable[[], bytes | None] = lambda: None,
        witnesses: Sequence[VerifierKey] = (),
        where: str = "",
    ) -> None:
        """`index` is the database's side, without which a Change's entries can't be found by its id. `cosigned` gives
        the last checkpoint that witnesses signed, `witnesses` their keys. `where`: the folder or URL, for people."""
        self.where = where
        self._files = files
        self._keys = keys
        self._ed25519 = ed25519
        self._index = index
        self._widths = widths
        self._cosigned = cosigned
        self._witnesses = tuple(witnesses)
        self._tiles = tiles.Tiles(files.read)
        self._bundle = lru_cache(64)(lambda n, width: tiles.read_entries(files.read, Place(ENTRIES, n, width)))

    def vkeys(self) -> list[str]:
        """The public keys as vkeys, the present one first."""
        return [key.encode() for key in self._trusted()]

    def vkey_of(self, opened: checkpoints.Opened) -> str:
        """The vkey of the key that signed this checkpoint for the log."""
        return next(key.encode() for key in self._trusted() if key.key_id == opened.signed_by[0].key_id)

    def checkpoint(self) -> checkpoints.Opened:
        """The published checkpoint, its signatures checked; raises `NotFoundError` before the first, `LedgerError`."""
        note = self._files.published()
        if note is None:
            raise NotFoundError(
                "The ledger has no checkpoint yet.",
                why="No worker has started it.",
                next="Run `conductor up`; a worker starts the ledger.",
            )
        return checkpoints.open_checkpoint(note, self._trusted(), self._ed25519)

    def cosigned(self) -> checkpoints.Opened | None:
        """The last checkpoint that a witness has cosigned, all signatures checked; it may be older than the present
        one. None: there is none, or no witness is configured. Raises `LedgerError`."""
        note = self._cosigned() if self._witnesses else None
        if note is None:
            return None
        opened = checkpoints.open_checkpoint(note, self._trusted(), self._ed25519, witnesses=self._witnesses)
        return opened if opened.cosigned_by else None

    def resource(self, path: str) -> bytes:
        """The bytes of a tile or bundle that the published checkpoint calls for; raises `NotFoundError`, `InputError`.

        What lies beyond it was never acknowledged, and may be written differently at the next start.
        """
        if path == CHECKPOINT:
            return self.checkpoint().note.encode()
        if tiles.parse_path(path).end > (size := self.checkpoint().checkpoint.size):
            raise NotFoundError(
                f"The log has no {path}.",
                why=f"The published checkpoint covers {size} entries.",
                next="Ask for a path that the checkpoint's size calls for.",
            )
        return self._files.read(path)

    def places(self) -> tuple[checkpoints.Opened, list[Place]]:
        """The checkpoint, and every resource that it calls for: what a copy of the log consists of."""
        opened = self.checkpoint()
        return opened, list(tiles.places(opened.checkpoint.size))

    def copy(self, place: Place) -> bytes:
        """The bytes of a resource that `places` named, though the log may have grown over it meanwhile."""
        if place.level == ENTRIES:
            return b"".join(map(tiles.frame, tiles.read_entries(self._files.read, place)))
        return tiles.read_hashes(self._files.read, place)

    def entry(self, index: int) -> Entry:
        """One entry under the published checkpoint; raises `NotFoundError`, `LedgerError`."""
        return self._entry(index, self.checkpoint().checkpoint.size)

    def entries(self, after: int = -1, limit: int = 100, *, newest: bool = False) -> list[Entry]:
        """At most `limit` entries with an index above `after`, in order; with `newest` the last ones, newest first."""
        size = self.checkpoint().checkpoint.size
        first = max(0, after + 1)
        if newest:
            return [self._entry(i, size) for i in range(size - 1, max(first, size - max(0, limit)) - 1, -1)]
        return [self._entry(i, size) for i in range(first, min(size, first + max(0, limit)))]

    def growth(self, points: int = 48) -> list[Entry]:
        """Entries at even distances from the first to the last: how the log has grown over time."""
        size = self.checkpoint().checkpoint.size
        wanted = sorted({round(i * (size - 1) / max(1, points - 1)) for i in range(points)}) if size else []
        return [self._entry(index, size) for index in wanted]

    def prove(self, index: int) -> proofs.Proof:
        """The proof that the entry is in the log of the published checkpoint; raises `InputError`, `LedgerError`."""
        return self.proofs([index])[0]

    def proofs(self, indexes: Sequence[int], under: checkpoints.Opened | None = None) -> list[proofs.Proof]:
        """Proofs of several entries under one checkpoint (None: the present one), in the order given."""
        opened = under or self.checkpoint()
        size, note = opened.checkpoint.size, opened.note.encode()
        read = self._tiles.reader(size)
        return [proofs.Proof(i, tuple(proofs.inclusion_proof(i, size, read)), note) for i in indexes]

    def consistency(self, old: int, new: int | None = None) -> list[bytes]:
        """The hashes that prove that the log of `old` entries is the beginning of the one of `new` (None: the present).

        Raises `InputError` for sizes that the log has never had.
        """
        size = self.checkpoint().checkpoint.size
        new = size if new is None else new
        if new > size:
            raise InputError(f"The log has {size} entries, not {new}.", next=f"Ask for sizes up to {size}.")
        return proofs.consistency_proof(old, new, self._tiles.reader(size))

    def root(self, size: int) -> bytes:
        """The root that the log had at an earlier size; raises `InputError` for a size that it has never had."""
        self.consistency(size)
        return proofs.tree_root(size, self._tiles.reader(self.checkpoint().checkpoint.size))

    def of_change(self, change_id: str) -> list[int | None]:
        """The indexes of a Change's events in the order of their commits; None for one that waits for its place."""
        return list(self._database().of_subject(change_id))

    def between(self, start: datetime, end: datetime) -> range:
        """The indexes of the entries from `start` until before `end`."""
        return self._database().between(start, end)

    def verify(self, progress: Progress = lambda _done, _total: None) -> checkpoints.Opened:
        """Derive the whole log again from its entries; raises `DamagedLogError` with the first bad index."""
        note, keys = self._files.published(), self._trusted()
        return verify(note, self._files.read, keys, self._ed25519, widths=self._widths, progress=progress)

    def health(self) -> str:
        """What is well, in a few words; raises `LedgerError` when the ledger refuses, `UnreachableError` when nobody
        writes it."""
        refusal, backlog = self._database().refusal(), self._database().backlog()
        if refusal is not None:
            raise LedgerError(refusal.what, why=refusal.why, next=refusal.next)
        waited = (datetime.now(UTC) - backlog.since).total_seconds() if backlog.since else 0.0
        if waited > LATE:
            raise UnreachableError(
                "Nobody writes the ledger.",
                why=f"{backlog.count} events wait for their place, the first for {waited:.0f} s. None is lost.",
                next="Start a worker with `conductor up`; look into maestro-worker.log in the logs folder.",
            )
        return f"{self.checkpoint().checkpoint.size:,} entries, each provable"

    def walk(self, indexes: Sequence[int]) -> Iterator[Entry]:
        """The entries of these indexes, one after the other, under one checkpoint."""
        size = self.checkpoint().checkpoint.size
        return (self._entry(index, size) for index in indexes)

    def _entry(self, index: int, size: int) -> Entry:
        if not 0 <= index < size:
            raise NotFoundError(
                f"There is no entry {index} in the ledger.",
                why=f"Its checkpoint covers {size} entries, counted from 0.",
                next="Run `conductor ledger entries` for the latest ones.",
            )
        n, at = divmod(index, WIDTH)
        return Entry(index, self._bundle(n, min(WIDTH, size - n * WIDTH))[at])

    def _trusted(self) -> Sequence[VerifierKey]:
        keys = self._keys()
        if not keys:
            raise NotFoundError(
                "The ledger has no public key yet.",
                why="No worker has started it, or the file `vkey` is missing beside the checkpoint.",
                next="Run `conductor up`, or name the key with --key.",
            )
        return keys

    def _database(self) -> LedgerIndex:
        if self._index is None:
            raise InputError(
                "A copy of the log doesn't know which entries belong to a Change.",
                next="Ask the product itself, without --dir.",
            )
        return self._index
