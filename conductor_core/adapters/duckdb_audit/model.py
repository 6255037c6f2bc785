"""The tables and views of the read model as DuckDB SQL (from `domain.audit_model`).

A read model is files in layers: a large base, and above it smaller and younger ones. A view adds them up. A row of a
table with a key hides the row of that key in an older layer, whose sequence stands in a table of hidden ones beside the
new row: no two rows of a table with a key have one sequence, and a row keeps its sequence into whichever layer it goes.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from conductor_core.domain.audit_model import STORED, Column, Table

PREFIX = "t_"
"""Stands before the name of a stored table, so that its view can have the name."""
HIDDEN = "h_"
"""Stands before the name of a table with a key: which rows of older layers are hidden."""
BASE_BLOCK = 65536
"""Bytes of a block of the base: with those of a layer 10 million events take 1.4 GB instead of 0.8, and questions a
third longer; with DuckDB's own 262,144 a small record takes four times as much."""
LAYER_BLOCK = 16384
"""Bytes of a block of the files above it: most of them are small, and written every second."""
BASE = "base"
"""The base's name in a connection; those above it are `layer1`, `layer2` ..., and the youngest is the opened file."""


def create(table: Table, database: str, words: Collection[str] = ()) -> str:
    """The statement that makes a stored table; `words`: the families that are types of the database (see `words`).

    JSON is packed by zstd: what DuckDB would choose takes ten times as long for texts of some kilobytes.
    """
    packed = {column.name: " USING COMPRESSION zstd" for column in table.columns if column.type == "JSON"}
    columns = ", ".join(f"{c.name} {_type(c, database, words)}{packed.get(c.name, '')}" for c in table.columns)
    return f"CREATE TABLE {database}.main.{PREFIX}{table.name} ({columns})"


def create_all(database: str, words: Collection[str] = ()) -> list[str]:
    """The statements that make every stored table, and what is hidden of those with a key."""
    hidden = [f"CREATE TABLE {database}.main.{HIDDEN}{table.name} (sequence BIGINT)" for table in STORED if table.key]
    return [create(table, database, words) for table in STORED] + hidden


def alias(number: int) -> str:
    """The name of a layer in a connection, counted from the base."""
    return f"layer{number}" if number else BASE


def views(
    sealed: int, words: Collection[str] | None = None, hidden: Mapping[str, int] | None = None, layers: int = 2
) -> list[str]:
    """The statements that make the views over so many layers, and a `now()` that is in UTC like every time.

    `sealed` events have a ledger index; `words`: the families that are the same type in every layer (None: show all
    as text); `hidden`: of each table with hidden rows the least sequence of one (None: any may have some).
    """
    last = sorted(STORED, key=lambda table: table.name == "approvals")  # its view asks that of `voids`
    if hidden is None:
        hidden = {table.name: -1 for table in STORED if table.key}
    older = [alias(number) for number in range(layers - 1)]
    found = [_hidden(table, older) for table in STORED if table.name in hidden]
    return [*_NOW, *found, *(_stored(table, sealed, words, hidden, older) for table in last), *_OVER.values()]


def _type(column: Column, database: str, words: Collection[str]) -> str:
    if column.words in words:
        return f"{database}.main.w_{column.words}"
    return "VARCHAR" if column.type == "JSON" else column.type


def _hidden(table: Table, older: Sequence[str]) -> str:
    """The view of what is hidden, by any layer: the base hides nothing."""
    places = [f"{database}.main." for database in older[1:]] + [""]
    parts = [f"SELECT sequence FROM {place}{HIDDEN}{table.name}" for place in places]  # noqa: S608  # names of our own model
    return f"CREATE OR REPLACE TEMP VIEW {_ALL_HIDDEN}{table.name} AS {' UNION ALL '.join(parts)}"


def _stored(
    table: Table, sealed: int, words: Collection[str] | None, hidden: Mapping[str, int], older: Sequence[str]
) -> str:
    columns = []
    for column in table.columns:
        if column.name == "ordinal":
            columns.append(f"CASE WHEN x.ordinal < {int(sealed)} THEN x.ordinal END AS ledger_index")
        elif column.type == "JSON":
            columns.append(f"x.{column.name}::JSON AS {column.name}")
        elif column.words and column.words not in (words or ()):
            columns.append(f"x.{column.name}::VARCHAR AS {column.name}")
        else:
            columns.append(f"x.{column.name}")
    columns += [f"{sql} AS {name}" for name, sql in _COMPUTED.get(table.name, {}).items()]
    parts = [f"SELECT * FROM {PREFIX}{table.name}"]  # noqa: S608  # names of our own model
    for database in older:
        parts += _of_layer(table, database, hidden.get(table.name))
    made = f"SELECT {', '.join(columns)} FROM ({' UNION ALL '.join(parts)}) AS x"  # noqa: S608  # names of our own model
    return f"CREATE OR REPLACE TEMP VIEW {table.name} AS {made}"


def _of_layer(table: Table, database: str, least: int | None) -> list[str]:
    """A layer's rows that aren't hidden: those before the first hidden one need no look at what is."""
    every = f"SELECT b.* FROM {database}.main.{PREFIX}{table.name} AS b"  # noqa: S608  # names of our own model
    if least is None:
        return [every]
    rest = f"{every} ANTI JOIN {_ALL_HIDDEN}{table.name} USING (sequence)"
    if database != BASE:
        return [rest]
    return [f"{every} WHERE b.sequence < {int(least)}", f"{rest} WHERE b.sequence >= {int(least)}"]


_ALL_HIDDEN = "all_h_"
_NOW = (
    "CREATE OR REPLACE TEMP MACRO now() AS (transaction_timestamp()::TIMESTAMP)",
    "CREATE OR REPLACE TEMP MACRO get_current_timestamp() AS (transaction_timestamp()::TIMESTAMP)",
)
_COMPUTED: dict[str, dict[str, str]] = {
    "changes": {
        "lead_seconds": "epoch(x.finished_at - x.requested_at)",
        "wait_seconds": "epoch(x.approved_at - x.planned_at)",
        "run_seconds": "epoch(x.finished_at - x.started_at)",
    },
    "approvals": {
        "void": "EXISTS (SELECT 1 FROM voids AS v WHERE v.change_no = x.change_no AND v.sequence > x.sequence "
        "AND v.plan <> x.plan)"
    },
    "operations": {"seconds": "epoch(x.finished_at - x.started_at)"},
}
_OVER: dict[str, str] = {
    "runs": "CREATE OR REPLACE TEMP VIEW runs AS SELECT sequence, ledger_index, change_no, id AS change_id, "
    "started_at AS occurred_at, runbook, target, state, finished_at, run_seconds AS seconds, operations, notebook "
    "FROM changes WHERE started_at IS NOT NULL",
    "releases": "CREATE OR REPLACE TEMP VIEW releases AS SELECT sequence, ledger_index, change_no, id AS change_id, "
    "started_at AS occurred_at, release, channel, tier, "
    "CASE WHEN starts_with(runbook, 'rollback') THEN 'rollback' ELSE 'deploy' END AS kind, "
    "version, git_commit, requester, state, finished_at, lead_seconds "
    "FROM changes WHERE started_at IS NOT NULL "
    "AND release <> '' AND split_part(runbook, '_', 1) IN ('deploy', 'rollback', 'promote')",
}
