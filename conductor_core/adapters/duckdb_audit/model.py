"""The tables and views of the read model as DuckDB SQL (from `domain.audit_model`).

A read model is two files: a large `base` that never changes once it is published, and a small `recent` that is written
anew with each publication. A view adds them up. A recent row of a table with a key hides the base's row of that key,
whose sequence stands in a table of hidden ones: no two rows of a table with a key have one sequence.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

from conductor_core.domain.audit_model import STORED, Column, Table

PREFIX = "t_"
"""Stands before the name of a stored table, so that its view can have the name."""
HIDDEN = "h_"
"""Stands before the name of a table with a key: which rows of the base are hidden."""


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


def views(sealed: int, words: Collection[str] | None = None, hidden: Mapping[str, int] | None = None) -> list[str]:
    """The statements that make the views over `base` and the opened file, and a `now()` that is in UTC like every time.

    `sealed` events have a ledger index; `words`: the families that are the same type in both files (None: show all
    as text); `hidden`: of each table with hidden rows the least sequence of one (None: any may have some).
    """
    last = sorted(STORED, key=lambda table: table.name == "approvals")  # its view asks that of `voids`
    if hidden is None:
        hidden = {table.name: -1 for table in STORED if table.key}
    return [*_NOW, *(_stored(table, sealed, words, hidden) for table in last), *_OVER.values()]


def _type(column: Column, database: str, words: Collection[str]) -> str:
    if column.words in words:
        return f"{database}.main.w_{column.words}"
    return "VARCHAR" if column.type == "JSON" else column.type


def _stored(table: Table, sealed: int, words: Collection[str] | None, hidden: Mapping[str, int]) -> str:
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
    name = PREFIX + table.name
    parts = [f"SELECT * FROM {name}", *_of_base(table, name, hidden.get(table.name))]  # noqa: S608  # names of our own model
    made = f"SELECT {', '.join(columns)} FROM ({' UNION ALL '.join(parts)}) AS x"  # noqa: S608  # names of our own model
    return f"CREATE OR REPLACE TEMP VIEW {table.name} AS {made}"


def _of_base(table: Table, name: str, least: int | None) -> list[str]:
    """The rows of the base that aren't hidden: those before the first hidden one need no look at what is."""
    every = f"SELECT b.* FROM base.main.{name} AS b"  # noqa: S608  # names of our own model
    if least is None:
        return [every]
    rest = f"{every} ANTI JOIN {HIDDEN}{table.name} USING (sequence) WHERE b.sequence >= {int(least)}"
    return [f"{every} WHERE b.sequence < {int(least)}", rest]


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
