"""In-memory ports of the ledger: the files, and the database side (head row and outbox in one transaction)."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from conductor_core.domain.tiles import WIDTH, Place, parse_path
from conductor_core.errors import ConflictError, NotFoundError
from conductor_core.ports.log_store import Head, LogStoreError
from conductor_core.ports.outbox import Queued


class MemoryLogStore:
    """`LogStore` in a dictionary. `before` is called with each method's name and may raise, as a disk would."""

    def __init__(self, before: Callable[[str], None] = lambda _: None) -> None:
        self.files: dict[str, bytes] = {}
        self.aside: list[dict[str, bytes]] = []
        self.checkpoint: bytes | None = None
        self.before = before

    def write(self, resources: Sequence[tuple[Place, bytes]]) -> None:
        self.before("write")
        for place, data in resources:
            if place.path in self.files:
                raise LogStoreError(f"{place.path} is there already.")
            self.files[place.path] = data
            self.before("written")

    def read(self, path: str) -> bytes:
        try:
            return self.files[parse_path(path).path]
        except KeyError as missing:
            raise NotFoundError(f"The log has no {path}.") from missing

    def publish(self, checkpoint: bytes) -> None:
        self.before("publish")
        self.checkpoint = checkpoint

    def published(self) -> bytes | None:
        return self.checkpoint

    def set_aside(self, size: int) -> int:
        self.before("set_aside")
        beyond = {path: data for path, data in self.files.items() if parse_path(path).end > size}
        self.files = {path: data for path, data in self.files.items() if path not in beyond}
        if beyond:
            self.aside.append(beyond)
        return len(beyond)

    def prune(self, full: Sequence[Place]) -> None:
        self.before("prune")
        gone = {Place(place.level, place.n, width).path for place in full for width in range(1, WIDTH)}
        self.files = {path: data for path, data in self.files.items() if path not in gone}


class MemoryLedgerRows:
    """`HeadStore` and `Outbox` over one list: `placed[i]` is the row that has index i."""

    def __init__(self, before: Callable[[str], None] = lambda _: None) -> None:
        self.row: Head | None = None
        self.entries: list[bytes] = []
        self.placed: list[int] = []
        self.claimed = 0
        self.before = before

    def put(self, *entries: bytes) -> None:
        """Commit events, as a state change would."""
        self.entries.extend(entries)

    def queued(self, limit: int) -> Sequence[Queued]:
        taken = set(self.placed)
        return [Queued(row, entry) for row, entry in enumerate(self.entries) if row not in taken][:limit]

    def head(self) -> Head | None:
        return self.row

    def claim(self) -> int:
        self.claimed += self.row is not None
        return self.claimed

    def advance(self, old: Head | None, new: Head, rows: Sequence[int], claim: int = 0) -> None:
        self.before("advance")
        if self.row != old or claim != self.claimed or set(rows) & set(self.placed):
            raise ConflictError("The head of the ledger is not the expected one.")
        self.row = new
        self.placed.extend(rows)
        self.before("advanced")
