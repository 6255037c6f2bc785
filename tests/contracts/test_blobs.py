"""What every store of evidence must do; then what files promise: rights, links, damage, a full volume, a crash."""

from __future__ import annotations

import hashlib
import os
import stat
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from conductor_core.adapters.blob_files import BlobFiles
from conductor_core.errors import InputError, NotFoundError, StorageError
from conductor_core.ports.blobs import Blobs
from tests.fakes.blobs import MemoryBlobs
from tests.fakes.small_volume import SmallVolume

DATA = [b"", b"x", b"\x00\xff" * 1000, os.urandom(3_000_001)]
ABSENT = "sha256:" + "0" * 64


@pytest.fixture(params=["memory", "files"])
def blobs(request: pytest.FixtureRequest, tmp_path: Path) -> Blobs:
    return MemoryBlobs() if request.param == "memory" else BlobFiles(tmp_path / "home" / "blobs")


@pytest.fixture
def files(tmp_path: Path) -> BlobFiles:
    return BlobFiles(tmp_path / "blobs")


def path_of(files: BlobFiles, tmp_path: Path, data: bytes) -> Path:
    digest, _ = files.put(data)
    return tmp_path / "blobs" / digest[7:9] / digest[9:]


@pytest.mark.parametrize("data", DATA, ids=len)
def test_bytes_come_back(blobs: Blobs, data: bytes, tmp_path: Path) -> None:
    digest = "sha256:" + hashlib.sha256(data).hexdigest()
    source = tmp_path / "source"
    source.write_bytes(data)
    assert blobs.put(data) == blobs.put(data) == blobs.put(source) == (digest, len(data))
    assert blobs.get(digest) == data
    chunks = list(blobs.stream(digest, 1 << 16))
    assert b"".join(chunks) == data
    assert all(0 < len(chunk) <= 1 << 16 for chunk in chunks)


def test_what_is_not_there_is_not_found(blobs: Blobs) -> None:
    blobs.put(b"something")
    with pytest.raises(NotFoundError):
        blobs.get(ABSENT)
    with pytest.raises(NotFoundError):
        blobs.stream(ABSENT)


@pytest.mark.parametrize(
    "digest", ["", "x", "0" * 64, "sha256:", ABSENT.upper(), ABSENT + "0", ABSENT + "\n", "sha256:../../etc/passwd"]
)
def test_what_is_no_digest_is_bad_input(blobs: Blobs, digest: str) -> None:
    with pytest.raises(InputError):
        blobs.get(digest)
    with pytest.raises(InputError):
        blobs.stream(digest)


def test_a_source_that_is_no_file_is_bad_input(blobs: Blobs, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for bad in (tmp_path / "none", tmp_path, tmp_path / "pipe"):
        with pytest.raises(InputError):
            blobs.put(bad)


def test_a_chunk_has_a_byte(blobs: Blobs) -> None:
    with pytest.raises(InputError):
        blobs.stream(blobs.put(b"abc")[0], 0)


def test_only_the_owner_may_read(files: BlobFiles, tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        path = path_of(files, tmp_path, b"secret")
    finally:
        os.umask(before)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    for folder in (path.parent, tmp_path / "blobs", tmp_path / "blobs" / ".incoming"):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_a_changed_blob_is_found_before_its_last_chunk_is_given(files: BlobFiles, tmp_path: Path) -> None:
    data = os.urandom(10_000)
    path = path_of(files, tmp_path, data)
    path.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
    digest = files.put(b"other")[0]
    wrong = "sha256:" + path.parent.name + path.name
    with pytest.raises(StorageError, match="has been changed"):
        files.get(wrong)
    chunks = files.stream(wrong, 4096)
    assert next(chunks) + next(chunks) == data[:8192]
    with pytest.raises(StorageError):
        next(chunks)
    assert files.get(digest) == b"other"


def test_a_short_blob_is_found_too_and_put_mends_it(files: BlobFiles, tmp_path: Path) -> None:
    path = path_of(files, tmp_path, b"evidence")
    path.write_bytes(b"")
    with pytest.raises(StorageError):
        files.get("sha256:" + path.parent.name + path.name)
    assert path_of(files, tmp_path, b"evidence") == path
    assert path.read_bytes() == b"evidence"


def test_a_link_in_place_of_a_blob_is_refused(files: BlobFiles, tmp_path: Path) -> None:
    path = path_of(files, tmp_path, b"evidence")
    elsewhere = tmp_path / "elsewhere"
    elsewhere.write_bytes(b"evidence")
    path.unlink()
    path.symlink_to(elsewhere)
    digest = "sha256:" + path.parent.name + path.name
    for act in (lambda: files.get(digest), lambda: files.put(b"evidence")):
        with pytest.raises(StorageError, match="in the way"):
            act()
    assert elsewhere.read_bytes() == b"evidence"
    assert path.is_symlink()


@pytest.mark.parametrize("name", ["", ".incoming", "shard"])
def test_a_link_in_place_of_a_folder_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / "elsewhere").mkdir()
    shard = hashlib.sha256(b"evidence").hexdigest()[:2]
    link = tmp_path / "blobs" / (shard if name == "shard" else name)
    link.parent.mkdir(exist_ok=True)
    link.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(StorageError, match="in the way"):
        BlobFiles(tmp_path / "blobs").put(b"evidence")
    assert list((tmp_path / "elsewhere").iterdir()) == []


def test_nothing_is_left_of_a_source_that_fails(files: BlobFiles, tmp_path: Path) -> None:
    files.put(b"first")
    with pytest.raises(InputError):
        files.put(tmp_path / "none")
    assert list((tmp_path / "blobs" / ".incoming").iterdir()) == []


def test_remains_of_a_crash_go_after_a_day(files: BlobFiles, tmp_path: Path) -> None:
    files.put(b"first")
    incoming = tmp_path / "blobs" / ".incoming"
    for name, age in (("old", 90_000), ("young", 600)):
        (incoming / name).write_bytes(b"half")
        os.utime(incoming / name, (time.time() - age,) * 2)
    files.put(b"second")
    assert [path.name for path in incoming.iterdir()] == ["young"]


def test_many_writers_of_one_blob(files: BlobFiles, tmp_path: Path) -> None:
    data = os.urandom(200_000)
    results: list[tuple[str, int]] = []
    threads = [threading.Thread(target=lambda: results.append(files.put(data))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert len(results) == 8
    assert files.get(results[0][0]) == data
    assert list((tmp_path / "blobs" / ".incoming").iterdir()) == []


def test_a_large_file_is_streamed(files: BlobFiles, tmp_path: Path) -> None:
    source = tmp_path / "large"
    with source.open("wb") as file:
        file.truncate(300 << 20)
    program = (
        "import resource, sys; from pathlib import Path; from conductor_core.adapters.blob_files import BlobFiles\n"
        "limit = 220 << 20; resource.setrlimit(resource.RLIMIT_AS, (limit, limit))\n"
        "files = BlobFiles(Path(sys.argv[1])); digest, size = files.put(Path(sys.argv[2]))\n"
        "assert sum(len(chunk) for chunk in files.stream(digest)) == size == 300 << 20\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path / "blobs"), str(source)],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def test_a_full_volume_is_named_with_what_is_free_and_nothing_is_left(small_volume: SmallVolume) -> None:
    done = small_volume(
        "1m",
        """
        from conductor_core.adapters.blob_files import BlobFiles
        from conductor_core.errors import StorageError

        files = BlobFiles(volume / "blobs")
        digest, _ = files.put(b"a" * 600_000)
        try:
            files.put(b"b" * 600_000)
        except StorageError as full:
            print(full.why)
        assert list((volume / "blobs" / ".incoming").iterdir()) == []
        assert files.get(digest) == b"a" * 600_000
        files.put(b"c" * 200_000)
        """,
    )
    assert done.startswith("The volume of ")
    assert "/blobs is full: 0.4 MB are free." in done
