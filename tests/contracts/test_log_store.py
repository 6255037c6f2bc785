"""What every `LogStore` owes, and what every `HeadStore` with its `Outbox` owes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from uuid import uuid4

import pytest

from conductor_core.adapters.tile_files import TileFiles
from conductor_core.adapters.tile_objects import TileObjects
from conductor_core.domain.tiles import ENTRIES, Edge, Place, places
from conductor_core.errors import ConflictError, InputError, NotFoundError
from conductor_core.ports.log_store import Head, LogStore, LogStoreError
from tests.fakes.log_store import MemoryLedgerRows, MemoryLogStore
from tests.fakes.s3_server import BUCKET

Make = Callable[[], LogStore]


@pytest.fixture(params=["memory", "files", "objects", pytest.param("s3", marks=[pytest.mark.real, pytest.mark.slow])])
def make(request: pytest.FixtureRequest, tmp_path: Path) -> Make:
    """Opens the same store again and again, as processes would one after the other."""
    memory, place = MemoryLogStore(), f"{tmp_path.name}-{uuid4().hex}"
    if request.param == "s3":
        request.getfixturevalue("s3")
    stores: dict[str, Make] = {
        "memory": lambda: memory,
        "files": lambda: TileFiles(tmp_path / "log"),
        "objects": lambda: TileObjects(f"memory://{place}/log"),
        "s3": lambda: TileObjects(f"s3://{BUCKET}/{place}"),
    }
    return stores[request.param]


def grow(store: LogStore, edge: Edge, count: int) -> Edge:
    edge, writes = edge.extend([b"%d" % n for n in range(edge.size, edge.size + count)])
    store.write(writes)
    return edge


def there(store: LogStore, place: Place) -> bool:
    try:
        store.read(place.path)
    except NotFoundError:
        return False
    return True


def test_what_was_written_is_read_by_the_next_process(make: Make) -> None:
    edge = Edge()
    for count in (1, 254, 1, 1, 70, 300):
        before = edge
        edge = grow(make(), edge, count)
        _, writes = before.extend([b"%d" % n for n in range(before.size, edge.size)])
        for place, data in writes:
            assert make().read(place.path) == data


def test_an_empty_store(make: Make) -> None:
    assert make().published() is None
    assert make().set_aside(0) == 0
    make().prune([Place(0, 0)])
    make().write([])
    with pytest.raises(NotFoundError):
        make().read("tile/0/000")


def test_a_resource_is_never_written_twice(make: Make) -> None:
    make().write([(Place(0, 0, 1), b"first")])
    with pytest.raises(LogStoreError):
        make().write([(Place(0, 0, 1), b"first")])
    with pytest.raises(LogStoreError):
        make().write([(Place(0, 0, 1), b"second")])
    assert make().read("tile/0/000.p/1") == b"first"


@pytest.mark.parametrize(
    "path", ["", "checkpoint", "../key", "tile/0/000.p/0", "tile/0/../0/000", "/etc/passwd", "tile"]
)
def test_only_paths_of_the_log_are_read(make: Make, path: str) -> None:
    make().publish(b"a checkpoint")
    with pytest.raises(InputError):
        make().read(path)


def test_the_checkpoint_is_replaced(make: Make) -> None:
    for text in (b"one", b"a longer second one", b"3"):
        make().publish(text)
        assert make().published() == text


@pytest.mark.parametrize("size", [0, 1, 5, 255, 256, 257, 600])
@pytest.mark.parametrize("extra", [1, 5, 256, 700])
def test_what_is_beyond_the_head_is_set_aside(make: Make, size: int, extra: int) -> None:
    edge = grow(make(), Edge(), size)
    _, writes = edge.extend([b"%d" % n for n in range(size, size + extra)])
    make().write(writes)
    assert make().set_aside(size) == len(writes)
    assert all(there(make(), place) for place in places(size))
    assert not any(there(make(), place) for place, _ in writes)
    make().write(writes)
    assert make().set_aside(size) == len(writes)
    assert make().set_aside(size) == 0


def test_partials_of_full_resources_are_pruned(make: Make) -> None:
    edge = Edge()
    for count in (100, 155, 1, 10):
        edge = grow(make(), edge, count)
    make().prune([Place(0, 0), Place(ENTRIES, 0), Place(0, 7)])
    assert not any(there(make(), Place(level, 0, width)) for level in (0, ENTRIES) for width in (100, 255))
    assert all(there(make(), place) for place in places(266))


# The database side: the PostgreSQL adapter runs the same functions on its own fixture.


@pytest.fixture
def rows() -> MemoryLedgerRows:
    return MemoryLedgerRows()


FIRST, SECOND, THIRD = Head(0, bytes(32)), Head(2, b"a" * 32), Head(3, b"b" * 32)


def test_a_log_that_never_started_has_no_head(rows: MemoryLedgerRows) -> None:
    assert rows.head() is None
    with pytest.raises(ConflictError):
        rows.advance(FIRST, SECOND, [])
    rows.advance(None, FIRST, [])
    assert rows.head() == FIRST
    with pytest.raises(ConflictError):
        rows.advance(None, FIRST, [])


def test_rows_leave_the_queue_with_the_head(rows: MemoryLedgerRows) -> None:
    rows.advance(None, FIRST, [])
    rows.put(b"a", b"b", b"c")
    queued = rows.queued(10)
    assert [q.entry for q in queued] == [b"a", b"b", b"c"]
    assert [q.row for q in rows.queued(2)] == [q.row for q in queued[:2]]
    rows.advance(FIRST, SECOND, [q.row for q in queued[:2]])
    assert [q.entry for q in rows.queued(10)] == [b"c"]


def test_a_lost_swap_changes_nothing(rows: MemoryLedgerRows) -> None:
    rows.advance(None, FIRST, [])
    rows.put(b"a", b"b", b"c")
    queued = rows.queued(10)
    rows.advance(FIRST, SECOND, [q.row for q in queued[:2]])
    for old, new, taken in (
        (FIRST, THIRD, [queued[2].row]),
        (Head(2, b"z" * 32), THIRD, [queued[2].row]),
        (SECOND, THIRD, [queued[0].row]),
    ):
        with pytest.raises(ConflictError):
            rows.advance(old, new, taken)
        assert rows.head() == SECOND
        assert [q.entry for q in rows.queued(10)] == [b"c"]
