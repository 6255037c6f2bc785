"""Several layers become one: a larger one, or a new base; made beside those that are asked, while new events come in.

A layer is worth the events or bytes that it holds, in units of the youngest one's. Four of one size become one of the
next, so that an event is written a few times on its way into the base, and there are never many files to ask.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import threading
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path

import duckdb

from conductor_core.adapters.duckdb_audit import words
from conductor_core.adapters.duckdb_audit.model import HIDDEN, LAYER_BLOCK, PREFIX, alias, create_all
from conductor_core.adapters.duckdb_audit.published import Layer, new_name, quoted, spill
from conductor_core.domain.audit_model import STORED, Table

MEMORY = "256MB"
"""What DuckDB may hold while it merges; more is kept on disk beside it."""
FAN = 4
"""So many layers of one size become one."""
SHARE = 8
"""The base is made anew when the layers above it hold this part of what it holds ..."""
LEAST, MOST = 4.0, 256.0
"""... and not before they are worth this; at this, in any case."""
_NICE = 10


def weight(layer: Layer, events: int, size: int) -> float:
    """What a layer is worth, where the youngest one ends at so many events or bytes."""
    return max(layer.events / events, layer.size / size)


def young(weights: Sequence[float]) -> int:
    """How many of the youngest layers should become one; `weights` of those above the base, oldest first."""
    sizes = [_size(worth) for worth in weights]
    for size in sorted(set(sizes)):
        count = next((n for n, found in enumerate(reversed(sizes)) if found > size), len(sizes))
        if sizes[len(sizes) - count :].count(size) >= FAN:
            return count
    return 0


def _size(worth: float) -> int:
    size = 0
    while worth >= FAN:
        worth, size = worth / FAN, size + 1
    return size


def full(base: float, weights: Iterable[float]) -> bool:
    """Whether the layers above a base of this weight should go into it."""
    return sum(weights) > min(MOST, max(LEAST, base / SHARE))


class Merge:
    """Adjacent layers on their way into one, in a thread of its own; `made` is it, once `ended` and not `failed`.

    `base`: the present one; when it is among the layers (as the first), a new base is made.
    """

    def __init__(self, folder: Path, base: Layer, layers: Sequence[Layer]) -> None:
        self.layers, self._base, self._folder = tuple(layers), base, folder
        self.anew = layers[0].name == base.name
        self.name = new_name("base" if self.anew else "layer")
        self.made: Layer | None = None
        self.failed: Exception | None = None
        self._thread = threading.Thread(target=self._run, name="audit-merge")
        self._thread.start()

    @property
    def ended(self) -> bool:
        """Whether it is made, or has failed."""
        return not self._thread.is_alive()

    def wait(self) -> None:
        """Until it has ended."""
        self._thread.join()

    @property
    def names(self) -> set[str]:
        """The files that it reads and writes."""
        return {self.name, self._base.name, *(layer.name for layer in self.layers)}

    def _run(self) -> None:
        try:
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _NICE)  # of this thread: new events go first
            config: dict[str, str | bool | int | float | list[str]] = {
                "threads": 1,
                "memory_limit": MEMORY,
                "temp_directory": str(spill(self._folder, self.name)),
            }
            if self.anew:
                shutil.copyfile(self._folder / self._base.name, self._folder / self.name)
            with duckdb.connect(":memory:", config=config) as db:
                kept = self._into_base(db) if self.anew else self._into_layer(db)
            size, events = (self._folder / self.name).stat().st_size, sum(layer.events for layer in self.layers)
            self.made = Layer(self.name, events, self.layers[0].after, size, *kept)
        except Exception as bad:  # noqa: BLE001  # told by the next publication
            self.failed = bad if isinstance(bad, (duckdb.Error, OSError)) else OSError(str(bad))
            for left in (self.name, f"{self.name}.wal"):  # it may be as large as the base, and the disk full
                with suppress(OSError):
                    (self._folder / left).unlink()

    def _into_base(self, db: duckdb.DuckDBPyConnection) -> tuple[dict[str, str], dict[str, int]]:
        self._attach(db, self.layers[1:])
        db.execute(f"ATTACH '{quoted(self._folder / self.name)}' AS next")
        known, grown = words.known(db, "next"), self._values(db, 1)
        text = words.used(db, "next", [family for family in grown if family not in known], PREFIX)
        grown = {family: known.get(family, text.get(family, set())) | values for family, values in grown.items()}
        db.begin()
        words.convert(db, "next", {f: v for f, v in grown.items() if v != known.get(f)}, PREFIX)
        db.commit()
        db.begin()
        for table in STORED:
            for number in range(1, len(self.layers)):
                if table.key:
                    gone = f"SELECT sequence FROM {alias(number)}.main.{HIDDEN}{table.name}"  # noqa: S608  # names of our own model
                    db.execute(f"DELETE FROM next.main.{PREFIX}{table.name} WHERE sequence IN ({gone})")  # noqa: S608  # names of our own model
                db.execute(
                    f"INSERT INTO next.main.{PREFIX}{table.name} {_shown(table, number, len(self.layers))}"
                )  # names of our own model
        db.commit()
        db.execute("CHECKPOINT next")
        return digests(db, "next"), {}

    def _into_layer(self, db: duckdb.DuckDBPyConnection) -> tuple[dict[str, str], dict[str, int]]:
        self._attach(db, self.layers)
        db.execute(f"ATTACH '{quoted(self._folder / self._base.name)}' AS base (READ_ONLY)")
        db.execute(f"ATTACH '{quoted(self._folder / self.name)}' AS made (BLOCK_SIZE {LAYER_BLOCK})")
        known, used = words.known(db, "base"), self._values(db, 1)
        same = [family for family, values in known.items() if used.get(family, set()) <= values]
        db.begin()
        words.make_types(db, "made", same)
        for statement in create_all("made", same):
            db.execute(statement)
        count = len(self.layers) + 1
        for table in STORED:
            for number in range(1, count):
                db.execute(
                    f"INSERT INTO made.main.{PREFIX}{table.name} {_shown(table, number, count)}"
                )  # names of our own model
                if table.key:
                    older = f"FROM {alias(number)}.main.{HIDDEN}{table.name} WHERE sequence <= {self.layers[0].after}"
                    db.execute(
                        f"INSERT INTO made.main.{HIDDEN}{table.name} SELECT DISTINCT sequence {older}"
                    )  # names of our own model
        db.commit()
        db.execute("CHECKPOINT made")
        return digests(db, "made"), least_hidden(db, "made")

    def _attach(self, db: duckdb.DuckDBPyConnection, layers: Sequence[Layer]) -> None:
        for number, layer in enumerate(layers, 1):
            db.execute(f"ATTACH '{quoted(self._folder / layer.name)}' AS {alias(number)} (READ_ONLY)")

    def _values(self, db: duckdb.DuckDBPyConnection, first: int) -> words.Words:
        found: words.Words = {family: set() for family in words.PLACES}
        for number in range(first, first + len(self.layers) - self.anew):
            for family, values in words.used(db, alias(number), words.PLACES, PREFIX).items():
                found[family] |= values
        return found


def digests(db: duckdb.DuckDBPyConnection, database: str) -> dict[str, str]:
    """The digest of each family's type in a database: equal ones have the same words."""
    return {f: digest(values) for f, values in words.known(db, database).items()}


def digest(values: Iterable[str]) -> str:
    """The digest of a type of these words."""
    return hashlib.sha256("\0".join(sorted(values)).encode("utf-8", "surrogatepass")).hexdigest()[:16]


def least_hidden(db: duckdb.DuckDBPyConnection, database: str) -> dict[str, int]:
    """The least sequence that each table of a database hides, where it hides some."""
    found = {}
    for table in (table for table in STORED if table.key):
        sql = f"SELECT min(sequence) FROM {database}.main.{HIDDEN}{table.name}"  # noqa: S608  # names of our own model
        (least,) = db.execute(sql).fetchone() or (None,)
        if least is not None:
            found[table.name] = int(least)
    return found


def _shown(table: Table, number: int, count: int) -> str:
    """Selects a layer's rows that none of the younger ones, up to `count`, hides."""
    rows = f"SELECT b.* FROM {alias(number)}.main.{PREFIX}{table.name} AS b"  # noqa: S608  # names of our own model
    if not table.key or number + 1 == count:
        return rows
    parts = [f"SELECT sequence FROM {alias(n)}.main.{HIDDEN}{table.name}" for n in range(number + 1, count)]  # noqa: S608  # names of our own model
    return f"{rows} ANTI JOIN ({' UNION ALL '.join(parts)}) AS h USING (sequence)"
