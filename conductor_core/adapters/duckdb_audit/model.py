"""The tables and views of the read model as DuckDB SQL (from `domain.audit_model`).

A read model is files in layers: a large base, and above it smaller and younger ones. A view adds them up. A row of a
table with a key hides the row of that key in an older layer, whose sequence stands in a table of hidden ones beside the
new row: no two rows of a table with a key have one sequence, and a row keeps its sequence into whichever layer it goes.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from conductor_core.domain.audit_model import APPROVALS, CHANGES, STORED, TABLES, VOIDS, Column, Table

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
"""The base's name in a connection; those above it are `layer1`, `layer2` ..., and the youngest is the default one."""


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


@dataclass(frozen=True)
class Shape:
    """What the views over a read model depend on.

    `sealed` events have a ledger index; `words`: the families that are the same type in every layer (None: show all
    as text); `hidden`: of each table with hidden rows the least sequence of one (None: any may have some); `layers`:
    how many files there are.
    """

    sealed: int
    words: Collection[str] | None = None
    hidden: Mapping[str, int] | None = None
    layers: int = 2

    @property
    def older(self) -> list[str]:
        """The layers beneath the youngest."""
        return [alias(number) for number in range(self.layers - 1)]

    def hides(self, table: Table) -> int | None:
        """The least sequence of a hidden row of this table; None: it has none."""
        return (-1 if table.key else None) if self.hidden is None else self.hidden.get(table.name)


def views(shape: Shape, names: Collection[str] | None = None) -> list[str]:
    """The statements that make the views (of these names, or all), and a `now()` that is in UTC like every time."""
    tables = [table for table in TABLES if names is None or table.name in names]
    kept = {table.name if table.stored else CHANGES.name for table in tables}
    found = [_hidden(table, shape.older) for table in STORED if table.name in kept and shape.hides(table) is not None]
    return [*_NOW, *found, *(_view(table, _whole(table, shape)) for table in tables)]


def parts(table: Table, shape: Shape) -> list[str]:
    """What the view selects, in parts: from the base, which DuckDB can look through in order, and from the others."""
    return [_select(table, shape, rows) for rows in (*([row] for row in _of_base(table, shape)), _above(table, shape))]


def narrowed(table: Table, shape: Shape, picked: str, least: int, most: int) -> str:
    """The statement that makes the view of only those rows whose sequence is in the table `picked`, from `least` on."""
    few = f"sequence BETWEEN {int(least)} AND {int(most)} AND sequence IN (FROM {picked})"
    return _view(table, f"SELECT * FROM ({_whole(table, shape)}) WHERE {few}")  # noqa: S608  # names of our own model


def _view(table: Table, select: str) -> str:
    return f"CREATE OR REPLACE TEMP VIEW {table.name} AS {select}"


def _type(column: Column, database: str, words: Collection[str]) -> str:
    if column.words in words:
        return f"{database}.main.w_{column.words}"
    return "VARCHAR" if column.type == "JSON" else column.type


def _hidden(table: Table, older: Sequence[str]) -> str:
    """The view of what is hidden, by any layer: the base hides nothing."""
    places = [f"{database}.main." for database in older[1:]] + [""]
    parts = [f"SELECT sequence FROM {place}{HIDDEN}{table.name}" for place in places]  # noqa: S608  # names of our own model
    return f"CREATE OR REPLACE TEMP VIEW {_ALL_HIDDEN}{table.name} AS {' UNION ALL '.join(parts)}"


def _whole(table: Table, shape: Shape) -> str:
    return _select(table, shape, _above(table, shape) + _of_base(table, shape))


def _select(table: Table, shape: Shape, rows: Sequence[str]) -> str:
    """What the view of a table selects out of these rows."""
    if not table.stored:
        return _OVER[table.name].format(changes=_select(CHANGES, shape, rows))
    columns = []
    for column in table.columns:
        if column.name == "ordinal":
            columns.append(f"CASE WHEN x.ordinal < {int(shape.sealed)} THEN x.ordinal END AS ledger_index")
        elif column.type == "JSON":
            columns.append(f"x.{column.name}::JSON AS {column.name}")
        elif column.words and column.words not in (shape.words or ()):
            columns.append(f"x.{column.name}::VARCHAR AS {column.name}")
        else:
            columns.append(f"x.{column.name}")
    columns += [f"{sql} AS {name}" for name, sql in _COMPUTED.get(table.name, {}).items()]
    beside = _VOIDED.format(voids=_whole(VOIDS, shape)) if table is APPROVALS else ""
    return f"SELECT {', '.join(columns)} FROM ({' UNION ALL '.join(rows)}) AS x{beside}"  # noqa: S608  # names of our own model


def _above(table: Table, shape: Shape) -> list[str]:
    """Selects the stored rows above the base: the youngest file's, then those of the layers that aren't hidden."""
    kept = table if table.stored else CHANGES
    rows = [f"SELECT * FROM {PREFIX}{kept.name}"]  # noqa: S608  # names of our own model
    for database in shape.older[1:]:
        every = _of_layer(kept, database)
        rows.append(every if shape.hides(kept) is None else f"{every} {_shown(kept)}")
    return rows


def _of_base(table: Table, shape: Shape) -> list[str]:
    """The same of the base: rows before the first hidden one need no look at what is."""
    kept = table if table.stored else CHANGES
    every, least = _of_layer(kept, BASE), shape.hides(kept)
    if least is None:
        return [every]
    return [f"{every} WHERE b.sequence < {int(least)}", f"{every} {_shown(kept)} WHERE b.sequence >= {int(least)}"]


def _of_layer(table: Table, database: str) -> str:
    return f"SELECT b.* FROM {database}.main.{PREFIX}{table.name} AS b"  # noqa: S608  # names of our own model


def _shown(table: Table) -> str:
    return f"ANTI JOIN {_ALL_HIDDEN}{table.name} USING (sequence)"


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
    "approvals": {"void": "coalesce(x.sequence < v.latest, false)"},
    "operations": {"seconds": "epoch(x.finished_at - x.started_at)"},
}
_VOIDED = """ LEFT JOIN (SELECT change_no AS voided_no, max(sequence) AS latest FROM ({voids}) GROUP BY ALL) AS v
    ON v.voided_no = x.change_no"""
"""DuckDB leaves this out where nobody asks for `void`; it doesn't so with an EXISTS."""
_OVER: dict[str, str] = {
    "runs": "SELECT sequence, ledger_index, change_no, id AS change_id, "
    "started_at AS occurred_at, tier, release, channel, requester, runbook, target, state, finished_at, "
    "run_seconds AS seconds, operations, notebook "
    "FROM ({changes}) WHERE started_at IS NOT NULL",
    "releases": "SELECT sequence, ledger_index, change_no, id AS change_id, "
    "started_at AS occurred_at, tier, release, channel, requester, "
    "CASE WHEN starts_with(runbook, 'rollback') THEN 'rollback' ELSE 'deploy' END AS kind, "
    "version, git_commit, reason, state, finished_at, lead_seconds "
    "FROM ({changes}) WHERE started_at IS NOT NULL "
    "AND release <> '' AND split_part(runbook, '_', 1) IN ('deploy', 'rollback', 'promote')",
}
