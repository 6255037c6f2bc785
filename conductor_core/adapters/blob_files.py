"""Evidence as files named by their SHA-256 (port `blobs`; security rules 13 and 19).

    <root>/ab/cdef...        the blob sha256:abcdef..., 0600 in folders of 0700
    <root>/.incoming/<name>  a blob that is being written; what a crash leaves there goes after a day

A blob is written to a temporary file, synced, renamed, and its folder synced: it is there whole or not at all. Each
folder is opened relative to the one above and never through a symbolic link.
"""

from __future__ import annotations

import errno
import hashlib
import os
import re
import secrets
import shutil
import stat
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from conductor_core.errors import InputError, NotFoundError, StorageError

DIGEST = re.compile(r"sha256:([0-9a-f]{2})([0-9a-f]{62})")
CHUNK = 1 << 20
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_INCOMING = ".incoming"
_DAY = 86_400.0


class BlobFiles:
    """Implements `ports.blobs.Blobs` below `root`; any number of processes may use one root."""

    def __init__(self, root: Path) -> None:
        self._root = root.expanduser().absolute()

    def put(self, data: bytes | Path) -> tuple[str, int]:
        """Store bytes or stream a file; a damaged blob of the same digest is replaced.

        Raises `InputError` for a path that isn't a readable file, `StorageError` when the volume is full.
        """
        chunks = [data] if isinstance(data, bytes) else _chunks_of(data)
        with self._writing(), self._folder(_INCOMING, make=True) as incoming:
            _sweep(incoming)
            name = secrets.token_hex(16)
            try:
                digest, size = _write(incoming, name, chunks)
                self._settle(incoming, name, digest)
            finally:
                with suppress(FileNotFoundError):
                    os.unlink(name, dir_fd=incoming)
        return digest, size

    def get(self, digest: str) -> bytes:
        """All bytes, checked; raises `NotFoundError`, `StorageError`, and `InputError` for what is no digest."""
        return b"".join(self.stream(digest))

    def stream(self, digest: str, chunk: int = CHUNK) -> Iterator[bytes]:
        """The bytes in chunks; the last one is held back until the digest of all has been checked."""
        if chunk < 1:
            raise InputError(f"A chunk can't have {chunk} bytes.", why="It must have one.", next="Ask for more.")
        first, rest = _parts(digest)
        with self._reading(digest), self._folder(first) as folder:
            os.stat(rest, dir_fd=folder, follow_symlinks=False)
        return self._read(digest, chunk)

    def _read(self, digest: str, chunk: int) -> Iterator[bytes]:
        first, rest = _parts(digest)
        seen = hashlib.sha256()
        held = b""
        with self._reading(digest):
            with self._folder(first) as folder:
                handle = os.open(rest, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=folder)
            with os.fdopen(handle, "rb", buffering=0) as file:
                while data := file.read(chunk):
                    if held:
                        yield held
                    seen.update(data)
                    held = data
        if f"sha256:{seen.hexdigest()}" != digest:
            raise StorageError(
                f"The evidence {digest} has been changed.",
                why=f"{self._path(digest)} now has the digest sha256:{seen.hexdigest()}.",
                next="Restore the file from a backup; until then nothing that names this digest can be shown or run.",
            )
        if held:
            yield held

    def _settle(self, incoming: int, name: str, digest: str) -> None:
        first, rest = _parts(digest)
        with self._folder(first, make=True) as folder:
            if not _holds(folder, rest, digest):
                os.rename(name, rest, src_dir_fd=incoming, dst_dir_fd=folder)
            os.fsync(folder)

    @contextmanager
    def _folder(self, name: str, make: bool = False) -> Iterator[int]:
        if make:
            self._root.mkdir(mode=0o700, parents=True, exist_ok=True)
        root = os.open(self._root, _FOLDER)
        try:
            if make:
                os.fchmod(root, 0o700)
                with suppress(FileExistsError):
                    os.mkdir(name, 0o700, dir_fd=root)
                    os.fsync(root)
            folder = os.open(name, _FOLDER, dir_fd=root)
        finally:
            os.close(root)
        try:
            yield folder
        finally:
            os.close(folder)

    def _path(self, digest: str) -> Path:
        return self._root.joinpath(*_parts(digest))

    @contextmanager
    def _reading(self, digest: str) -> Iterator[None]:
        try:
            yield
        except FileNotFoundError as foreign:
            raise NotFoundError(
                f"There is no evidence {digest}.",
                why=f"{self._path(digest)} doesn't exist.",
                next="Plan the Change again, or restore the file from a backup.",
            ) from foreign
        except OSError as foreign:
            raise self._failed(f"The evidence {digest} can't be read.", foreign) from foreign

    @contextmanager
    def _writing(self) -> Iterator[None]:
        try:
            yield
        except OSError as foreign:
            raise self._failed("The evidence can't be stored.", foreign) from foreign

    def _failed(self, what: str, foreign: OSError) -> StorageError:
        if foreign.errno in (errno.ENOSPC, errno.EDQUOT):
            where = next(p for p in (self._root, *self._root.parents) if p.exists())
            free = shutil.disk_usage(where).free
            why = f"The volume of {self._root} is full: {free / (1 << 20):,.1f} MB are free."
            return StorageError(what, why=why, next=f"Free some space on the volume of {self._root}, then try again.")
        if foreign.errno in (errno.ELOOP, errno.ENOTDIR):
            why = f"A symbolic link, or something else that is no folder, is in the way below {self._root}."
            return StorageError(what, why=why, next="Look who put it there, remove it, then try again.")
        why = f"{self._root}: {foreign.strerror or foreign}."
        return StorageError(what, why=why, next="Mend the rights or the volume of that folder, then try again.")


def _parts(digest: str) -> tuple[str, str]:
    match = DIGEST.fullmatch(digest)
    if match is None:
        raise InputError(
            f"{digest[:80]!r} is not a digest.",
            why="A digest is sha256: and 64 lower-case hexadecimal digits.",
            next="Copy the digest from the Change.",
        )
    return match[1], match[2]


def _chunks_of(path: Path) -> Iterator[bytes]:
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)  # a pipe must not keep us waiting
        with os.fdopen(handle, "rb", buffering=0) as file:
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                raise InputError(f"{path} can't become evidence.", why="It is no file.", next="Name a file.")
            while data := file.read(CHUNK):
                yield data
    except OSError as foreign:
        raise InputError(
            f"{path} can't become evidence.", why=f"{foreign.strerror}.", next="Name a file that can be read."
        ) from foreign


def _write(folder: int, name: str, chunks: Iterable[bytes]) -> tuple[str, int]:
    seen, size = hashlib.sha256(), 0
    handle = os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600, dir_fd=folder)
    with os.fdopen(handle, "wb", buffering=0) as file:
        os.fchmod(file.fileno(), 0o600)
        for chunk in chunks:
            seen.update(chunk)
            size += len(chunk)
            view = memoryview(chunk)
            while view:
                view = view[file.write(view) :]
        os.fsync(file.fileno())
    return f"sha256:{seen.hexdigest()}", size


def _holds(folder: int, name: str, digest: str) -> bool:
    """True when the file is there and its bytes are those of the digest; a symbolic link is an `OSError`."""
    try:
        handle = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=folder)
    except FileNotFoundError:
        return False
    with os.fdopen(handle, "rb") as file:
        return f"sha256:{hashlib.file_digest(file, 'sha256').hexdigest()}" == digest


def _sweep(incoming: int) -> None:
    for name in os.listdir(incoming):
        with suppress(FileNotFoundError):  # another writer's, which is done with it
            if os.stat(name, dir_fd=incoming, follow_symlinks=False).st_mtime < time.time() - _DAY:
                os.unlink(name, dir_fd=incoming)
