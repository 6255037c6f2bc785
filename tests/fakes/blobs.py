"""Evidence in memory."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from conductor_core.domain.canonical import digest_bytes
from conductor_core.errors import InputError, NotFoundError, StorageError


class MemoryBlobs:
    """`Blobs` in a dictionary; a test may damage `held`."""

    def __init__(self) -> None:
        self.held: dict[str, bytes] = {}

    def put(self, data: bytes | Path) -> tuple[str, int]:
        if isinstance(data, Path):
            if not data.is_file():
                raise InputError(f"{data} can't become evidence.")
            data = data.read_bytes()
        self.held[digest_bytes(data)] = data
        return digest_bytes(data), len(data)

    def get(self, digest: str) -> bytes:
        if not re.fullmatch(r"sha256:[0-9a-f]{64}", digest):
            raise InputError(f"{digest!r} is not a digest.")
        if digest not in self.held:
            raise NotFoundError(f"There is no evidence {digest}.")
        if digest_bytes(self.held[digest]) != digest:
            raise StorageError(f"The evidence {digest} has been changed.")
        return self.held[digest]

    def stream(self, digest: str, chunk: int = 1 << 20) -> Iterator[bytes]:
        if chunk < 1:
            raise InputError(f"A chunk can't have {chunk} bytes.")
        if digest in self.held:
            data = self.held[digest]
            return self._chunks(digest, data, chunk)
        return iter([self.get(digest)])

    def _chunks(self, digest: str, data: bytes, chunk: int) -> Iterator[bytes]:
        pieces = [data[at : at + chunk] for at in range(0, len(data), chunk)]
        yield from pieces[:-1]
        self.get(digest)
        yield from pieces[-1:]
