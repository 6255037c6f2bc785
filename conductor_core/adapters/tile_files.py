"""The ledger's files in a folder: the `LogStore` of the embedded mode (layout: https://c2sp.org/tlog-tiles@v0.1.0).

A resource is created once, under its own name, and fsynced before it is acknowledged; nobody may read it before a
checkpoint calls for it, so it needs no rename. Every `OSError` here is a `LogStoreError` after which the process must
end: after a failed fsync the kernel may report the next one as a success although the bytes are gone.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import contextmanager, suppress
from pathlib import Path

from conductor_core.domain.tiles import CHECKPOINT, ENTRIES, WIDTH, Place, parse_path
from conductor_core.errors import NotFoundError
from conductor_core.ports.log_store import GROUP_LIMIT, LogStoreError

ASIDE = "aside"
_BATCH = 64  # files open at once
_SYNCS = 8  # fsyncs at once: the file system makes one commit of them, where one after the other each waits for its own


class TileFiles:
    """`LogStore` on a folder, for one writer and any number of readers. Nothing is made before the first write."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._known: set[Path] = set()
        self._published = False
        self._pool = ThreadPoolExecutor(_SYNCS, thread_name_prefix="ledger-fsync")

    @property
    def where(self) -> str:
        """The folder, as people read it."""
        return str(self._root)

    def write(self, resources: Sequence[tuple[Place, bytes]]) -> None:
        """See `LogStore`. One pass: create and write up to 64 files, then fsync them and all folders together."""
        folders: dict[Path, None] = {}
        with _fatal("written"):
            for start in range(0, len(resources), _BATCH):
                opened: list[int] = []
                try:
                    for place, data in resources[start : start + _BATCH]:
                        path = self._root / place.path
                        self._make(path.parent, folders)
                        opened.append(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o644))
                        _write_all(opened[-1], data)
                    if start + _BATCH >= len(resources):
                        opened.extend(map(_open_folder, folders))
                    self._sync(opened)
                finally:
                    for handle in opened:
                        os.close(handle)

    def read(self, path: str) -> bytes:
        """See `LogStore`; only paths of the log are opened, and no link is followed."""
        return self._read(parse_path(path).path)

    def publish(self, checkpoint: bytes) -> None:
        """See `LogStore`: a new file, fsynced, takes the name. The folder is fsynced the first time."""
        new = self._root / f"{CHECKPOINT}.new"
        folders: dict[Path, None] = {}
        with _fatal("published"):
            self._make(self._root, folders)
            handle = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o644)
            try:
                _write_all(handle, checkpoint)
                os.fsync(handle)
            finally:
                os.close(handle)
            new.rename(self._root / CHECKPOINT)
            if not self._published:
                self._sync_folders(folders)
            self._published = True

    def published(self) -> bytes | None:
        """See `LogStore`."""
        with suppress(NotFoundError):
            return self._read(CHECKPOINT)
        return None

    def set_aside(self, size: int) -> int:
        """See `LogStore`: the files go to `aside/<size>.<number>/` beside `tile/`, under their own paths."""
        found = list(self._beyond(size))
        folders: dict[Path, None] = {}
        with _fatal("set aside"):
            number = 0
            while (base := self._root / ASIDE / f"{size}.{number}").exists():
                number += 1
            for place in found:
                source, target = self._root / place.path, base / place.path
                self._make(target.parent, folders)
                source.rename(target)
                folders[source.parent] = None
            self._sync_folders(folders)
        return len(found)

    def prune(self, full: Sequence[Place]) -> None:
        """See `LogStore`; not made durable, since a partial that comes back does no harm."""
        with _fatal("pruned"):
            for place in full:
                folder = self._root / f"{place.path}.p"
                for width in self.widths(place):
                    (folder / str(width)).unlink()
                with suppress(FileNotFoundError):
                    folder.rmdir()

    def widths(self, full: Place) -> list[int]:
        """The widths of the partial resources that are there beside this full one, ascending."""
        with _fatal("looked through"):
            try:
                names = os.listdir(self._root / f"{full.path}.p")  # noqa: PTH208  # only names are needed, and often
            except FileNotFoundError:
                return []
        return sorted(int(name) for name in names if re.fullmatch("[1-9][0-9]{0,2}", name) and int(name) < WIDTH)

    def _beyond(self, size: int) -> Iterator[Place]:
        with _fatal("looked through"):
            for level in (ENTRIES, *range(64)):
                last = size + GROUP_LIMIT >> 8 * max(level, 0)
                if not last:
                    return
                for n in range((size >> 8 * max(level, 0)) // WIDTH, last // WIDTH + 1):
                    full = Place(level, n)
                    if full.end > size and (self._root / full.path).exists():
                        yield full
                    yield from (p for w in self.widths(full) if (p := Place(level, n, w)).end > size)

    def _read(self, path: str) -> bytes:
        with _fatal("read"):
            try:
                handle = os.open(self._root / path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
            except FileNotFoundError as missing:
                raise NotFoundError(
                    f"The log has no {path}.", next="Ask for a path that the checkpoint's size calls for."
                ) from missing
            with os.fdopen(handle, "rb", buffering=0) as file:
                return file.readall()

    def _make(self, folder: Path, changed: dict[Path, None]) -> None:
        """Note that the folder changes; the first time in this process, make it and note its ancestors too.

        A folder that an earlier process made may never have been fsynced into its parent.
        """
        changed[folder] = None
        if folder in self._known:
            return
        folder.mkdir(parents=True, exist_ok=True)
        for new in (folder, *folder.parents):
            if new in self._known:
                return
            self._known.add(new)
            changed[new.parent] = None
            if new == self._root:
                return

    def _sync_folders(self, folders: Iterable[Path]) -> None:
        opened: list[int] = []
        try:
            opened.extend(map(_open_folder, folders))
            self._sync(opened)
        finally:
            for handle in opened:
                os.close(handle)

    def _sync(self, handles: Sequence[int]) -> None:
        """Fsync all; returns or raises when none is under way any more, so that the caller may close them."""
        acts = [self._pool.submit(os.fsync, handle) for handle in handles]
        wait(acts)
        for act in acts:
            act.result()


@contextmanager
def _fatal(act: str) -> Iterator[None]:
    try:
        yield
    except OSError as bad:
        raise LogStoreError(
            f"The ledger's files can't be {act}; this process must end.",
            why=f"{bad.strerror}: {bad.filename or 'an open file'}.",
            next="Mend the disk (space, mode, health), then start the process again: it checks what became durable.",
        ) from bad


def _write_all(handle: int, data: bytes) -> None:
    done = os.write(handle, data)
    while done < len(data):
        done += os.write(handle, data[done:])


def _open_folder(folder: Path) -> int:
    return os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
