"""Verification: one changed bit, byte or file anywhere is found, and the first bad entry is named."""

from __future__ import annotations

from functools import cache

import pytest

from conductor_core.adapters.signing import ed25519, make_signer
from conductor_core.domain import checkpoints, tiles
from conductor_core.domain.tiles import ENTRIES, Edge, Place
from conductor_core.errors import LedgerError
from conductor_core.services.verification import DamagedLogError, verify
from tests.fakes.log_store import MemoryLogStore

KEY = make_signer("example.com/log", bytes(range(32)))


@cache
def built(*sizes: int) -> tuple[dict[str, bytes], bytes]:
    store, edge = MemoryLogStore(), Edge()
    for size in sizes:
        edge, writes = edge.extend([b"entry %d" % n for n in range(edge.size, size)])
        store.write(writes)
    return store.files, KEY.note(checkpoints.Checkpoint(KEY.key.name, edge.size, edge.root).text())


def log_of(*sizes: int) -> MemoryLogStore:
    """A log that stopped at each of these sizes."""
    store = MemoryLogStore()
    files, store.checkpoint = built(*sizes)
    store.files = dict(files)
    return store


def widths_of(store: MemoryLogStore) -> dict[Place, list[int]]:
    found: dict[Place, list[int]] = {}
    for place in sorted(map(tiles.parse_path, store.files), key=lambda p: p.width):
        if place.width < 256:
            found.setdefault(Place(place.level, place.n), []).append(place.width)
    return found


def check(store: MemoryLogStore) -> int:
    widths = widths_of(store)
    return verify(store.published(), store.read, [KEY.key], ed25519, widths=lambda p: widths.get(p, [])).checkpoint.size


@pytest.mark.parametrize("size", [0, 1, 2, 3, 255, 256, 257, 511, 512, 513, 65535, 65536, 65537, 70000])
def test_a_whole_log_passes(size: int) -> None:
    assert check(log_of(size)) == size


def test_a_log_of_many_groups_passes_and_shows_progress() -> None:
    store = log_of(*range(1, 300, 7), 16384, 20_000)
    seen: list[tuple[int, int]] = []
    verify(store.published(), store.read, [KEY.key], ed25519, progress=lambda done, total: seen.append((done, total)))
    assert seen == [(16384, 20_000), (20_000, 20_000)]
    assert check(store) == 20_000


PATHS = {
    "tile/entries/000": range(256),
    "tile/entries/001": range(256, 512),
    "tile/entries/256.p/88": range(65536, 65624),
    "tile/entries/000.p/100": range(100),
    "tile/0/000": range(256),
    "tile/0/255": range(65280, 65536),
    "tile/0/256.p/88": range(65536, 65624),
    "tile/0/000.p/100": range(100),
    "tile/1/000": range(65536),
    "tile/2/000.p/1": range(65536),
}


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize(("where", "bit"), [(0.0, 7), (0.1, 0), (0.5, 3), (0.93, 7), (1.0, 0)])
def test_one_flipped_bit_is_found_where_it_is(path: str, where: float, bit: int) -> None:
    store = log_of(100, 65_624)
    data = bytearray(store.files[path])
    at = int(where * (len(data) - 1))
    data[at] ^= 1 << bit
    store.files[path] = bytes(data)
    with pytest.raises(DamagedLogError) as found:
        check(store)
    assert found.value.index in PATHS[path]
    place = tiles.parse_path(path)
    if place.level >= 0:
        assert found.value.index == (place.n * 256 + at // 32) << 8 * place.level
    assert str(found.value.index) in found.value.what


@pytest.mark.parametrize("index", [0, 1, 99, 255, 256, 65_535, 65_536, 65_623])
def test_a_changed_entry_is_named(index: int) -> None:
    store = log_of(65_624)
    place = next(p for p in tiles.places(65_624) if p.level == ENTRIES and index < p.end)
    entries = tiles.parse_bundle(store.files[place.path])
    entries[index % 256] = b"another"
    store.files[place.path] = b"".join(map(tiles.frame, entries))
    with pytest.raises(DamagedLogError) as found:
        check(store)
    assert found.value.index == index


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("harm", ["empty", "short", "long", "entry less", "entry more"])
def test_a_file_of_another_length_is_found(path: str, harm: str) -> None:
    store = log_of(100, 65_624)
    data = store.files[path]
    unit = 2 + len(tiles.parse_bundle(data)[-1]) if "entries" in path else 32
    store.files[path] = {
        "empty": b"",
        "short": data[:-1],
        "long": data + b"\0",
        "entry less": data[:-unit],
        "entry more": data + data[-unit:],
    }[harm]
    with pytest.raises(DamagedLogError) as found:
        check(store)
    assert found.value.index in range(PATHS[path].start, PATHS[path].stop + 1)


@pytest.mark.parametrize("path", [path for path in PATHS if not path.endswith("p/100")])
def test_a_missing_file_is_found(path: str) -> None:
    store = log_of(100, 65_624)
    del store.files[path]
    with pytest.raises(DamagedLogError, match="no such file") as found:
        check(store)
    assert found.value.index == PATHS[path].start


def test_the_first_of_several_bad_entries_is_named() -> None:
    store = log_of(1000)
    for path in ("tile/entries/001", "tile/0/002", "tile/1/000.p/3"):
        store.files[path] = store.files[path][:-1] + b"\xff"
    with pytest.raises(DamagedLogError) as found:
        check(store)
    assert found.value.index == 511


def test_a_history_that_was_written_anew_does_not_match_its_checkpoint() -> None:
    store, other = log_of(300), MemoryLogStore()
    _, writes = Edge().extend([b"other %d" % n for n in range(300)])
    other.write(writes)
    other.publish(store.published() or b"")
    with pytest.raises(DamagedLogError, match="checkpoint"):
        check(other)


def test_a_full_resource_stands_in_for_a_partial_one_that_was_pruned() -> None:
    store = log_of(300)
    note = store.published()
    newer = log_of(300, 600)
    newer.checkpoint = note
    for path in ("tile/entries/001.p/44", "tile/0/001.p/44"):
        del newer.files[path]
    assert check(newer) == 300


@pytest.mark.parametrize("note", [None, b"", b"x\n\n"])
def test_without_a_signed_checkpoint_nothing_is_verified(note: bytes | None) -> None:
    store = log_of(3)
    store.checkpoint = note
    with pytest.raises(LedgerError):
        check(store)


def test_another_key_or_origin_is_refused() -> None:
    store = log_of(3)
    with pytest.raises(LedgerError):
        verify(store.published(), store.read, [make_signer("example.com/log", bytes(32)).key], ed25519)
    with pytest.raises(LedgerError, match="origin"):
        verify(store.published(), store.read, [KEY.key], ed25519, origin="example.com/other")
