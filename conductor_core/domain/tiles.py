"""Tiles and entry bundles: their paths, their bytes, the hashes in them, and how they grow.

Rule: C2SP tlog-tiles v0.1.0 (https://c2sp.org/tlog-tiles@v0.1.0). A tile is up to 256 concatenated hashes; level l + 1
holds the roots of the full tiles of level l. A resource is written once per width and never changed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from struct import Struct

from conductor_core.domain import merkle
from conductor_core.domain.proofs import HashReader
from conductor_core.errors import InputError, LedgerError, NotFoundError

WIDTH = 256
ROW = WIDTH * merkle.HASH_SIZE
MAX_ENTRY = 65_535
ENTRIES = -1  # the "level" of entry bundles
MAX_N = 1 << 55  # a log holds fewer than 2^63 entries
CHECKPOINT = "checkpoint"

Read = Callable[[str], bytes]
"""`read(path)`: the bytes of a resource; raises `NotFoundError`."""

_PATH = re.compile(r"tile/(entries|0|[1-9][0-9]?)/((?:x[0-9]{3}/){0,5}[0-9]{3})(?:\.p/([1-9][0-9]{0,2}))?")
_LENGTH = Struct(">H")


@dataclass(frozen=True)
class Place:
    """Where a resource stands: `level` 0..63 or `ENTRIES`, index `n`, width 1..256."""

    level: int
    n: int
    width: int = WIDTH

    @property
    def path(self) -> str:
        """The path below the log's prefix, such as `tile/0/x001/x234/067` or `tile/entries/000.p/7`."""
        groups = [f"{self.n % 1000:03}"]
        rest = self.n // 1000
        while rest:
            groups.append(f"x{rest % 1000:03}")
            rest //= 1000
        name = f"tile/{'entries' if self.level == ENTRIES else self.level}/{'/'.join(reversed(groups))}"
        return name if self.width == WIDTH else f"{name}.p/{self.width}"

    @property
    def end(self) -> int:
        """The least size of a log that has this resource."""
        return (self.n * WIDTH + self.width) << 8 * max(self.level, 0)


def parse_path(path: str) -> Place:
    """Read a resource's path strictly; raises `InputError` for any other text."""
    found = _PATH.fullmatch(path)
    if found:
        level, groups, width = found.groups()
        n = int("".join(groups.replace("x", "").split("/")))
        place = Place(ENTRIES if level == "entries" else int(level), n, int(width or WIDTH))
        if place.level < 64 and place.width <= WIDTH and n < MAX_N and place.path == path:
            return place
    raise InputError(
        f"{path[:80]!r} is no path of the log.",
        why="Paths read tile/<level>/<index>, tile/entries/<index>, each with .p/<width> for a partial one.",
        next="Ask for a path that the checkpoint's size calls for.",
    )


def places(size: int) -> Iterable[Place]:
    """Every bundle and tile of a log of this size, bundles first, then level by level."""
    for level in (ENTRIES, *range(64)):
        count = size >> 8 * max(level, 0)
        if not count:
            return
        yield from (Place(level, n) for n in range(count // WIDTH))
        if count % WIDTH:
            yield Place(level, count // WIDTH, count % WIDTH)


def frame(entry: bytes) -> bytes:
    """An entry as it stands in a bundle; raises `InputError` above 65,535 bytes."""
    if len(entry) > MAX_ENTRY:
        raise InputError(
            f"An entry of {len(entry)} bytes can't go into the ledger.",
            why=f"The format allows {MAX_ENTRY} bytes.",
            next="Put the payload into the evidence store and record its digest.",
        )
    return _LENGTH.pack(len(entry)) + entry


def parse_bundle(data: bytes, path: str = "") -> list[bytes]:
    """The entries of a bundle; raises `LedgerError` when the bytes don't end with an entry, or hold more than 256."""
    entries: list[bytes] = []
    at, end, length_of = 0, len(data), _LENGTH.unpack_from
    while at + 2 <= end:
        stop = at + 2 + length_of(data, at)[0]
        entries.append(data[at + 2 : stop])
        at = stop
    if at != end or len(entries) > WIDTH:
        raise broken(path or "An entry bundle", f"its {end} bytes are not at most {WIDTH} whole entries")
    return entries


class Tile:
    """A tile's hashes and every inner node below its root that they determine. `data`: 1 to 256 hashes."""

    def __init__(self, data: bytes) -> None:
        self._rows = [data]
        while len(self._rows[-1]) >= 2 * merkle.HASH_SIZE:
            self._rows.append(merkle.row_above(self._rows[-1]))

    def node(self, height: int, index: int) -> bytes:
        """The node at `height` 0..8 above the tile's hashes; empty when the tile isn't wide enough."""
        at = index * merkle.HASH_SIZE
        return self._rows[height][at : at + merkle.HASH_SIZE] if height < len(self._rows) else b""


class Tiles:
    """Reads hashes of complete subtrees out of tiles; the tiles used last (`capacity`, 16 KiB each) stay in memory.

    Safe to keep for a log's life, since a published tile never changes.
    """

    def __init__(self, read: Read, capacity: int = 1024) -> None:
        self._read = read
        self._tile = lru_cache(capacity)(self._load)

    def reader(self, size: int) -> HashReader:
        """A reader for proofs in trees of up to `size` leaves, which must be published; raises `LedgerError`."""
        tile = self._tile

        def node(level: int, index: int) -> bytes:
            tile_level, height = divmod(level, 8)
            n, offset = index >> 8 - height, index & (1 << 8 - height) - 1
            count = (size >> 8 * tile_level) - n * WIDTH
            found = tile(tile_level, n, min(count, WIDTH)).node(height, offset) if count > 0 else b""
            if not found:
                raise broken(Place(tile_level, n).path, f"it has no node {offset} at height {height} at size {size}")
            return found

        return node

    def _load(self, level: int, n: int, width: int) -> Tile:
        return Tile(read_hashes(self._read, Place(level, n, width)))


def read_hashes(read: Read, place: Place) -> bytes:
    """The hashes of a tile, out of the full tile when the partial one is gone; raises `LedgerError`."""
    data, size = _read_either(read, place), place.width * merkle.HASH_SIZE
    if len(data) < size or len(data) % merkle.HASH_SIZE or len(data) > ROW:
        raise broken(place.path, f"it has {len(data)} bytes, not {size}")
    return data[:size]


def read_entries(read: Read, place: Place) -> list[bytes]:
    """The entries of a bundle, out of the full bundle when the partial one is gone; raises `LedgerError`."""
    entries = parse_bundle(_read_either(read, place), place.path)
    if len(entries) < place.width:
        raise broken(place.path, f"it has {len(entries)} entries, not {place.width}")
    return entries[: place.width]


def broken(path: str, why: str) -> LedgerError:
    """The error for a resource that isn't what it must be."""
    return LedgerError(
        f"{path} is damaged or missing.",
        why=f"As read: {why}.",
        next="Stop writing, restore the log's folder from a copy, and run `conductor ledger verify`.",
    )


def _read_either(read: Read, place: Place) -> bytes:
    for path in dict.fromkeys((place.path, Place(place.level, place.n).path)):
        try:
            return read(path)
        except NotFoundError:
            continue
    raise broken(place.path, "there is no such file")


@dataclass(frozen=True)
class Edge:
    """The right edge of a log: what is needed to append to it and to say its root.

    `bundle` and `rows` are the bytes of the partial bundle and, by level, of the partial tiles; `peaks` the roots of
    the complete subtrees over each of those rows.
    """

    size: int = 0
    bundle: bytes = b""
    rows: tuple[bytes, ...] = ()
    peaks: tuple[tuple[bytes, ...], ...] = ()

    @property
    def root(self) -> bytes:
        """The root of the tree, 32 bytes."""
        return merkle.fold(peak for row in reversed(self.peaks) for peak in row)

    def extend(self, entries: Sequence[bytes]) -> tuple[Edge, list[tuple[Place, bytes]]]:
        """The edge after these entries, and what must be written for it: bundles first, then tiles from below."""
        writes: list[tuple[Place, bytes]] = []
        framed = [frame(entry) for entry in entries]
        n, start = self.size // WIDTH, -(self.size % WIDTH)
        kept = self.bundle
        while start < len(framed):
            chunk = framed[max(start, 0) : start + WIDTH]
            kept += b"".join(chunk)
            width = min(len(framed) - start, WIDTH)
            if chunk:
                writes.append((Place(ENTRIES, n, width), kept))
            if width == WIDTH:
                kept = b""
            n, start = n + 1, start + WIDTH
        rows, peaks = list(self.rows), list(self.peaks)
        level, hashes = 0, b"".join(map(merkle.leaf_hash, entries))
        while hashes:
            if level == len(rows):
                rows.append(b"")
                peaks.append(())
            n = (self.size >> 8 * level) // WIDTH
            data, above = rows[level] + hashes, []
            full = len(data) // ROW
            for k in range(full):
                tile = data[k * ROW : (k + 1) * ROW]
                writes.append((Place(level, n + k), tile))
                above.append(merkle.complete_root(tile))
            rest = data[full * ROW :]
            if rest:
                writes.append((Place(level, n + full, len(rest) // merkle.HASH_SIZE), rest))
            if full:
                peaks[level] = merkle.push((), 0, rest)
            else:
                peaks[level] = merkle.push(peaks[level], len(rows[level]) // merkle.HASH_SIZE, hashes)
            rows[level] = rest
            level, hashes = level + 1, b"".join(above)
        return Edge(self.size + len(entries), kept, tuple(rows), tuple(peaks)), writes


def load_edge(size: int, read: Read) -> Edge:
    """The edge of a log that is there; raises `LedgerError` when a resource is missing or bundle and tile disagree.

    The caller compares `root` with the head that it trusts.
    """
    rows, bundle, level = [], b"", 0
    while size >> 8 * level:
        n, width = divmod(size >> 8 * level, WIDTH)
        rows.append(read_hashes(read, Place(level, n, width)) if width else b"")
        level += 1
    n, width = divmod(size, WIDTH)
    if width:
        entries = read_entries(read, Place(ENTRIES, n, width))
        if b"".join(map(merkle.leaf_hash, entries)) != rows[0]:
            raise broken(Place(ENTRIES, n, width).path, f"its entries don't hash to {Place(0, n, width).path}")
        bundle = b"".join(map(frame, entries))
    return Edge(size, bundle, tuple(rows), tuple(merkle.push((), 0, row) for row in rows))
