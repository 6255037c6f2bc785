"""The ledger in an object store: the `LogStore` for several machines, through fsspec (layout: c2sp.org/tlog-tiles).

    <url>/tile/...               created once: a store that can refuses a second write itself (S3: `If-None-Match: *`)
    <url>/checkpoint             replaced whole
    <url>/vkey                   the public keys, beside the first checkpoint that each process publishes
    <url>/aside/<size>.<number>/ what `set_aside` moved away
    <url>/probe                  an empty object by which a process finds out whether the store refuses a second write

The store must show what was written to whoever reads next, as S3 does. The client library tries twice at most; what
then keeps a write from its answer is a `LogStoreError`, after which the process must end: it may have been written none
the less, even later. The next start moves that aside, or meets it and starts once more.
"""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import contextmanager, suppress
from functools import cached_property
from typing import Any, TypeVar

from conductor_core.domain.tiles import CHECKPOINT, ENTRIES, WIDTH, Place, parse_path
from conductor_core.errors import ConductorError, ConfigurationError, NotFoundError
from conductor_core.ports.log_store import GROUP_LIMIT, LogStoreError

log = logging.getLogger("ledger")
T = TypeVar("T")
R = TypeVar("R")

ASIDE, PROBE, VKEY = "aside", "probe", "vkey"
KEPT = 15.0
"""Seconds that it is remembered, for `widths`, which resources of a folder have partial ones."""
_AT_ONCE = 8
_URL = re.compile(r"([a-z][a-z0-9+]*)://([^/@?#]*)(/[^@?#]*)?")
_CREATES = ("s3", "s3a", "gs", "gcs", "memory")  # their fsspec rooms hand the condition on to the store
_QUICK = {"connect_timeout": 2, "read_timeout": 10, "retries": {"total_max_attempts": 2, "mode": "standard"}}
_OPTIONS: dict[str, dict[str, Any]] = {"s3": {"config_kwargs": _QUICK}, "s3a": {"config_kwargs": _QUICK}}


class TileObjects:
    """`LogStore` below a URL, for one writer and any number of readers. Nothing is contacted before the first call."""

    def __init__(self, url: str, vkeys: str = "") -> None:
        """`vkeys`: the log's public keys, one a line, for a process that writes it."""
        self.where = url.rstrip("/")
        self._vkeys = vkeys
        self._listed: dict[str, tuple[set[str], float]] = {}
        self._pool = ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="ledger-objects")

    def write(self, resources: Sequence[tuple[Place, bytes]]) -> None:
        """See `LogStore`. The first one goes alone, so that of two writers one has written nothing else."""
        with self._fatal("written"):
            if resources:
                self._create(*resources[0])
            self._all(lambda resource: self._create(*resource), resources[1:])

    def read(self, path: str) -> bytes:
        """See `LogStore`."""
        return self._read(parse_path(path).path)

    def publish(self, checkpoint: bytes) -> None:
        """See `LogStore`: one put, which an object store carries out whole or not at all."""
        if self._vkeys:
            self.lay(VKEY, self._vkeys.encode())
            self._vkeys = ""
        self.lay(CHECKPOINT, checkpoint)

    def published(self) -> bytes | None:
        """See `LogStore`."""
        return self.beside(CHECKPOINT)

    def set_aside(self, size: int) -> int:
        """See `LogStore`: all are copied to `aside/<size>.<number>/`, then all are deleted."""
        with self._fatal("set aside"):
            found = list(self._beyond(size))
            number = sum(1 for name in self._names(ASIDE) if name.startswith(f"{size}."))
            base = self._at(f"{ASIDE}/{size}.{number}")
            self._all(lambda p: self._fs.cp_file(self._at(p.path), f"{base}/{p.path}"), found)
            self._remove(found)
        return len(found)

    def prune(self, full: Sequence[Place]) -> None:
        """See `LogStore`."""
        with self._fatal("pruned"):
            folders = {folder: set(self._names(folder)) for folder in dict.fromkeys(map(_folder, full))}
            some = [place for place in full if _partial(place) in folders[_folder(place)]]
            self._remove([Place(place.level, place.n, width) for place in some for width in self._widths(place)])

    def widths(self, full: Place) -> list[int]:
        """The widths of the partial resources that are there beside this full one, ascending. Few have any: which ones
        is looked up for the whole folder and kept for a while, since a listing is the slowest of all requests."""
        folder, now = _folder(full), time.monotonic()
        with self._fatal("looked through"):
            names, until = self._listed.get(folder, (set[str](), 0.0))
            if until < now:
                names = set(self._names(folder))
                self._listed[folder] = names, now + KEPT
            return self._widths(full) if _partial(full) in names else []

    def beside(self, name: str) -> bytes | None:
        """A small object beside `tile/`, such as `vkey`; None: there is none."""
        with suppress(NotFoundError):
            return self._read(name)
        return None

    def lay(self, name: str, data: bytes) -> None:
        """Put or replace a small object beside `tile/`."""
        with self._fatal("written"):
            self._fs.pipe_file(self._at(name), data)

    @cached_property
    def _room(self) -> tuple[Any, str]:
        return open_store(self.where)

    @property
    def _fs(self) -> Any:
        return self._room[0]

    def _at(self, path: str) -> str:
        return f"{self._room[1]}/{path}"

    @cached_property
    def _refuses(self) -> bool:
        """Whether the store itself refuses to write over an object."""
        try:
            self._fs.pipe_file(self._at(PROBE), b"", mode="create")
            self._fs.pipe_file(self._at(PROBE), b"", mode="create")
        except Exception as bad:
            if not _taken(bad):
                raise
            if self.where.partition("://")[0] in _CREATES:
                return True
        log.warning("%s can't refuse to write over an object: let one worker alone write the ledger", self.where)
        return False

    def _create(self, place: Place, data: bytes) -> None:
        path = self._at(place.path)
        if self._refuses:
            self._fs.pipe_file(path, data, mode="create")
            return
        if self._fs.exists(path):
            raise FileExistsError(path)
        self._fs.pipe_file(path, data)
        if self._fs.cat_file(path) != data:
            raise FileExistsError(path)

    def _read(self, path: str) -> bytes:
        with self._fatal("read"):
            try:
                return bytes(self._fs.cat_file(self._at(path)))
            except (FileNotFoundError, IsADirectoryError) as missing:
                if "NoSuchBucket" in str(missing.__cause__):
                    raise
                raise NotFoundError(
                    f"The log has no {path}.",
                    why=f"{self.where}: {str(missing) or 'no such object'}.",
                    next="Ask for a path that the checkpoint's size calls for.",
                ) from missing

    def _names(self, folder: str) -> list[str]:
        try:
            return [str(path).rpartition("/")[2] for path in self._fs.ls(self._at(folder), detail=False)]
        except FileNotFoundError:
            return []

    def _widths(self, full: Place) -> list[int]:
        names = self._names(f"{full.path}.p")
        return sorted(int(name) for name in names if re.fullmatch("[1-9][0-9]{0,2}", name) and int(name) < WIDTH)

    def _beyond(self, size: int) -> Iterator[Place]:
        """By listing the folders in which such a resource can lie, two at most for each level."""
        for level in (ENTRIES, *range(64)):
            first, last = (count >> 8 * max(level, 0) for count in (size, size + GROUP_LIMIT))
            if not last:
                return
            wanted = [Place(level, n) for n in range(first // WIDTH, last // WIDTH + 1)]
            folders = dict.fromkeys(map(_folder, wanted))
            there = {f"{folder}/{name}" for folder in folders for name in self._names(folder)}
            for full in wanted:
                if full.end > size and full.path in there:
                    yield full
                if f"{full.path}.p" in there:
                    yield from (p for w in self._widths(full) if (p := Place(level, full.n, w)).end > size)

    def _remove(self, places: Sequence[Place]) -> None:
        if places:
            self._fs.rm([self._at(place.path) for place in places])

    def _all(self, act: Callable[[T], R], of: Iterable[T]) -> list[R]:
        """Do it for each, several at once; returns or raises when none is under way any more."""
        acts = [self._pool.submit(act, one) for one in of]
        wait(acts)
        return [done.result() for done in acts]

    @contextmanager
    def _fatal(self, act: str) -> Iterator[None]:
        try:
            yield
        except ConductorError:
            raise
        except Exception as bad:  # each protocol's library has errors of its own
            raise LogStoreError(
                f"The ledger's objects can't be {act}.",
                why=f"{self.where}: {'somebody else is writing, or an answer was lost; ' if _taken(bad) else ''}"
                f"{str(bad) or type(bad).__name__}.",
                next="Look whether the store answers, the bucket is there, and this user may read, write, delete and "
                "list in it. A worker that writes the ledger ends, starts again and checks what was written.",
            ) from bad


def _folder(place: Place) -> str:
    return place.path.rpartition("/")[0]


def _partial(full: Place) -> str:
    """The name, in its folder, of the folder of its partial resources."""
    return full.path.rpartition("/")[2] + ".p"


class CosignedObject:
    """Implements `ports.witness.CosignedStore`: `checkpoint.cosigned` beside the log's own checkpoint."""

    def __init__(self, store: TileObjects, name: str) -> None:
        self._store, self._name = store, name

    def keep(self, note: bytes) -> None:
        """See `CosignedStore`."""
        self._store.lay(self._name, note)

    def kept(self) -> bytes | None:
        """See `CosignedStore`."""
        return self._store.beside(self._name)


def open_store(url: str) -> tuple[Any, str]:
    """The fsspec file system of a URL and the path in it; raises `ConfigurationError`. Contacts nothing."""
    import fsspec  # only for whoever has a URL

    found = _URL.fullmatch(url)
    if not found or found[1] in ("file", "local") or not found[2]:
        raise _unfit(url, "it is not protocol://bucket/prefix, without credentials or query, nor file:///folder", _NEXT)
    given = fsspec.config.conf.get(found[1], {})
    try:
        kind = fsspec.get_filesystem_class(found[1])
        options = {**_OPTIONS.get(found[1], {}), **given}
        store = kind(use_listings_cache=False, **options)
    except ImportError as bad:
        named = "conductor's extra: pip install 'maestro-conductor[s3]'" if found[1] in ("s3", "s3a") else str(bad)
        raise _unfit(url, f"the package for {found[1]}:// is not installed", f"Install {named}.") from bad
    except ValueError as bad:
        raise _unfit(url, f"no {found[1]}:// is known", _NEXT) from bad
    if found[1] in ("s3", "s3a"):
        store.retries = 1  # over those of the client: each is tried long enough
    return store, str(kind._strip_protocol(url)).rstrip("/")


_NEXT = "Write CONDUCTOR_LEDGER_URL as s3://bucket/prefix; credentials and address come from AWS_... variables."


def _unfit(url: str, why: str, then: str) -> ConfigurationError:
    shown = re.sub(r"//.*@", "//...@", url[:120])  # it might be a password
    return ConfigurationError("The ledger's URL can't be used.", why=f"{shown!r}: {why}.", next=then)


def _taken(bad: Exception) -> bool:
    """Whether the store said that the object is there already."""
    return isinstance(bad, FileExistsError) or "PreconditionFailed" in str(bad.__cause__)
