"""A process that writes the ledger, to be killed or failed at any system call: `python ledger_writer.py FOLDER TOTAL`.

FOLDER holds `log/` and `head.json`, which stands for the database row; the outbox holds the entries 0 to TOTAL - 1.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from conductor_core.adapters.signing import ed25519, make_signer
from conductor_core.adapters.tile_files import TileFiles
from conductor_core.errors import ConductorError, ConflictError
from conductor_core.ports.log_store import Head
from conductor_core.ports.outbox import Queued
from conductor_core.services.sequencing import Sequencer

SIGNER = make_signer("example.com/log", bytes(range(32)))


def entry(n: int) -> bytes:
    return b"entry %d " % n * 9


class FileRows:
    """`HeadStore` and `Outbox` on one small file that is replaced durably."""

    def __init__(self, folder: Path, total: int) -> None:
        self._path = folder / "head.json"
        self._total = total

    def head(self) -> Head | None:
        if not self._path.exists():
            return None
        size, root = json.loads(self._path.read_bytes())
        return Head(size, bytes.fromhex(root))

    def claim(self) -> int:
        return 0  # one process writes

    def advance(self, old: Head | None, new: Head, rows: Sequence[int], claim: int = 0) -> None:
        if self.head() != old or list(rows) != list(range(old.size if old else 0, new.size)):
            raise ConflictError("The head is not the expected one.")
        following = self._path.with_suffix(".new")
        with following.open("wb") as file:
            file.write(json.dumps([new.size, new.root.hex()]).encode())
            file.flush()
            os.fsync(file.fileno())
        following.rename(self._path)
        folder = os.open(self._path.parent, os.O_RDONLY)
        os.fsync(folder)
        os.close(folder)

    def queued(self, limit: int) -> Sequence[Queued]:
        head = self.head()
        first = head.size if head else 0
        return [Queued(n, entry(n)) for n in range(first, min(self._total, first + limit))]


def sequencer(folder: Path, total: int) -> Sequencer:
    rows = FileRows(folder, total)
    return Sequencer(TileFiles(folder / "log"), rows, rows, SIGNER, ed25519)


def main(folder: Path, total: int) -> int:
    """Start, append what is queued, and acknowledge it on standard output."""
    try:
        writer = sequencer(folder, total)
        writer.start()
        os.write(1, b"started\n")
        while count := writer.step():
            os.write(1, b"acknowledged %d\n" % count)
    except (ConductorError, OSError) as failed:
        os.write(1, f"failed: {failed}\n".encode())
        return 3
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), int(sys.argv[2])))
