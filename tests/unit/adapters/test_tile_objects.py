"""What the ledger looks like in an object store, and what happens when it can't be used."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import fsspec
import pytest
from fsspec.implementations.memory import MemoryFileSystem

from conductor_core.adapters.tile_objects import CosignedObject, TileObjects, open_store
from conductor_core.domain.tiles import Edge, Place
from conductor_core.errors import ConfigurationError, LedgerError


class Careless(MemoryFileSystem):  # type: ignore[misc]  # its base is untyped
    """A store that writes over whatever is there, and says nothing."""

    protocol = "careless"
    spoils = False

    @classmethod
    def _strip_protocol(cls, path: str) -> Any:
        return super()._strip_protocol(path.replace("careless://", "memory://"))

    def pipe_file(self, path: str, value: bytes, mode: str = "overwrite", **_: Any) -> None:
        super().pipe_file(path, value + b"!" if self.spoils and value else value)


@pytest.fixture
def place() -> str:
    return f"memory://test-{uuid4().hex}/log"


@pytest.fixture
def careless() -> str:
    fsspec.register_implementation("careless", Careless, clobber=True)
    return f"careless://test-{uuid4().hex}/log"


def listing(url: str) -> list[str]:
    store, root = open_store(url)
    return [path.removeprefix(f"{root}/") for path in store.find(root)]


def test_the_layout_is_that_of_the_specification(place: str) -> None:
    store = TileObjects(place, "key one\nkey two\n")
    edge, writes = Edge().extend([b"%d" % n for n in range(300)])
    store.write(writes)
    store.publish(b"one")
    store.publish(b"two")
    assert listing(place) == [
        "checkpoint",
        "probe",
        "tile/0/000",
        "tile/0/001.p/44",
        "tile/1/000.p/1",
        "tile/entries/000",
        "tile/entries/001.p/44",
        "vkey",
    ]
    assert store.read("tile/1/000.p/1") == edge.rows[1]
    assert (store.published(), store.beside("vkey")) == (b"two", b"key one\nkey two\n")


def test_opening_and_reading_makes_nothing(place: str) -> None:
    store = TileObjects(f"{place}/")
    assert (store.published(), store.widths(Place(0, 0)), store.set_aside(0)) == (None, [], 0)
    assert listing(place) == []
    assert store.where == place


def test_what_is_set_aside_keeps_its_bytes(place: str) -> None:
    store = TileObjects(place)
    for data in (b"first", b"second"):
        store.write([(Place(0, 0, 5), data), (Place(0, 0, 3), b"stays" if data == b"first" else data)][:1])
        assert store.set_aside(3) == 1
    kept, root = open_store(place)
    assert kept.cat_file(f"{root}/aside/3.0/tile/0/000.p/5") == b"first"
    assert kept.cat_file(f"{root}/aside/3.1/tile/0/000.p/5") == b"second"


def test_far_resources_are_found_in_their_folders(place: str) -> None:
    store = TileObjects(place)
    beyond = [Place(0, 999), Place(0, 1000, 7), Place(-1, 1000, 7), Place(1, 3, 233)]
    store.write([(where, b"x") for where in (Place(0, 998), *beyond)])
    assert store.set_aside(999 * 256) == len(beyond)
    assert [path for path in listing(place) if path.startswith("tile")] == ["tile/0/998"]


def test_objects_of_others_are_no_widths(place: str) -> None:
    store = TileObjects(place)
    store.write([(Place(0, 0, 12), b"x"), (Place(0, 0, 3), b"x")])
    for name in ("0", "256", "note", "04"):
        store.lay(f"tile/0/000.p/{name}", b"")
    assert store.widths(Place(0, 0)) == [3, 12]


def test_a_store_that_writes_over_objects_is_looked_at_before_and_after(
    careless: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    store = TileObjects(careless)
    with caplog.at_level(logging.WARNING):
        store.write([(Place(0, 0, 1), b"one"), (Place(0, 0, 2), b"two")])
    assert caplog.messages == [
        f"{careless} can't refuse to write over an object: let one worker alone write the ledger"
    ]
    with pytest.raises(LedgerError, match="somebody else is writing"):
        store.write([(Place(0, 0, 1), b"other")])
    assert store.read("tile/0/000.p/1") == b"one"
    monkeypatch.setattr(Careless, "spoils", True)
    with pytest.raises(LedgerError, match="somebody else is writing"):
        store.write([(Place(0, 0, 3), b"three")])


def test_listings_are_few_where_resources_are_many(place: str, monkeypatch: pytest.MonkeyPatch) -> None:
    store = TileObjects(place)
    store.write([(Place(0, n), b"x") for n in range(300)] + [(Place(0, 7, width), b"x") for width in (1, 255)])
    asked, ls = list[str](), MemoryFileSystem.ls

    def counted(fs: MemoryFileSystem, path: str, **options: Any) -> Any:
        asked.append(path)
        return ls(fs, path, **options)

    monkeypatch.setattr(MemoryFileSystem, "ls", counted)
    assert {n: found for n in range(300) if (found := store.widths(Place(0, n)))} == {7: [1, 255]}
    assert len(asked) == 2
    store.prune([Place(0, n) for n in range(300)])
    assert len(asked) == 4
    assert store.widths(Place(0, 7)) == []


def test_the_cosigned_checkpoint_lies_beside_the_log(place: str) -> None:
    kept = CosignedObject(TileObjects(place), "checkpoint.cosigned")
    assert kept.kept() is None
    kept.keep(b"one")
    kept.keep(b"two")
    assert (kept.kept(), listing(place)) == (b"two", ["checkpoint.cosigned"])


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("bucket/prefix", "it is not protocol://bucket/prefix"),
        ("s3:bucket", "it is not protocol://bucket/prefix"),
        ("s3:///prefix", "it is not protocol://bucket/prefix"),
        ("s3://bucket/a?versionId=1", "it is not protocol://bucket/prefix"),
        ("file://relative/folder", "it is not protocol://bucket/prefix"),
        ("s3://key:hunter2@bucket/a", "it is not protocol://bucket/prefix"),
        ("nowhere://bucket/a", "no nowhere:// is known"),
    ],
)
def test_a_url_that_can_not_be_used_is_named(url: str, why: str) -> None:
    with pytest.raises(ConfigurationError, match=r"The ledger's URL can't be used\.") as found:
        TileObjects(url).published()
    assert why in found.value.why
    assert "hunter2" not in str(found.value)
    assert "s3://bucket/prefix" in found.value.next


def test_a_package_that_is_missing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "s3fs", None)
    for name in ("s3", "s3a"):
        monkeypatch.delitem(vars(sys.modules["fsspec.registry"])["_registry"], name, raising=False)
    with pytest.raises(ConfigurationError) as found:
        TileObjects("s3://bucket/prefix").published()
    assert found.value.next == "Install conductor's extra: pip install 'maestro-conductor[s3]'."


@pytest.mark.parametrize("act", ["write", "publish", "published", "read", "set_aside", "prune", "widths"])
def test_whatever_a_store_raises_is_an_error_of_ours(place: str, act: str, monkeypatch: pytest.MonkeyPatch) -> None:
    store = TileObjects(place)

    def lost(*_: object, **__: object) -> None:
        raise RuntimeError("the wire was cut")

    for name in ("pipe_file", "cat_file", "ls"):
        monkeypatch.setattr(MemoryFileSystem, name, lost)
    acts: dict[str, Callable[[], object]] = {
        "write": lambda: store.write([(Place(0, 0), b"x")]),
        "publish": lambda: store.publish(b"x"),
        "published": store.published,
        "read": lambda: store.read("tile/0/000"),
        "set_aside": lambda: store.set_aside(0),
        "prune": lambda: store.prune([Place(0, 0)]),
        "widths": lambda: store.widths(Place(0, 0)),
    }
    with pytest.raises(LedgerError, match="The ledger's objects can't be") as found:
        acts[act]()
    assert found.value.why == f"{place}: the wire was cut."
