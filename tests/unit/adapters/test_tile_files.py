"""What the folder of the ledger looks like, and what happens when it can't be used. (The duties: tests/contracts.)"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from conductor_core.adapters.tile_files import TileFiles
from conductor_core.domain.tiles import ENTRIES, Edge, Place
from conductor_core.errors import LedgerError, NotFoundError


def listing(root: Path) -> list[str]:
    return sorted(str(p.relative_to(root)) for p in root.rglob("*") if p.is_file())


def open_below(root: Path) -> list[str]:
    """The open files of this process below that folder."""
    found = []
    for fd in Path("/proc/self/fd").iterdir():
        with suppress(OSError):  # the listing's own
            found.append(str(fd.readlink()))
    return [path for path in found if path.startswith(str(root))]


def test_the_layout_is_that_of_the_specification(tmp_path: Path) -> None:
    files = TileFiles(tmp_path / "log")
    edge, writes = Edge().extend([b"%d" % n for n in range(300)])
    files.write(writes)
    files.publish(b"checkpoint")
    assert listing(tmp_path / "log") == [
        "checkpoint",
        "tile/0/000",
        "tile/0/001.p/44",
        "tile/1/000.p/1",
        "tile/entries/000",
        "tile/entries/001.p/44",
    ]
    assert (tmp_path / "log/tile/1/000.p/1").read_bytes() == edge.rows[1]


def test_opening_and_reading_makes_nothing(tmp_path: Path) -> None:
    files = TileFiles(tmp_path / "log")
    assert files.published() is None
    assert files.widths(Place(0, 0)) == []
    assert files.set_aside(0) == 0
    with pytest.raises(NotFoundError):
        files.read("tile/0/000")
    assert listing(tmp_path) == []


def test_more_files_than_may_be_open_at_once(tmp_path: Path) -> None:
    files = TileFiles(tmp_path / "log")
    writes = [(Place(0, n), b"%d" % n) for n in range(3000)]
    files.write(writes)
    assert open_below(tmp_path) == []
    assert all(files.read(place.path) == data for place, data in writes)
    assert (tmp_path / "log/tile/0/x002/999").read_bytes() == b"2999"


def test_no_file_stays_open_after_a_failure(tmp_path: Path) -> None:
    files = TileFiles(tmp_path / "log")
    files.write([(Place(0, 5), b"there")])
    with pytest.raises(LedgerError, match="must end"):
        files.write([(Place(0, n), b"x") for n in range(10)])
    assert open_below(tmp_path) == []


def test_what_was_set_aside_keeps_its_bytes_and_its_path(tmp_path: Path) -> None:
    files = TileFiles(tmp_path / "log")
    for number in range(2):
        files.write([(Place(ENTRIES, 0, 3), b"%d" % number), (Place(0, 0, 3), b"%d" % number)])
        assert files.set_aside(0) == 2
    assert listing(tmp_path / "log") == [
        f"aside/0.{number}/tile/{kind}/000.p/3" for number in range(2) for kind in ("0", "entries")
    ]
    assert (tmp_path / "log/aside/0.1/tile/0/000.p/3").read_bytes() == b"1"


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    files = TileFiles(tmp_path / "log")
    files.write([(Place(0, 1), b"x")])
    (tmp_path / "secret").write_bytes(b"secret")
    (tmp_path / "log/tile/0/000").symlink_to(tmp_path / "secret")
    with pytest.raises(LedgerError):
        files.read("tile/0/000")
    (tmp_path / "log/checkpoint").symlink_to(tmp_path / "secret")
    with pytest.raises(LedgerError):
        files.published()


def test_files_of_others_are_no_widths(tmp_path: Path) -> None:
    files = TileFiles(tmp_path / "log")
    files.write([(Place(0, 0, 12), b"x"), (Place(0, 0, 3), b"x")])
    for name in ("0", "256", "note", "4~", "04", "٣"):
        (tmp_path / "log/tile/0/000.p" / name).write_bytes(b"")
    assert files.widths(Place(0, 0)) == [3, 12]


def test_a_leftover_of_an_interrupted_publication_is_replaced(tmp_path: Path) -> None:
    files = TileFiles(tmp_path / "log")
    files.publish(b"one")
    (tmp_path / "log/checkpoint.new").write_bytes(b"torn and longer than what follows")
    files.publish(b"two")
    assert files.published() == b"two"
    assert listing(tmp_path / "log") == ["checkpoint"]


@pytest.mark.parametrize("act", ["write", "publish", "published", "read", "set_aside", "widths"])
def test_a_folder_that_is_a_file_is_an_error_of_ours(tmp_path: Path, act: str) -> None:
    (tmp_path / "log").write_bytes(b"")
    files = TileFiles(tmp_path / "log")
    acts: dict[str, Callable[[], object]] = {
        "write": lambda: files.write([(Place(0, 0), b"x")]),
        "publish": lambda: files.publish(b"x"),
        "published": files.published,
        "read": lambda: files.read("tile/0/000"),
        "set_aside": lambda: files.set_aside(0),
        "widths": lambda: files.widths(Place(0, 0)),
    }
    with pytest.raises(LedgerError) as found:
        acts[act]()
    assert found.value.why.startswith(("Not a directory", "File exists"))
