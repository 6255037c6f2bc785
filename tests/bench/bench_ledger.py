"""The ledger against its peers on the same disk in the same run: `python -m tests.bench.bench_ledger`.

Peers: Tessera's POSIX driver (`infra/verifiers/writer`) at its best legal setting and at its defaults, Tessera's fsck,
and pymerkle's tree on SQLite (`pip install pymerkle`). The head row is a write into a file that is there already, with
fdatasync, as a database's log is written. One line a measure.
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import warnings
from collections import deque
from collections.abc import Callable, Sequence
from pathlib import Path

from conductor_core import settings
from conductor_core.adapters.signing import ed25519
from conductor_core.adapters.tile_files import TileFiles
from conductor_core.domain import checkpoints, proofs, tiles
from conductor_core.domain.tiles import Edge
from conductor_core.errors import ConflictError
from conductor_core.ports.log_store import Head, HeadStore
from conductor_core.ports.outbox import Outbox, Queued
from conductor_core.services.sequencing import Sequencer
from conductor_core.services.verification import verify
from tests.crash.ledger_writer import SIGNER
from tests.real import verifier_programs

ENTRY = 400
_PAGE, _PAGES = 8192, 256
WRITERS = 64
Report = Callable[[str], None]


class Rows:
    """An outbox in memory and a head on disk, for writers in other threads."""

    def __init__(self, folder: Path) -> None:
        self._head: Head | None = None
        self._file = os.open(folder / "head", os.O_RDWR | os.O_CREAT, 0o600)
        os.pwrite(self._file, bytes(_PAGES * _PAGE), 0)
        os.fsync(self._file)
        self._commits = 0
        self._queue: deque[Queued] = deque()
        self._lock = threading.Lock()
        self._next = 0

    def put(self, entry: bytes) -> None:
        with self._lock:
            self._queue.append(Queued(self._next, entry))
            self._next += 1

    def queued(self, limit: int) -> Sequence[Queued]:
        with self._lock:
            return [self._queue[n] for n in range(min(limit, len(self._queue)))]

    def head(self) -> Head | None:
        return self._head

    def claim(self) -> int:
        return 0  # one process writes

    def advance(self, old: Head | None, new: Head, rows: Sequence[int], claim: int = 0) -> None:
        if self._head != old:
            raise ConflictError("The head is not the expected one.")
        page = b"%d %s" % (new.size, new.root.hex().encode())
        os.pwrite(self._file, page.ljust(_PAGE), self._commits % _PAGES * _PAGE)
        os.fdatasync(self._file)
        self._commits += 1
        self._head = new
        with self._lock:
            for _ in rows:
                self._queue.popleft()


def sequencer(folder: Path, heads: HeadStore, outbox: Outbox) -> Sequencer:
    found = Sequencer(TileFiles(folder / "log"), heads, outbox, SIGNER, ed25519)
    found.start()
    return found


def append_latency(folder: Path, count: int) -> float:
    """Seconds, median, from queueing one entry to the published checkpoint that covers it."""
    rows = Rows(folder)
    writer = sequencer(folder, rows, rows)
    took = []
    for _ in range(count):
        entry = os.urandom(ENTRY)
        start = time.perf_counter()
        rows.put(entry)
        writer.step()
        took.append(time.perf_counter() - start)
    return statistics.median(took)


def bulk_rate(folder: Path, count: int) -> float:
    """Entries a second, from WRITERS threads that don't wait, until a published checkpoint covers all."""
    rows = Rows(folder)
    writer = sequencer(folder, rows, rows)
    entries = [os.urandom(ENTRY) for _ in range(count)]

    def put(first: int) -> None:
        for n in range(first, count, WRITERS):
            rows.put(entries[n])

    start = time.perf_counter()
    threads = [threading.Thread(target=put, args=(n,)) for n in range(WRITERS)]
    for thread in threads:
        thread.start()
    done = 0
    while done < count:
        done += writer.step()
    took = time.perf_counter() - start
    for thread in threads:
        thread.join()
    return count / took


def tessera(programs: Path, folder: Path, mode: str, count: int, *options: str) -> dict[str, float]:
    argv = [str(programs / "writer"), "-log", str(folder), "-mode", mode, "-entries", str(count), "-size", str(ENTRY)]
    done = subprocess.run([*argv, *options], capture_output=True, text=True, check=True, timeout=600)
    shutil.rmtree(folder)
    found: dict[str, float] = json.loads(done.stdout)
    return found


def big_log(folder: Path, count: int) -> TileFiles:
    files, edge = TileFiles(folder), Edge()
    while edge.size < count:
        edge, writes = edge.extend([os.urandom(200) for _ in range(min(65_536, count - edge.size))])
        files.write(writes)
    files.publish(SIGNER.note(checkpoints.Checkpoint(SIGNER.key.name, edge.size, edge.root).text()))
    return files


def proof_time(files: TileFiles, size: int) -> float:
    """Seconds, median, of an inclusion proof of a random entry, tiles read from files as they are needed."""
    read = tiles.Tiles(files.read).reader(size)
    took = []
    for _ in range(1000):
        index = random.randrange(size)
        start = time.perf_counter()
        proofs.inclusion_proof(index, size, read)
        took.append(time.perf_counter() - start)
    return statistics.median(took)


def pymerkle_time(folder: Path, size: int) -> float:
    """The same of pymerkle's tree on SQLite."""
    warnings.simplefilter("ignore")
    tree = importlib.import_module("pymerkle").SqliteTree(str(folder / "pymerkle.db"), algorithm="sha256")
    tree.append_entries([os.urandom(200) for _ in range(size)], chunksize=100_000)
    took = []
    for _ in range(15):
        index = random.randrange(1, size)
        start = time.perf_counter()
        tree.prove_inclusion(index, size)
        took.append(time.perf_counter() - start)
    tree.close()
    return statistics.median(took)


def fsck_time(programs: Path, log: Path) -> float:
    key = log.with_suffix(".vkey")
    key.write_text(SIGNER.key.encode(), encoding="utf-8")
    argv = [str(programs / "fsck"), f"--storage_url=file://{log}/", f"--public_key={key}", "--ui=false", "--N=2"]
    start = time.perf_counter()
    said = subprocess.run(argv, capture_output=True, text=True, check=True, timeout=600).stderr
    took = time.perf_counter() - start
    if "Successfully" not in said:
        raise RuntimeError(said)
    return took


def run(report: Report = print, entries: int = 1_000_000, bulk: int = 100_000) -> None:
    """Measure and report; `entries`: of the log that is proved from and verified."""
    programs = verifier_programs.build(settings.load())
    with tempfile.TemporaryDirectory(prefix="bench-ledger-") as name:
        root = Path(name)
        for part in ("latency", "bulk", "big"):
            (root / part).mkdir()
        best = tessera(programs, root / "peer", "latency", 30, "-batch", "1")["P50Seconds"]
        plain = tessera(programs, root / "peer", "latency", 3)["P50Seconds"]
        ours = append_latency(root / "latency", 300)
        report(
            f"ledger append to provable, p50: {ours * 1e3:.2f} ms; Tessera {best * 1e3:.0f} ms at its best, "
            f"{plain * 1e3:.0f} ms by default: {best / ours:.1f}x and {plain / ours:.0f}x (goal 20x)"
        )
        batches = ("256", "1024", "4096")
        rates = [bulk / tessera(programs, root / "peer", "bulk", bulk, "-batch", b)["Seconds"] for b in batches]
        plain_rate = bulk / tessera(programs, root / "peer", "bulk", bulk)["Seconds"]
        rate = bulk_rate(root / "bulk", bulk)
        report(
            f"ledger bulk, {WRITERS} writers: {rate:,.0f}/s; Tessera {max(rates):,.0f}/s at its best, "
            f"{plain_rate:,.0f}/s by default: {rate / max(rates):.2f}x and {rate / plain_rate:.1f}x (goal 1x)"
        )
        files = big_log(root / "big" / "log", entries)
        theirs = min(fsck_time(programs, root / "big" / "log") for _ in range(2))
        took = []
        for _ in range(2):
            start = time.perf_counter()
            verify(files.published(), files.read, [SIGNER.key], ed25519, widths=files.widths)
            took.append(time.perf_counter() - start)
        report(
            f"ledger verify, {entries:,} entries: {min(took):.2f} s; fsck {theirs:.2f} s: "
            f"{min(took) / theirs:.2f}x its time (goal within 3x)"
        )
        proof = proof_time(files, entries)
        try:
            other = pymerkle_time(root, entries)
        except ModuleNotFoundError:
            report(f"ledger inclusion proof, {entries:,} entries: {proof * 1e6:.0f} us; pymerkle isn't installed")
        else:
            report(
                f"ledger inclusion proof, {entries:,} entries: {proof * 1e6:.0f} us; pymerkle on SQLite "
                f"{other * 1e6:,.0f} us: {other / proof:.0f}x (goal 100x)"
            )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--entries", type=int, default=1_000_000)
    parser.add_argument("--bulk", type=int, default=100_000)
    given = parser.parse_args()
    run(print, given.entries, given.bulk)
    return 0


if __name__ == "__main__":
    sys.exit(main())
