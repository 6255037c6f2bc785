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
    types = ["VARCHAR" if column.type == "JSON" else column.type for column in columns]
    lists = [f"unnest(${n}::{kind}[]) AS {c.name}" for n, (c, kind) in enumerate(zip(columns, types, strict=True), 1)]
    select = f"SELECT {', '.join(lists)}"
    try:
        for start in range(0, max(1, len(rows)), SLICE):
            given = [list(cell) for cell in zip(*rows[start : start + SLICE], strict=True)] or [[] for _ in columns]
            into = "INSERT INTO temp.given" if start else "CREATE TEMP TABLE given AS"
            db.execute(f"{into} {select}", given)
        yield
    finally:
        with suppress(duckdb.Error):  # after a failed statement the rollback drops it
            db.execute("DROP TABLE IF EXISTS temp.given")
