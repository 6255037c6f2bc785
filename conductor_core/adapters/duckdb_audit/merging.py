"""A new base beside the one that is asked: a copy with the recent rows added, made while new events come in."""

from __future__ import annotations

import os
import shutil
import threading
from pathlib import Path

import duckdb

from conductor_core.adapters.duckdb_audit import words
from conductor_core.adapters.duckdb_audit.model import PREFIX
from conductor_core.adapters.duckdb_audit.published import new_name, quoted
from conductor_core.domain.audit_model import STORED, Table
from conductor_core.ports.audit_database import Position

MEMORY = "256MB"
"""What DuckDB may hold while it makes a base; more is kept on disk beside it."""
_NICE = 10


class Merge:
    """A new base in the making, by a thread of its own: a copy of the old one with the rows of a published `recent`.

    `grown`: all values of the families of words that have new ones.
    """

    def __init__(self, folder: Path, old: str, recent: str, upto: Position, grown: words.Words) -> None:
        self.base, self.recent, self.upto, self._grown = new_name("base"), recent, upto, grown
        self.failed: Exception | None = None
        self._thread = threading.Thread(target=self._run, args=(folder, old), name="audit-merge")
        self._thread.start()

    @property
    def ended(self) -> bool:
        """Whether it is made, or has failed."""
        return not self._thread.is_alive()

    def wait(self) -> None:
        """Until it has ended."""
        self._thread.join()

    def _run(self, folder: Path, old: str) -> None:
        try:
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _NICE)  # of this thread: new events go first
            shutil.copyfile(folder / old, folder / self.base)
            spill = str(folder / "spill-merge")
            with duckdb.connect(
                ":memory:", config={"threads": 1, "memory_limit": MEMORY, "temp_directory": spill}
            ) as db:
                db.execute(f"ATTACH '{quoted(folder / self.base)}' AS next")
                db.execute(f"ATTACH '{quoted(folder / self.recent)}' AS recent (READ_ONLY)")
                db.begin()
                words.convert(db, "next", self._grown, PREFIX)
                db.commit()
                db.begin()
                for table in STORED:
                    replace(db, table, "next", f"recent.main.{PREFIX}{table.name}")
                db.commit()
                db.execute("CHECKPOINT next")
        except Exception as bad:  # noqa: BLE001  # told by the next publication
            self.failed = bad if isinstance(bad, (duckdb.Error, OSError)) else OSError(str(bad))


def replace(db: duckdb.DuckDBPyConnection, table: Table, database: str, given: str) -> None:
    """Add the rows of `given` to a table; one with the key of another takes its place."""
    name = f"{database}.main.{PREFIX}{table.name}"
    if table.key:
        same = " AND ".join(f"t.{key} = g.{key}" for key in table.key)
        db.execute(f"DELETE FROM {name} AS t USING {given} AS g WHERE {same}")  # noqa: S608  # names of our own model
    db.execute(f"INSERT INTO {name} SELECT * FROM {given}")  # noqa: S608  # names of our own model
