"""The tables and views of the read model as DuckDB SQL (from `domain.audit_model`).

A read model is two files: a large `base` that never changes once it is published, and a small `recent` that is written
anew with each publication. A view adds them up. A recent row of a table with a key hides the base's row of that key,
whose sequence stands in a table of hidden ones: no two rows of a table with a key have one sequence.
"""

from __future__ import annotations

from conductor_core.domain.audit_model import STORED, Table

PREFIX = "t_"
"""Stands before the name of a stored table, so that its view can have the name."""
HIDDEN = "h_"
"""Stands before the name of a table with a key: which rows of the base are hidden."""


def create(table: Table, database: str) -> str:
    """The statement that makes a stored table."""
    columns = ", ".join(f"{c.name} {'VARCHAR' if c.type == 'JSON' else c.type}" for c in table.columns)
    return f"CREATE TABLE {database}.main.{PREFIX}{table.name} ({columns})"


def create_all(database: str) -> list[str]:
    """The statements that make every stored table, and what is hidden of those with a key."""
    hidden = [f"CREATE TABLE {database}.main.{HIDDEN}{table.name} (sequence BIGINT)" for table in STORED if table.key]
    return [create(table, database) for table in STORED] + hidden


def views(sealed: int) -> list[str]:
    """The statements that make the views over `base` and the opened file; `sealed` events have a ledger index."""
    last = sorted(STORED, key=lambda table: table.name == "approvals")  # its view asks that of `voids`
    return [_stored(table, sealed) for table in last] + list(_OVER.values())


def _stored(table: Table, sealed: int) -> str:
    columns = []
    for column in table.columns:
        if column.name == "ordinal":
            columns.append(f"CASE WHEN x.ordinal < {int(sealed)} THEN x.ordinal END AS ledger_index")
        elif column.type == "JSON":
            columns.append(f"x.{column.name}::JSON AS {column.name}")
        else:
            columns.append(f"x.{column.name}")
    columns += [f"{sql} AS {name}" for name, sql in _COMPUTED.get(table.name, {}).items()]
    name = PREFIX + table.name
    rows = f"SELECT b.* FROM base.main.{name} AS b"  # noqa: S608  # names of our own model
    if table.key:
        rows += f" ANTI JOIN {HIDDEN}{table.name} USING (sequence)"
    made = f"SELECT {', '.join(columns)} FROM (SELECT * FROM {name} UNION ALL {rows}) AS x"  # noqa: S608  # names of our own model
    return f"CREATE TEMP VIEW {table.name} AS {made}"


_COMPUTED: dict[str, dict[str, str]] = {
    "changes": {
        "lead_seconds": "epoch(x.finished_at - x.requested_at)",
        "wait_seconds": "epoch(x.approved_at - x.planned_at)",
        "run_seconds": "epoch(x.finished_at - x.started_at)",
    },
    "approvals": {
        "void": "EXISTS (SELECT 1 FROM voids AS v WHERE v.change_id = x.change_id AND v.sequence > x.sequence "
        "AND v.plan <> x.plan)"
    },
    "operations": {"seconds": "epoch(x.finished_at - x.started_at)"},
}
_OVER: dict[str, str] = {
    "runs": "CREATE TEMP VIEW runs AS SELECT sequence, ledger_index, id AS change_id, "
    "started_at AS occurred_at, runbook, target, state, finished_at, run_seconds AS seconds, operations, notebook "
    "FROM changes WHERE started_at IS NOT NULL",
    "releases": "CREATE TEMP VIEW releases AS SELECT sequence, ledger_index, id AS change_id, "
    "started_at AS occurred_at, release, channel, tier, "
    "CASE WHEN starts_with(runbook, 'rollback') THEN 'rollback' ELSE 'deploy' END AS kind, "
    "version, git_commit, requester, state, finished_at, lead_seconds "
    "FROM changes WHERE started_at IS NOT NULL "
    "AND release <> '' AND split_part(runbook, '_', 1) IN ('deploy', 'rollback', 'promote')",
}
