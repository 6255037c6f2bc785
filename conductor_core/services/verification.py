"""Verification of a whole log: every bundle, tile and the root is derived again from the entries alone.

It needs the log's resources and public key, no database and no private key, so that anybody can run it on a copy.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from hashlib import sha256

from conductor_core.domain import merkle, tiles
from conductor_core.domain.checkpoints import Opened, open_checkpoint
from conductor_core.domain.notes import Ed25519, VerifierKey
from conductor_core.domain.tiles import ENTRIES, WIDTH, Place
from conductor_core.errors import LedgerError, NotFoundError

Progress = Callable[[int, int], None]
"""`progress(done, total)`, in entries."""

_EVERY = 64  # bundles between two calls of progress


class DamagedLogError(LedgerError):
    """A resource of the log is not what the entries or the checkpoint call for; `index`: of the first bad entry."""

    def __init__(self, index: int, path: str, why: str) -> None:
        super().__init__(
            f"The log is damaged: the first entry that can't be trusted is {index} ({path}).",
            why=f"As read: {why}.",
            next="Keep this copy as evidence, stop trusting it from that entry on, and compare it with another copy.",
        )
        self.index = index
        self.path = path


def verify(
    checkpoint: bytes | None,
    read: tiles.Read,
    log: Sequence[VerifierKey],
    ed25519: Ed25519,
    *,
    origin: str = "",
    witnesses: Sequence[VerifierKey] = (),
    widths: Callable[[Place], Sequence[int]] = lambda _: (),
    progress: Progress = lambda _done, _total: None,
) -> Opened:
    """Check the signed checkpoint, then every resource that a log of its size has; returns the checkpoint.

    `widths` lists the partial resources that are there beside a full one, which are checked too. Raises
    `DamagedLogError` for the first bad entry, and `LedgerError` when the checkpoint itself can't be accepted.
    """
    if checkpoint is None:
        raise LedgerError(
            "The log has no checkpoint.",
            why="There is no file `checkpoint` beside `tile/`.",
            next="Point to the folder that holds both; a log that was never started has neither.",
        )
    opened = open_checkpoint(checkpoint, log, ed25519, origin=origin, witnesses=witnesses)
    size, derived = opened.checkpoint.size, _Derived(read, widths)
    for n in range(-(-size // WIDTH)):
        derived.bundle(Place(ENTRIES, n, min(size - n * WIDTH, WIDTH)))
        if n % _EVERY == _EVERY - 1:
            progress((n + 1) * WIDTH, size)
    if derived.root() != opened.checkpoint.root:
        raise DamagedLogError(0, tiles.CHECKPOINT, "the entries and tiles agree with each other, and not with its root")
    progress(size, size)
    return opened


class _Derived:
    """What the entries read so far call for: by level, the hashes of the tile that is not full yet."""

    def __init__(self, read: tiles.Read, widths: Callable[[Place], Sequence[int]]) -> None:
        self._read = read
        self._widths = widths
        self._rows: list[list[bytes]] = []
        self._done: list[int] = []

    def bundle(self, place: Place) -> None:
        """Hash the entries, compare with the tile over them, and carry its root up if it is full."""
        data, there = self._bytes(place)
        entries = self._entries(data, there)
        row = b"".join([sha256(b"\x00" + entry).digest() for entry in entries])
        for width in self._widths(Place(ENTRIES, place.n)):
            older = Place(ENTRIES, place.n, width)
            if width < there.width and (found := self._entries(self._read(older.path), older)) != entries[:width]:
                bad = next(i for i in range(width) if found[i] != entries[i])
                raise DamagedLogError(place.n * WIDTH + bad, older.path, f"it differs from {there.path}")
        self._tile(Place(0, place.n, place.width), row[: place.width * merkle.HASH_SIZE])

    def root(self) -> bytes:
        """Compare the tiles that are not full, and fold everything into the root."""
        peaks: list[bytes] = []
        for level, row in enumerate(self._rows, start=1):
            if row:
                self._compare(Place(level, self._done[level - 1], len(row)), b"".join(row))
            peaks = [*merkle.push((), 0, b"".join(row)), *peaks]
        return merkle.fold((*peaks, *self._last))

    _last: tuple[bytes, ...] = ()

    def _tile(self, place: Place, row: bytes) -> None:
        self._compare(place, row)
        if place.width < WIDTH:
            self._last = merkle.push((), 0, row)
            return
        if place.level == len(self._rows):
            self._rows.append([])
            self._done.append(0)
        above = self._rows[place.level]
        above.append(merkle.complete_root(row))
        if len(above) == WIDTH:
            n = self._done[place.level]
            self._rows[place.level], self._done[place.level] = [], n + 1
            self._tile(Place(place.level + 1, n), b"".join(above))

    def _compare(self, place: Place, row: bytes) -> None:
        data, there = self._bytes(place)
        older = [Place(place.level, place.n, w) for w in self._widths(Place(place.level, place.n)) if w < there.width]
        for at, found in [(there, data), *((p, self._read(p.path)) for p in older)]:
            size = min(at.width, place.width) * merkle.HASH_SIZE
            if len(found) != at.width * merkle.HASH_SIZE or found[:size] != row[:size]:
                same = next((i for i in range(0, size, merkle.HASH_SIZE) if found[i : i + 32] != row[i : i + 32]), size)
                first = place.n * WIDTH + same // merkle.HASH_SIZE << 8 * place.level
                raise DamagedLogError(first, at.path, "its hashes and the entries disagree")

    def _entries(self, data: bytes, place: Place) -> list[bytes]:
        try:
            entries = tiles.parse_bundle(data, place.path)
        except LedgerError as bad:
            raise DamagedLogError(place.n * WIDTH, place.path, bad.why) from bad
        if len(entries) != place.width:
            raise DamagedLogError(place.n * WIDTH, place.path, f"it has {len(entries)} entries, not {place.width}")
        return entries

    def _bytes(self, place: Place) -> tuple[bytes, Place]:
        """The resource, out of the full one when the partial one is gone."""
        for there in dict.fromkeys((place, Place(place.level, place.n))):
            with suppress(NotFoundError):
                return self._read(there.path), there
        first = place.n * WIDTH << 8 * max(place.level, 0)
        raise DamagedLogError(first, place.path, "there is no such file")
