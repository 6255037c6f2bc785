"""Texts with few different values, kept as DuckDB's ENUM: a byte or two each, which are grouped without hashing text.

A family of words (`Column.words`) is one type in the base. A younger layer has the same type for the families all of
whose values in it the base knows; a family with a new value is shown as text by all until the next base knows it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence

import duckdb

from conductor_core.domain.audit_model import STORED
from conductor_core.ports.audit_database import Row

MOST = 4096
"""Different values from which on a family stays text."""
PREFIX = "w_"
"""Stands before the name of a family in the name of its type."""
PLACES: Mapping[str, Sequence[tuple[str, int, str]]] = {
    family: [
        (table.name, at, column.name)
        for table in STORED
        for at, column in enumerate(table.columns)
        if column.words == family
    ]
    for family in sorted({column.words for table in STORED for column in table.columns if column.words})
}
"""Where the words of each family stand: table, number and name of the column."""
Words = dict[str, set[str]]
"""The different values by family."""


def known(db: duckdb.DuckDBPyConnection, database: str) -> Words:
    """The values of each family that is a type in a database."""
    sql = "SELECT type_name, labels FROM duckdb_types() WHERE database_name = $1 AND starts_with(type_name, $2)"
    found = db.execute(sql, [database, PREFIX]).fetchall()
    return {str(name).removeprefix(PREFIX): set(labels) for name, labels in found}


def used(db: duckdb.DuckDBPyConnection, database: str, families: Iterable[str], prefix: str) -> Words:
    """The values of these families that stand in the tables of a database (`prefix`: of a stored table's name).

    Of a family with more than `MOST` values some are given, but more than `MOST`.
    """
    return {family: set(_values(db, database, family, prefix)) for family in families}


def of_rows(rows: Mapping[str, Sequence[Row]]) -> Words:
    """The values of each family in rows that are to be written."""
    found: Words = {family: set() for family in PLACES}
    for family, places in PLACES.items():
        for table, at, _ in places:
            found[family].update(str(row[at]) for row in rows.get(table, ()) if row[at] is not None)
    return found


def make_types(db: duckdb.DuckDBPyConnection, database: str, families: Collection[str], base: str = "base") -> None:
    """Types in another database that are the same as those in `base`."""
    for family in families:
        name = PREFIX + family
        db.execute(f"CREATE TYPE {database}.main.{name} AS ENUM (SELECT unnest(enum_range(NULL::{base}.main.{name})))")


def convert(db: duckdb.DuckDBPyConnection, database: str, wanted: Words, prefix: str) -> None:
    """Give the columns of these families a type of exactly these values, ordered as text is; many stay text."""
    present = known(db, database)
    for family, values in wanted.items():
        name = f"{database}.main.{PREFIX}{family}"
        if family in present:
            db.execute(f"DROP TYPE {name}")
        if values and len(values) <= MOST:
            db.execute(
                f"CREATE TYPE {name} AS ENUM (SELECT v FROM (SELECT unnest($1::VARCHAR[]) AS v) ORDER BY v)",  # noqa: S608  # names of our own model
                [list(values)],
            )
            kind = name
        elif family in present:
            kind = "VARCHAR"
        else:
            continue
        for table, _, column in PLACES[family]:
            cast = f"TRY_CAST({column}::VARCHAR AS {kind})"  # it also meets rows that are deleted, with words of theirs
            db.execute(f"ALTER TABLE {database}.main.{prefix}{table} ALTER COLUMN {column} TYPE {kind} USING {cast}")


def _values(db: duckdb.DuckDBPyConnection, database: str, family: str, prefix: str) -> Iterable[str]:
    for table, _, column in PLACES[family]:
        said = f"SELECT DISTINCT {column}::VARCHAR FROM {database}.main.{prefix}{table}"  # noqa: S608  # names of our own model
        sql = f"{said} WHERE {column} IS NOT NULL LIMIT {MOST + 1}"
        yield from (str(value) for (value,) in db.execute(sql).fetchall())
