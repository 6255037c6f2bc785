"""Rows on their way into DuckDB: few as lists, many as Arrow, whose import costs more than a small batch does."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress

import duckdb

from conductor_core.domain.audit_model import Column
from conductor_core.ports.audit_database import Row

FEW = 4000
"""Rows up to which lists are quicker, import included."""


@contextmanager
def staged(
    db: duckdb.DuckDBPyConnection, columns: Sequence[Column], rows: Sequence[Row | Sequence[object]]
) -> Iterator[None]:
    """Inside the block `given` is a table of these rows (times in UTC, JSON as text)."""
    values = list(zip(*rows, strict=True))
    if len(rows) <= FEW:
        types = ["VARCHAR" if column.type == "JSON" else column.type for column in columns]
        lists = [
            f"unnest(${n}::{kind}[]) AS {c.name}" for n, (c, kind) in enumerate(zip(columns, types, strict=True), 1)
        ]
        db.execute(f"CREATE TEMP TABLE given AS SELECT {', '.join(lists)}", [list(column) for column in values])
        try:
            yield
        finally:
            with suppress(duckdb.Error):  # after a failed statement the rollback drops it
                db.execute("DROP TABLE IF EXISTS temp.given")
        return
    db.register("given", _arrow(columns, values))
    try:
        yield
    finally:
        db.unregister("given")


def _arrow(columns: Sequence[Column], values: Sequence[Sequence[object]]) -> object:
    import pyarrow as pa  # type: ignore[import-untyped]  # it has no stubs

    types = {
        "BIGINT": pa.int64(),
        "INTEGER": pa.int32(),
        "DOUBLE": pa.float64(),
        "BOOLEAN": pa.bool_(),
        "TIMESTAMP": pa.timestamp("us", tz="UTC"),
    }
    cells = zip(columns, values, strict=True)
    return pa.table({column.name: pa.array(cell, types.get(column.type, pa.string())) for column, cell in cells})
