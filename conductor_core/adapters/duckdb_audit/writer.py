"""Builds the read model: rows go into memory, and a publication writes them beside the others (port `AuditBuilder`).

DuckDB lets nobody read a file that somebody writes, so readers get files that are never written again. The youngest
one is written anew with each publication and stays small: at a few thousand events it becomes a layer as it is, and the
next one is begun. So a publication costs the same however long the record is; layers are merged in the background.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import duckdb

from conductor_core.adapters.duckdb_audit import published, words
from conductor_core.adapters.duckdb_audit.merging import (
    Merge,
    digest,
    digests,
    full,
    least_hidden,
    weight,
    young,
)
from conductor_core.adapters.duckdb_audit.model import BASE, HIDDEN, PREFIX, create_all
from conductor_core.adapters.duckdb_audit.published import Layer, Published, new_name, quoted
from conductor_core.adapters.duckdb_audit.staging import insert, staged
from conductor_core.domain.audit_model import STORED, VERSION, Column, Table
from conductor_core.errors import StorageError
from conductor_core.ports.audit_database import Batch, Position, Row

TAIL = 3000
"""Events that are written anew with each publication, before their file is left as it is."""
TAIL_BYTES = 8 << 20
"""The same in bytes of that file: some events are a thousand times as large as others."""
MEMORY = "192MB"
"""What DuckDB may hold; more is kept on disk beside it."""
Key = tuple[object, ...]
_TABLES = {table.name: table for table in STORED}
_UNPACKED = "SET force_compression = 'uncompressed'"
"""For the recent file, which is written again a moment later."""
_NAMES = [PREFIX + table.name for table in STORED] + [HIDDEN + table.name for table in STORED if table.key]


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
        self._layers: list[Layer] = []
        self._names: dict[str, str] = {}
        """The layers that are attached, by file, and what they are called."""
        self._attached = 0
        self._start = Position()
        """Where the tail begins."""
        self._written: Layer | None = None
        """The file of the tail as it is; None: it has to be written."""
        self._merges: list[Merge] = []
        self._here: dict[str, set[Key]] = {table.name: set() for table in STORED if table.key}
        """The keys of the rows in memory."""
        self._ends: dict[tuple[str, str], tuple[str, str]] = {}
        """The least and the greatest first key of a layer's table: what lies outside need not be looked for there."""
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
            self._open_base = new_name("base")
            db.execute(f"ATTACH '{quoted(self._folder / self._open_base)}' AS {BASE} (BLOCK_SIZE 16384)")
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
        wanted = self._by_layer(table, [key for key in sought if key not in here])
        wanted["base" if self._open_base else "memory"] = [key for key in sought if key in here]
        found: dict[tuple[object, ...], Row] = {}
        with self._guard():
            for layer, asked in wanted.items():
                if not asked:
                    continue
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
        with self._guard():
            if self._open_base:
                self._end_base(db)
            self._take_merged()
            tail = self._position.events - self._start.events
            if self._written is None and (tail or len(self._layers) == 1):
                self._written = self._write_tail(db, tail)
        shown = (*self._layers, self._written) if self._written else tuple(self._layers)
        self._shown = Published(VERSION, shown, position)
        published.write(self._folder, self._shown)
        with self._guard():
            if self._written and weight(self._written, self._tail, TAIL_BYTES) >= 1:
                self._end_tail(db, self._written)
            self._merge()
        published.sweep(self._folder, self._in_use())
        return True

    def close(self) -> None:
        """See `AuditBuilder`."""
        for merge in self._merges:
            merge.wait()
        if self._db is not None:
            with suppress(duckdb.Error):
                self._db.close()
        self._db, self._shown, self._merges = None, None, []
        self._open_base, self._layers, self._names, self._attached = "", [], {}, 0
        self._start, self._written, self._known, self._recent = Position(), None, {}, {}
        self._ends = {}
        self._forget()

    def _forget(self) -> None:
        for keys in self._here.values():
            keys.clear()

    @property
    def merges(self) -> tuple[Merge, ...]:
        """What is being merged."""
        return tuple(self._merges)

    def _by_layer(self, table: str, keys: Sequence[Key]) -> dict[str, Sequence[Key]]:
        """Which keys may be in each older layer, oldest first."""
        found: dict[str, Sequence[Key]] = {}
        for layer in self._layers:
            least, most = self._ends[self._names[layer.name], table]
            found[self._names[layer.name]] = [key for key in keys if least <= str(key[0]) <= most]
        return found

    def _make_room(self, db: duckdb.DuckDBPyConnection, table: Table, database: str, rows: Sequence[Row]) -> None:
        """Remove the rows with the keys of these from memory, and hide them in older layers."""
        at = [table.names.index(k) for k in table.key]
        keys, here = [tuple(row[n] for n in at) for row in rows], self._here[table.name]
        same = ", ".join(table.key)
        if again := [key for key in keys if key in here]:
            with staged(db, _keys(table), again):
                mine = f"{database}.main.{PREFIX}{table.name}"
                db.execute(f"DELETE FROM {mine} WHERE ({same}) IN (SELECT ({same}) FROM given)")  # noqa: S608  # names of our own model
        for layer, asked in self._by_layer(table.name, [key for key in keys if key not in here]).items():
            if asked:
                with staged(db, _keys(table), asked):
                    old = (
                        f"SELECT b.sequence FROM {layer}.main.{PREFIX}{table.name} AS b SEMI JOIN given USING ({same})"  # noqa: S608  # names of our own model
                    )
                    db.execute(f"INSERT INTO memory.main.{HIDDEN}{table.name} {old}")
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
        return self._db

    def _take_up(self, shown: Published) -> None:
        self.close()
        with self._guard():
            db = self._connect()
            db.execute(_UNPACKED)
            held = [shown.base, *(layer for layer in shown.layers[1:] if layer.events)]
            for layer in held:
                self._attach(layer)
            self._layers = held
        self._position = self._start = shown.position
        self._shown = shown

    def _attach(self, layer: Layer) -> None:
        db = self._ready()
        self._attached += 1
        name = self._names[layer.name] = f"l{self._attached}"
        db.execute(f"ATTACH '{quoted(self._folder / layer.name)}' AS {name} (READ_ONLY)")
        for table in (table for table in STORED if table.key):
            sql = f"SELECT min({table.key[0]}), max({table.key[0]}) FROM {name}.main.{PREFIX}{table.name}"  # noqa: S608  # names of our own model
            least, most = db.execute(sql).fetchone() or (None, None)
            self._ends[name, table.name] = ("", "") if least is None else (str(least), str(most))
        if not self._layers:
            self._layers = [layer]
            self._known = words.known(db, name)

    def _end_base(self, db: duckdb.DuckDBPyConnection) -> None:
        """From here on nothing is written into the base."""
        words.convert(db, BASE, words.used(db, BASE, words.PLACES, PREFIX), PREFIX)
        types = digests(db, BASE)
        db.execute(f"CHECKPOINT {BASE}")
        db.execute(f"DETACH {BASE}")
        size = (self._folder / self._open_base).stat().st_size
        base, self._open_base = Layer(self._open_base, self._position.events, 0, size, types), ""
        self._forget()
        self._attach(base)
        self._start = self._position
        db.execute(_UNPACKED)

    def _write_tail(self, db: duckdb.DuckDBPyConnection, events: int) -> Layer:
        same = [f for f, values in self._known.items() if self._recent.get(f, set()) <= values]
        path = self._folder / new_name("layer")
        least = _write(db, path, self._names[self._layers[0].name], same)
        types = {f: digest(self._known[f]) for f in same}
        return Layer(path.name, events, self._start.sequence, path.stat().st_size, types, least)

    def _end_tail(self, db: duckdb.DuckDBPyConnection, tail: Layer) -> None:
        """The tail becomes a layer as it is, and the next one begins with nothing."""
        for name in _NAMES:
            db.execute(f"TRUNCATE memory.main.{name}")
        self._forget()
        self._attach(tail)
        self._layers.append(tail)
        self._start, self._written, self._recent = self._position, None, {}

    def _merge(self) -> None:
        """Begin to merge what has become many: one time into the base, and one time above it, at once."""
        if any(not merge.anew for merge in self._merges):
            return
        taken = {layer.name for merge in self._merges for layer in merge.layers}
        free = [layer for layer in self._layers[1:] if layer.name not in taken]
        worth = [weight(layer, self._tail, TAIL_BYTES) for layer in free]
        base = self._layers[0]
        if not self._merges and full(weight(base, self._tail, TAIL_BYTES), worth):
            self._merges.append(Merge(self._folder, base, self._layers))
        elif count := young(worth):
            self._merges.append(Merge(self._folder, base, free[-count:]))

    def _take_merged(self) -> None:
        for merge in [merge for merge in self._merges if merge.ended]:
            self._merges.remove(merge)
            if merge.failed is not None or merge.made is None:
                raise merge.failed or OSError("a merge ended without a file")
            db, at = self._ready(), self._layers.index(merge.layers[0])
            rest = self._layers[at + len(merge.layers) :]
            for layer in merge.layers:
                db.execute(f"DETACH {self._names.pop(layer.name)}")
            self._layers[at:] = []
            self._attach(merge.made)
            if at:
                self._layers.append(merge.made)
            self._layers += rest
            if merge.anew:
                self._written = None  # its types are those of the base before

    def _in_use(self) -> set[str]:
        shown = {layer.name for layer in self._shown.layers} if self._shown else set()
        now = {layer.name for layer in self._layers} | ({self._written.name} if self._written else set())
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


def _write(db: duckdb.DuckDBPyConnection, path: Path, base: str, same: Sequence[str]) -> dict[str, int]:
    """Write what is in memory, with the types of the base for the families of words that are the same there.

    Returns the least sequence of the hidden rows of each table that has some.
    """
    db.execute(f"ATTACH '{quoted(path)}' AS made (BLOCK_SIZE 16384, RECOVERY_MODE NO_WAL_WRITES)")
    try:
        db.begin()  # one transaction: each would wait for the disk
        words.make_types(db, "made", same, base)
        for statement in create_all("made", same):
            db.execute(statement)
        for name in _NAMES:
            db.execute(f"INSERT INTO made.main.{name} SELECT * FROM memory.main.{name}")  # noqa: S608  # names of our own model
        db.commit()
        db.execute("CHECKPOINT made")
    finally:
        db.execute("DETACH made")
    return least_hidden(db, "memory")


def _aware(table: Table) -> str:
    """The columns of a table as the projection takes them: times with their zone."""
    return ", ".join(
        f"t.{c.name} AT TIME ZONE 'UTC' AS {c.name}" if c.type == "TIMESTAMP" else f"t.{c.name}" for c in table.columns
    )


def _keys(table: Table) -> tuple[Column, ...]:
    return tuple(column for column in table.columns if column.name in table.key)
