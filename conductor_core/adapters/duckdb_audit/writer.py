"""Builds the read model: rows go into memory, and a publication writes them beside the others (port `AuditBuilder`).

DuckDB lets nobody read a file that somebody writes, so readers get files that are never written again. The youngest
one is written anew with each publication and stays small: at a few thousand events it becomes a layer as it is, and the
next one is begun. So a publication costs the same however long the record is; layers are merged in the background.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import duckdb

from conductor_core.adapters.duckdb_audit import published, words
from conductor_core.adapters.duckdb_audit.layers import NAMES, Key, Layers, due
from conductor_core.adapters.duckdb_audit.merging import Merge, digests, weight
from conductor_core.adapters.duckdb_audit.model import BASE, BASE_BLOCK, HIDDEN, PREFIX, create_all
from conductor_core.adapters.duckdb_audit.published import Layer, Published, new_name, quoted
from conductor_core.adapters.duckdb_audit.staging import insert, staged
from conductor_core.domain.audit_model import STORED, VERSION, Column, Table
from conductor_core.errors import StorageError
from conductor_core.ports.audit_database import Batch, Position, Row

TAIL = 3000
"""Events that are written anew with each publication, before their file is left as it is."""
TAIL_BYTES = 8 << 20
"""The same in bytes of that file: some events are a thousand times as large as others."""
MEMORY = "112MB"
"""What DuckDB may hold; more is kept on disk beside it."""
CROWD = 30
"""Files beneath the tail from which on a publication waits until some are merged: each question opens all of them."""
REST = 60.0
"""Seconds without a merge after one has failed, which it may do again."""
_TABLES = {table.name: table for table in STORED}
_UNPACKED = "SET force_compression = 'uncompressed'"
"""For the recent file, which is written again a moment later."""


class DuckdbAuditBuilder:
    """Implements `ports.audit_database.AuditBuilder` in one folder."""

    def __init__(self, folder: Path, tail: int = TAIL) -> None:
        self._folder = folder
        self._tail = tail
        self._db: duckdb.DuckDBPyConnection | None = None
        self._position = Position()
        self._shown: Published | None = None
        self._open_base = ""
        """The name of a base that is being written, and that nobody can ask yet."""
        self._layers: Layers | None = None
        self._start = Position()
        """Where the tail begins."""
        self._written: Layer | None = None
        """The file of the tail as it is; None: it has to be written."""
        self._merges: list[Merge] = []
        self._rested = 0.0
        """When merges may begin again."""
        self._here: dict[str, set[Key]] = {table.name: set() for table in STORED if table.key}
        """The keys of the rows in memory."""
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
            self._open_base = new_name("base")
            db.execute(f"ATTACH '{quoted(self._folder / self._open_base)}' AS {BASE} (BLOCK_SIZE {BASE_BLOCK})")
            db.begin()
            for statement in create_all(BASE):
                db.execute(statement)
            db.commit()
        self._position, self._shown = Position(), None

    def known(self, table: str, keys: Sequence[Sequence[object]]) -> dict[tuple[object, ...], Row]:
        """See `AuditBuilder`."""
        kind, db = _TABLES[table], self._ready()
        at = [kind.names.index(k) for k in kind.key]
        here = self._here[table]
        sought = [tuple(key) for key in keys]
        wanted = self._beneath.holding(table, [key for key in sought if key not in here])
        if mine := [key for key in sought if key in here]:
            wanted[BASE if self._open_base else "memory"] = mine
        found: dict[tuple[object, ...], Row] = {}
        with self._guard():
            for layer, asked in wanted.items():
                with staged(db, _keys(kind), asked):
                    name, keys_of = f"{layer}.main.{PREFIX}{table}", ", ".join(kind.key)
                    sql = f"SELECT {_aware(kind)} FROM {name} AS t SEMI JOIN given USING ({keys_of})"  # noqa: S608  # names of our own model
                    for row in db.execute(sql).fetchall():
                        found[tuple(row[n] for n in at)] = row
        return found

    def write(self, batch: Batch) -> None:
        """See `AuditBuilder`."""
        db, database = self._ready(), BASE if self._open_base else "memory"
        with self._guard():
            db.begin()
            try:
                for name, rows in batch.rows.items():
                    if _TABLES[name].key:
                        self._make_room(db, _TABLES[name], database, rows)
                    insert(db, f"{database}.main.{PREFIX}{name}", _TABLES[name].columns, rows)
            except BaseException:
                db.rollback()
                raise
            db.commit()
        self._position, self._written = batch.position, None
        if not self._open_base:
            for family, values in words.of_rows(batch.rows).items():
                self._recent.setdefault(family, set()).update(values)

    def publish(self, sealed: int) -> bool:
        """See `AuditBuilder`."""
        db = self._ready()
        sealed = min(sealed, self._position.events)
        position = Position(self._position.sequence, self._position.events, sealed)
        if self._shown is not None and self._shown.position == position:
            return False
        if self._open_base:
            with self._guard():
                self._end_base(db)
        self._show(position)
        with self._guard():
            if self._written and weight(self._written, self._tail, TAIL_BYTES) >= 1:
                self._end_tail(db, self._written)
            if time.monotonic() >= self._rested:
                merge = due(self._folder, self._beneath.files, self._merges, self._tail, TAIL_BYTES)
                self._merges += [merge] if merge else []
        if (
            len(self._beneath.files) > CROWD and self._merges
        ):  # they can't keep up, or each process ended before its own
            for merge in self._merges:
                merge.wait()
            self._show(position)
        published.sweep(self._folder, self._in_use())
        return True

    def close(self) -> None:
        """See `AuditBuilder`."""
        for merge in self._merges:
            merge.wait()
        if self._db is not None:
            with suppress(duckdb.Error):
                self._db.close()
        self._db, self._shown, self._merges, self._layers = None, None, [], None
        self._open_base, self._start, self._written, self._recent = "", Position(), None, {}
        self._forget()

    def _show(self, position: Position) -> None:
        """Take in what is merged, write the tail where it has to be, and have all of it be asked."""
        with self._guard():
            self._take_merged()
            files, tail = self._beneath.files, self._position.events - self._start.events
            if self._written is None and (tail or len(files) == 1):
                self._written = self._beneath.write(self._recent, self._start, tail)
        self._shown = Published(VERSION, (*files, *([self._written] if self._written else [])), position)
        published.write(self._folder, self._shown)

    def _forget(self) -> None:
        for keys in self._here.values():
            keys.clear()

    @property
    def merges(self) -> tuple[Merge, ...]:
        """What is being merged."""
        return tuple(self._merges)

    @property
    def _beneath(self) -> Layers:
        if self._layers is None:
            raise published.full(self._folder, OSError("its files were let go of"))
        return self._layers

    def _make_room(self, db: duckdb.DuckDBPyConnection, table: Table, database: str, rows: Sequence[Row]) -> None:
        """Remove the rows with the keys of these from memory, and hide them in older layers."""
        at = [table.names.index(k) for k in table.key]
        keys, here = [tuple(row[n] for n in at) for row in rows], self._here[table.name]
        same = ", ".join(table.key)
        if again := [key for key in keys if key in here]:
            with staged(db, _keys(table), again):
                mine = f"{database}.main.{PREFIX}{table.name}"
                db.execute(f"DELETE FROM {mine} WHERE ({same}) IN (SELECT ({same}) FROM given)")  # noqa: S608  # names of our own model
        for layer, asked in self._beneath.holding(table.name, [key for key in keys if key not in here]).items():
            with staged(db, _keys(table), asked):
                old = f"{layer}.main.{PREFIX}{table.name} AS b SEMI JOIN given USING ({same})"
                db.execute(f"INSERT INTO memory.main.{HIDDEN}{table.name} SELECT b.sequence FROM {old}")  # noqa: S608  # names of our own model
        here.update(keys)

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
        self._layers = Layers(self._folder, self._db)
        return self._db

    def _take_up(self, shown: Published) -> None:
        self.close()
        with self._guard():
            db = self._connect()
            db.execute(_UNPACKED)
            for layer in (shown.base, *(layer for layer in shown.layers[1:] if layer.events)):
                self._beneath.add(layer)
        self._position = self._start = shown.position
        self._shown = shown

    def _end_base(self, db: duckdb.DuckDBPyConnection) -> None:
        """From here on nothing is written into the base."""
        words.convert(db, BASE, words.used(db, BASE, words.PLACES, PREFIX), PREFIX)
        types = digests(db, BASE)
        db.execute(f"CHECKPOINT {BASE}")
        db.execute(f"DETACH {BASE}")
        size = (self._folder / self._open_base).stat().st_size
        base, self._open_base = Layer(self._open_base, self._position.events, 0, size, types), ""
        self._forget()
        self._beneath.add(base)
        self._start = self._position
        db.execute(_UNPACKED)

    def _end_tail(self, db: duckdb.DuckDBPyConnection, tail: Layer) -> None:
        """The tail becomes a layer as it is, and the next one begins with nothing."""
        for name in NAMES:
            db.execute(f"TRUNCATE memory.main.{name}")
        self._forget()
        self._beneath.add(tail)
        self._start, self._written, self._recent = self._position, None, {}

    def _take_merged(self) -> None:
        for merge in [merge for merge in self._merges if merge.ended]:
            self._merges.remove(merge)
            if merge.failed is not None:
                self._rested = time.monotonic() + REST
            self._beneath.take(merge)
            if merge.anew:
                self._written = None  # its types are those of the base before

    def _in_use(self) -> set[str]:
        shown = {layer.name for layer in self._shown.layers} if self._shown else set()
        now = {layer.name for layer in self._beneath.files} | ({self._written.name} if self._written else set())
        return shown | now | {self._open_base} | {name for merge in self._merges for name in merge.names}

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


def _aware(table: Table) -> str:
    """The columns of a table as the projection takes them: times with their zone."""
    return ", ".join(
        f"t.{c.name} AT TIME ZONE 'UTC' AS {c.name}" if c.type == "TIMESTAMP" else f"t.{c.name}" for c in table.columns
    )


def _keys(table: Table) -> tuple[Column, ...]:
    return tuple(column for column in table.columns if column.name in table.key)
