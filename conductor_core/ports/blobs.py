"""Port: content-addressed evidence."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Protocol


class Blobs(Protocol):
    """Immutable bytes by digest (`sha256:<hex>`), readable by the owner alone (0600).

    `put` returns when the bytes are durable; the same bytes twice are one blob. Reads check the digest and raise
    `StorageError` when the bytes have changed, `NotFoundError` when there are none.
    """

    def put(self, data: bytes | Path) -> tuple[str, int]:
        """Store bytes, or stream a file of any size; returns digest and size in bytes."""

    def get(self, digest: str) -> bytes:
        """All bytes."""

    def stream(self, digest: str, chunk: int = 1 << 20) -> Iterator[bytes]:
        """The bytes in chunks; the digest is checked at the end, before the last chunk is given."""
