"""Builds the read model: rows go into memory, and a publication writes them beside the base (port `AuditBuilder`).

DuckDB lets nobody read a file that somebody writes, so readers get files that are never written again. A base is
replaced in the background, by a copy with the recent rows added, when those have become many.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import duckdb

from conductor_core.adapters.duckdb_audit import published, words
from conductor_core.adapters.duckdb_audit.merging import Merge, replace
from conductor_core.adapters.duckdb_audit.model import HIDDEN, PREFIX, create_all
from conductor_core.adapters.duckdb_audit.published import Published, new_name, quoted
from conductor_core.adapters.duckdb_audit.staging import staged
from conductor_core.domain.audit_model import STORED, VERSION, Column, Table
from conductor_core.errors import StorageError
from conductor_core.ports.audit_database import Batch, Position, Row

LEAST_RECENT, MOST_RECENT = 8_000, 50_000
"""Events that are written anew with each publication before they go into the base: the more, the larger the base is."""
MOST_RECENT_BYTES = 32 << 20
"""The same in bytes of the recent file: some events are a thousand times as large as others."""
MEMORY = "192MB"
"""What DuckDB may hold; more is kept on disk beside it."""
_TABLES = {table.name: table for table in STORED}
_UNPACKED = "SET force_compression = 'uncompressed'"
"""For the recent file, which is written again a moment later."""
_NAMES = [PREFIX + table.name for table in STORED] + [HIDDEN + table.name for table in STORED if table.key]


class DuckdbAuditBuilder:
    """Implements `ports.audit_database.AuditBuilder` in one folder."""

    def __init__(self, folder: Path, most_recent: int = MOST_RECENT) -> None:
        self._folder = folder
        self._most_recent = most_recent
        self._db: duckdb.DuckDBPyConnection | None = None
        self._position = Position()
        self._shown: Published | None = None
        self._base = ""
        self._base_events = 0
        self._open_base = False
        self._merge: Merge | None = None
        self._known: words.Words = {}
        self._recent: words.Words = {}

    def open(self) -> Position:
        """See `AuditBuilder`; what another process has published meanwhile is taken up."""
        shown = published.read(self._folder)
        if self._db is not None and shown is not None and shown == self._shown:
            return self._position
        if shown is not None:
            with suppress(duckdb.Error, StorageError):
                self._take_up(shown)
                return self._position
        self.begin_anew()
        return self._position

    def begin_anew(self) -> None:
        """See `AuditBuilder`."""
        self.close()
        published.prepare(self._folder)
        with self._guard():
            db = self._connect()
            self._base = new_name("base")
            db.execute(f"ATTACH '{quoted(self._folder / self._base)}' AS base (BLOCK_SIZE 16384)")
            db.begin()
            for statement in create_all("base"):
                db.execute(statement)
            db.commit()
        self._open_base = True
        self._base_events, self._position, self._shown = 0, Position(), None
        self._known, self._recent = {}, {}

    def known(self, table: str, keys: Sequence[Sequence[object]]) -> dict[tuple[object, ...], Row]:
        """See `AuditBuilder`."""
        kind, db = _TABLES[table], self._ready()
        at = [kind.names.index(k) for k in kind.key]
        found: dict[tuple[object, ...], Row] = {}
        asked = tuple(Column(name, "VARCHAR", "") for name in kind.key)
        with self._guard(), staged(db, asked, keys):
            for database in ("base", "memory"):
                name, keys_of = f"{database}.main.{PREFIX}{table}", ", ".join(kind.key)
                sql = f"SELECT {_aware(kind)} FROM {name} AS t SEMI JOIN given USING ({keys_of})"  # noqa: S608  # names of our own model
                for row in db.execute(sql).fetchall():
                    found[tuple(row[n] for n in at)] = row
        return found

    def write(self, batch: Batch) -> None:
        """See `AuditBuilder`."""
        db, database = self._ready(), "base" if self._open_base else "memory"
        with self._guard():
            db.begin()
            try:
                for name, rows in batch.rows.items():
                    with staged(db, _TABLES[name].columns, rows):
                        if _TABLES[name].key and not self._open_base:
                            _hide(db, _TABLES[name])
                        replace(db, _TABLES[name], database, "given")
            except BaseException:
                db.rollback()
                raise
            db.commit()
        self._position = batch.position
        if self._open_base:
            self._base_events = batch.position.events
        else:
            for family, values in words.of_rows(batch.rows).items():
                self._recent.setdefault(family, set()).update(values)

    def publish(self, sealed: int) -> bool:
        """See `AuditBuilder`."""
        db = self._ready()
        sealed = min(sealed, self._position.events)
        position = Position(self._position.sequence, self._position.events, sealed)
        if self._shown is not None and self._shown.position == position:
            return False
        with self._guard():
            if self._open_base:
                words.convert(db, "base", words.used(db, "base", words.PLACES, PREFIX), PREFIX)
                db.execute("CHECKPOINT base")
                db.execute("DETACH base")
                self._attach(self._base)
                self._open_base = False
                db.execute(_UNPACKED)
            self._finish_merge()
            recent, same = new_name("recent"), self._same
            hidden = _write_recent(db, self._folder / recent, same)
        self._shown = Published(VERSION, self._base, recent, self._base_events, position, same, hidden)
        published.write(self._folder, self._shown)
        published.sweep(self._folder, self._in_use())
        most = min(self._most_recent, max(LEAST_RECENT, self._base_events // 50))
        large = (self._folder / recent).stat().st_size > MOST_RECENT_BYTES
        if self._merge is None and (large or position.events - self._base_events > most):
            grown = {family: self._known.get(family, set()) | values for family, values in self._recent.items()}
            grown = {family: values for family, values in grown.items() if values != self._known.get(family)}
            self._merge = Merge(self._folder, self._base, recent, position, grown)
        return True

    def close(self) -> None:
        """See `AuditBuilder`."""
        if self._merge is not None:
            self._merge.wait()
            self._merge = None
        if self._db is not None:
            with suppress(duckdb.Error):
                self._db.close()
        self._db, self._shown = None, None

    def _ready(self) -> duckdb.DuckDBPyConnection:
        if self._db is None:
            self.open()
        assert self._db is not None
        return self._db

    def _connect(self) -> duckdb.DuckDBPyConnection:
        config: dict[str, str | bool | int | float | list[str]] = {
            "threads": 1,
            "memory_limit": MEMORY,
            "temp_directory": str(self._folder / "spill"),
            "autoinstall_known_extensions": "false",
            "autoload_known_extensions": "false",
            "allow_community_extensions": "false",
        }
        self._db = duckdb.connect(":memory:", config=config)
        self._db.execute("SET TimeZone = 'UTC'")
        for statement in create_all("memory"):
            self._db.execute(statement)
        return self._db

    def _take_up(self, shown: Published) -> None:
        self.close()
        with self._guard():
            db = self._connect()
            self._base = shown.base
            db.execute(_UNPACKED)
            self._attach(shown.base)
            db.execute(f"ATTACH '{quoted(self._folder / shown.recent)}' AS taken (READ_ONLY)")
            for name in _NAMES:
                db.execute(f"INSERT INTO memory.main.{name} SELECT * FROM taken.main.{name}")  # noqa: S608  # names of our own model
            db.execute("DETACH taken")
            self._recent = words.used(db, "memory", words.PLACES, PREFIX)
        self._open_base = False
        self._base_events, self._position, self._shown = shown.base_events, shown.position, shown

    def _attach(self, base: str) -> None:
        assert self._db is not None
        self._db.execute(f"ATTACH '{quoted(self._folder / base)}' AS base (READ_ONLY)")
        self._known = words.known(self._db, "base")

    @property
    def _same(self) -> tuple[str, ...]:
        """The families all of whose recent values the base knows."""
        return tuple(family for family, values in self._known.items() if self._recent.get(family, set()) <= values)

    def _finish_merge(self) -> None:
        merge = self._merge
        if merge is None or not merge.ended:
            return
        self._merge = None
        if merge.failed is not None:
            raise merge.failed
        db = self._ready()
        db.execute("DETACH base")
        self._attach(merge.base)
        self._base, self._base_events = merge.base, merge.upto.events
        for table in STORED:
            db.execute(f"DELETE FROM memory.main.{PREFIX}{table.name} WHERE sequence <= {merge.upto.sequence}")  # noqa: S608  # a number and names of our own
            if table.key:
                db.execute(f"DELETE FROM memory.main.{HIDDEN}{table.name}")  # noqa: S608  # names of our own model
                db.execute(_hiding(table, f"memory.main.{PREFIX}{table.name}"))
        self._recent = words.used(db, "memory", words.PLACES, PREFIX)

    def _in_use(self) -> set[str]:
        shown = (self._shown.base, self._shown.recent) if self._shown else ()
        return {self._base, *shown, *((self._merge.base, self._merge.recent) if self._merge else ())}

    @contextmanager
    def _guard(self) -> Iterator[None]:
        """Translates DuckDB's errors; what was in memory is then built again from what is published."""
        try:
            yield
        except (duckdb.Error, OSError) as bad:
            with suppress(duckdb.Error):
                if self._db is not None:
                    self._db.close()
            self._db = None
            raise published.full(self._folder, bad) from bad


def _write_recent(db: duckdb.DuckDBPyConnection, path: Path, same: Sequence[str]) -> dict[str, int]:
    """Write what is in memory, with the types of the base for the families of words that are the same there.

    Returns the least sequence of the hidden rows of each table that has some.
    """
    db.execute(f"ATTACH '{quoted(path)}' AS made (BLOCK_SIZE 16384)")
    try:
        db.begin()  # one transaction: each would wait for the disk
        words.make_types(db, "made", same)
        for statement in create_all("made", same):
            db.execute(statement)
        for name in _NAMES:
            db.execute(f"INSERT INTO made.main.{name} SELECT * FROM memory.main.{name}")  # noqa: S608  # names of our own model
        db.commit()
        db.execute("CHECKPOINT made")
    finally:
        db.execute("DETACH made")
    least = {}
    for table in (table for table in STORED if table.key):
        (found,) = db.execute(f"SELECT min(sequence) FROM memory.main.{HIDDEN}{table.name}").fetchone() or (None,)  # noqa: S608  # names of our own model
        if found is not None:
            least[table.name] = int(found)
    return least


def _aware(table: Table) -> str:
    """The columns of a table as the projection takes them: times with their zone."""
    return ", ".join(
        f"t.{c.name} AT TIME ZONE 'UTC' AS {c.name}" if c.type == "TIMESTAMP" else f"t.{c.name}" for c in table.columns
    )


def _hide(db: duckdb.DuckDBPyConnection, table: Table) -> None:
    """Hide the base's rows whose keys are given and have no recent row yet."""
    keys = ", ".join(table.key)
    new = f"(SELECT {keys} FROM given ANTI JOIN memory.main.{PREFIX}{table.name} USING ({keys}))"  # noqa: S608  # names of our own model
    db.execute(_hiding(table, new))


def _hiding(table: Table, keys: str) -> str:
    names = ", ".join(table.key)
    found = f"SELECT b.sequence FROM base.main.{PREFIX}{table.name} AS b SEMI JOIN {keys} AS k USING ({names})"  # noqa: S608  # names of our own model
    return f"INSERT INTO memory.main.{HIDDEN}{table.name} {found}"
