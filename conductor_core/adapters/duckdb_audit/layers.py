"""The files beneath the youngest one, as the connection that builds the read model has them attached."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import duckdb

from conductor_core.adapters.duckdb_audit import words
from conductor_core.adapters.duckdb_audit.merging import Merge, digest, full, least_hidden, weight, young
from conductor_core.adapters.duckdb_audit.model import HIDDEN, LAYER_BLOCK, PREFIX, create_all
from conductor_core.adapters.duckdb_audit.published import Layer, new_name, quoted
from conductor_core.domain.audit_model import STORED
from conductor_core.ports.audit_database import Position

Key = tuple[object, ...]
NAMES = [PREFIX + table.name for table in STORED] + [HIDDEN + table.name for table in STORED if table.key]
"""Every table of a file."""


class Layers:
    """Attached layers, oldest first; `known` are the words of the base."""

    def __init__(self, folder: Path, db: duckdb.DuckDBPyConnection) -> None:
        self._folder, self._db = folder, db
        self.files: list[Layer] = []
        self.known: words.Words = {}
        self._names: dict[str, str] = {}
        self._count = 0
        self._ends: dict[tuple[str, str], tuple[str, str]] = {}

    def add(self, layer: Layer) -> None:
        """Attach one that is younger than the others."""
        self.files.append(layer)
        self._attach(layer)

    def take(self, merge: Merge) -> None:
        """Put what a merge has made in the place of what it was made of; raises what it failed with."""
        if merge.failed is not None or merge.made is None:
            raise merge.failed or OSError("a merge ended without a file")
        at = self.files.index(merge.layers[0])
        for layer in merge.layers:
            name = self._names.pop(layer.name)
            self._db.execute(f"DETACH {name}")
            self._ends = {at: ends for at, ends in self._ends.items() if at[0] != name}
        self.files[at : at + len(merge.layers)] = [merge.made]
        self._attach(merge.made)

    def holding(self, table: str, keys: Sequence[Key]) -> dict[str, Sequence[Key]]:
        """Which of these keys a layer may have, by what it is called, oldest first; those with none are left out."""
        found: dict[str, Sequence[Key]] = {}
        for layer in self.files:
            name = self._names[layer.name]
            least, most = self._ends[name, table]
            if inside := [key for key in keys if least <= str(key[0]) <= most]:
                found[name] = inside
        return found

    def write(self, recent: words.Words, start: Position, events: int) -> Layer:
        """Write what is in memory as a file: so many events after `start`, with `recent` words.

        Families of words have the type of the base where that knows all of them.
        """
        db, path = self._db, self._folder / new_name("layer")
        same = [family for family, values in self.known.items() if recent.get(family, set()) <= values]
        db.execute(f"ATTACH '{quoted(path)}' AS made (BLOCK_SIZE {LAYER_BLOCK}, RECOVERY_MODE NO_WAL_WRITES)")
        try:
            db.begin()  # one transaction: each would wait for the disk
            words.make_types(db, "made", same, self._names[self.files[0].name])
            for statement in create_all("made", same):
                db.execute(statement)
            for name in NAMES:
                db.execute(f"INSERT INTO made.main.{name} SELECT * FROM memory.main.{name}")  # noqa: S608  # names of our own model
            db.commit()
            db.execute("CHECKPOINT made")
        finally:
            db.execute("DETACH made")
        types = {family: digest(self.known[family]) for family in same}
        size = path.stat().st_size
        return Layer(path.name, events, start.sequence, size, types, least_hidden(db, "memory"))

    def _attach(self, layer: Layer) -> None:
        self._count += 1
        name = self._names[layer.name] = f"l{self._count}"
        self._db.execute(f"ATTACH '{quoted(self._folder / layer.name)}' AS {name} (READ_ONLY)")
        for table in (table for table in STORED if table.key):
            sql = f"SELECT min({table.key[0]}), max({table.key[0]}) FROM {name}.main.{PREFIX}{table.name}"  # noqa: S608  # names of our own model
            least, most = self._db.execute(sql).fetchone() or (None, None)
            self._ends[name, table.name] = ("", "") if least is None else (str(least), str(most))
        if layer is self.files[0]:
            self.known = words.known(self._db, name)


def due(folder: Path, files: Sequence[Layer], merges: Sequence[Merge], events: int, size: int) -> Merge | None:
    """Begin to merge what has become many: one time into the base, and one time above it, at once.

    `events` and `size` (bytes): where the youngest file ends.
    """
    if any(not merge.anew for merge in merges):
        return None
    taken = {layer.name for merge in merges for layer in merge.layers}
    free = [layer for layer in files[1:] if layer.name not in taken]
    worth = [weight(layer, events, size) for layer in free]
    if not merges and full(weight(files[0], events, size), worth):
        return Merge(folder, files[0], files)
    count = young(worth)
    return Merge(folder, files[0], free[-count:]) if count else None
