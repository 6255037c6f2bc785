"""Rows on their way into DuckDB, as lists and in slices: little is held twice, and Arrow is not needed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress

import duckdb

from conductor_core.domain.audit_model import Column
from conductor_core.ports.audit_database import Row

SLICE = 2000
"""Rows that are given at once."""


@contextmanager
def staged(
    db: duckdb.DuckDBPyConnection, columns: Sequence[Column], rows: Sequence[Row | Sequence[object]]
) -> Iterator[None]:
    """Inside the block `given` is a table of these rows (times in UTC, JSON as text)."""
    try:
        names = ", ".join(f"{c.name} {_type(c)}" for c in columns)
        db.execute(f"CREATE TEMP TABLE given ({names})")
        insert(db, "temp.given", columns, rows)
        yield
    finally:
        with suppress(duckdb.Error):  # after a failed statement the rollback drops it
            db.execute("DROP TABLE IF EXISTS temp.given")


def insert(
    db: duckdb.DuckDBPyConnection, table: str, columns: Sequence[Column], rows: Sequence[Row | Sequence[object]]
) -> None:
    """Add rows to a table of these columns."""
    lists = [f"unnest(${n}::{_type(c)}[]) AS {c.name}" for n, c in enumerate(columns, 1)]
    sql = f"INSERT INTO {table} SELECT {', '.join(lists)}"  # names of our own model
    for start in range(0, len(rows), SLICE):
        db.execute(sql, [list(cell) for cell in zip(*rows[start : start + SLICE], strict=True)])


def _type(column: Column) -> str:
    return "VARCHAR" if column.type == "JSON" else column.type
