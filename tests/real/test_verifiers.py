"""The ledger as others see it: Tessera's fsck, Go's sumdb and transparency-dev's merkle check logs that we wrote."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterable
from functools import cache
from pathlib import Path

import pytest

from conductor_core import settings
from conductor_core.adapters.signing import ed25519, load_or_create
from conductor_core.adapters.tile_files import TileFiles
from conductor_core.domain import checkpoints, merkle, notes, proofs, tiles
from conductor_core.domain.tiles import ENTRIES, Edge, Place
from conductor_core.errors import LedgerError
from conductor_core.services.verification import verify
from tests.crash import ledger_writer
from tests.crash.test_tile_files import BEFORE, TOTAL, Call, run
from tests.real import verifier_programs

pytestmark = [pytest.mark.real, pytest.mark.slow]

SIZES = (0, 1, 2, 3, 255, 256, 257, 511, 512, 513, 65535, 65536, 65537, 70000)
SIGNER = ledger_writer.SIGNER


@pytest.fixture(scope="module")
def programs() -> Path:
    return verifier_programs.build(settings.load())


def entry(n: int) -> bytes:
    return b'{"n":%d}' % n


@cache
def roots() -> list[bytes]:
    """By size: the roots of all sizes up to 600 and of SIZES; nothing for the others."""
    peaks: tuple[bytes, ...] = ()
    found = [merkle.EMPTY_ROOT]
    for n in range(SIZES[-1]):
        peaks = merkle.push(peaks, n, merkle.leaf_hash(entry(n)))
        found.append(merkle.fold(peaks) if n < 600 or n + 1 in SIZES else b"")
    return found


def write(folder: Path, sizes: Iterable[int]) -> TileFiles:
    """A log that published a checkpoint at each of these sizes."""
    files, edge = TileFiles(folder), Edge()
    for size in sizes:
        edge, writes = edge.extend([entry(n) for n in range(edge.size, size)])
        files.write(writes)
        files.publish(SIGNER.note(checkpoints.Checkpoint(SIGNER.key.name, edge.size, edge.root).text()))
    return files


def fsck(programs: Path, log: Path) -> tuple[bool, str]:
    """Whether fsck says that the log is whole, and what it said; its exit code is 0 either way.

    Four workers: a worker ends at the first bad tile that it meets, and with a single one fsck then waits for ever.
    """
    key = log.with_suffix(".vkey")
    key.write_text(SIGNER.key.encode(), encoding="utf-8")
    argv = [str(programs / "fsck"), f"--storage_url=file://{log}/", f"--public_key={key}", "--ui=false", "--N=4"]
    said = subprocess.run(argv, capture_output=True, text=True, timeout=60, check=False).stderr
    return "Successfully fsck'd log with size" in said and "fsck failed" not in said, said


@pytest.mark.parametrize("size", SIZES)
def test_fsck_passes_at_each_size(programs: Path, tmp_path: Path, size: int) -> None:
    write(tmp_path / "log", [n for n in SIZES if n <= size])
    whole, said = fsck(programs, tmp_path / "log")
    assert whole, said
    assert f"log with size {size} " in said


@pytest.mark.parametrize(
    "place",
    [
        Place(ENTRIES, 0),
        Place(ENTRIES, 257, 8),
        Place(0, 3),
        Place(0, 257, 8),
        Place(1, 0),
        Place(1, 1, 1),
        Place(2, 0, 1),
        None,
    ],
    ids=lambda place: place.path if place else tiles.CHECKPOINT,
)
def test_fsck_and_our_verify_both_find_a_flipped_bit(programs: Path, tmp_path: Path, place: Place | None) -> None:
    files = write(tmp_path / "log", [65_800])
    path = tmp_path / "log" / (place.path if place else tiles.CHECKPOINT)
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 0x10
    path.write_bytes(data)
    whole, said = fsck(programs, tmp_path / "log")
    assert not whole, said
    with pytest.raises(LedgerError):
        verify(files.published(), files.read, [SIGNER.key], ed25519)


@pytest.mark.parametrize(
    ("call", "fault"),
    [
        (Call("write", "log/tile/0/001", 1, True), "signal=KILL"),
        (Call("rename", "head.new", 1, True), "signal=KILL"),
        (Call("rename", "log/checkpoint.new", 1, True), "signal=KILL"),
        (Call("fsync", "log/tile/entries/001", 1, True), "error=EIO"),
    ],
)
def test_fsck_passes_after_a_crash_and_after_the_recovery(
    programs: Path, tmp_path: Path, call: Call, fault: str
) -> None:
    folder = tmp_path / "ledger"
    folder.mkdir()
    for total in BEFORE:
        writer = ledger_writer.sequencer(folder, total)
        writer.start()
        writer.step()
    assert run(folder, call, fault).code != 0
    assert fsck(programs, folder / "log")[0], "what is published is whole, before anything is mended"
    writer = ledger_writer.sequencer(folder, TOTAL)
    writer.start()
    writer.step()
    whole, said = fsck(programs, folder / "log")
    assert whole, said
    assert f"log with size {TOTAL} " in said


def claims(read: proofs.HashReader, sizes: Iterable[int]) -> list[dict[str, object]]:
    """What we claim about trees of these sizes: inclusion at both ends and between, consistency of smaller ones."""
    out: list[dict[str, object]] = []
    for size in sizes:
        for index in sorted({0, 1, size // 3, size // 2, size - 2, size - 1} & set(range(size))):
            claim = {"Kind": "inclusion", "Index": index, "Entry": notes.base64_text(entry(index))}
            out.append({**claim, **after(size), "Proof": texts(proofs.inclusion_proof(index, size, read))})
        for old in sorted({1, 2, 3, 255, 256, 257, 511, 512, size // 2, size - 1} & set(range(1, size))):
            if roots()[old]:
                claim = {"Kind": "consistency", "Old": old, "OldRoot": notes.base64_text(roots()[old])}
                out.append({**claim, **after(size), "Proof": texts(proofs.consistency_proof(old, size, read))})
    return out


def after(size: int) -> dict[str, object]:
    return {"New": size, "NewRoot": notes.base64_text(roots()[size])}


def texts(hashes: Iterable[bytes]) -> list[str]:
    return [notes.base64_text(h) for h in hashes]


def judged(programs: Path, log: Path, lines: list[dict[str, object]]) -> list[str]:
    argv = [str(programs / "crosscheck"), "-log", str(log), "-vkey", SIGNER.key.encode()]
    text = "".join(f"{json.dumps(line)}\n" for line in lines)
    done = subprocess.run(argv, input=text, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def test_go_accepts_and_makes_the_same_proofs(programs: Path, tmp_path: Path) -> None:
    files = write(tmp_path / "log", SIZES)
    read = tiles.Tiles(files.read).reader(SIZES[-1])
    lines = claims(read, [*range(1, 71), *range(250, 262), *SIZES[1:]])
    assert len(lines) > 1000
    assert set(judged(programs, tmp_path / "log", lines)) == {"ok"}


def test_go_refuses_what_we_refuse(programs: Path, tmp_path: Path) -> None:
    files = write(tmp_path / "log", SIZES)
    lines = claims(tiles.Tiles(files.read).reader(SIZES[-1]), [2, 3, 7, 64, 257, 513, 70_000])
    altered: list[dict[str, object]] = []
    for number, line in enumerate(lines):
        hashes = line["Proof"]
        assert isinstance(hashes, list)
        strange = notes.base64_text(merkle.leaf_hash(b"%d" % number))
        altered += [{**line, "Proof": [*hashes[:n], strange, *hashes[n + 1 :]]} for n in range(len(hashes))]
        altered += [{**line, "Proof": [*hashes, strange]}, {**line, "NewRoot": strange}]
        altered += [{**line, "Proof": hashes[:-1]}] if hashes else []
    verdicts = judged(programs, tmp_path / "log", altered)
    assert len(verdicts) == len(altered) > 500
    assert "ok" not in verdicts


def test_go_signs_with_our_key_file_what_we_sign(programs: Path, tmp_path: Path) -> None:
    signer = load_or_create(tmp_path / "ledger.key", "example.com/log")
    text = checkpoints.Checkpoint("example.com/log", 7, merkle.leaf_hash(b"x")).text()
    argv = [str(programs / "crosscheck"), "-key", str(tmp_path / "ledger.key")]
    done = subprocess.run(argv, input=text, capture_output=True, timeout=60, check=True)
    assert done.stdout == signer.note(text)


def test_we_verify_a_log_that_tessera_wrote(programs: Path, tmp_path: Path) -> None:
    argv = [
        str(programs / "writer"),
        "-log",
        str(tmp_path / "log"),
        "-mode",
        "bulk",
        "-entries",
        "1000",
        "-batch",
        "256",
    ]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=60, check=True)
    vkey = notes.parse_vkey(json.loads(done.stdout)["VKey"])
    files = TileFiles(tmp_path / "log")
    assert verify(files.published(), files.read, [vkey], ed25519).checkpoint.size == 1000
    shutil.rmtree(tmp_path / "log")
