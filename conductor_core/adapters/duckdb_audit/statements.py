"""Which statements the explorer takes: one that reads, from the documented views, with functions that only compute.

Rule: security, untrusted input 17. DuckDB's own locks let a SELECT read the opened database files (`read_blob`), follow
raw pointers (`pandas_scan`), run text (`query`) and switch on logging (`enable_logging`); so every source of rows in
the parsed statement must be on a list here, whatever the locks say. What can't be parsed into a tree is refused.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import duckdb

from conductor_core.domain.audit_model import TABLES

SOURCES = frozenset({"range", "generate_series", "unnest", "json_each", "json_tree", "repeat_row"})
"""Table functions that make rows out of their arguments alone."""
FORBIDDEN = frozenset(
    {
        "nextval",
        "currval",
        "setval",
        "setseed",
        "write_log",
        "current_setting",
        "getvariable",
        "getenv",
        "parse_duckdb_log_message",
        "inet_server_addr",
        "inet_server_port",
        "inet_client_addr",
        "inet_client_port",
        "read_text",
        "read_blob",
        "in_search_path",
        "current_schemas",
        "current_query",
    }
)
"""Functions with an effect, or that tell about the process instead of the record."""
VIEWS = frozenset(table.name for table in TABLES)
_NODES = frozenset({"SELECT_NODE", "SET_OPERATION_NODE", "RECURSIVE_CTE_NODE", "CTE_NODE"})
_TABLE_REFS = frozenset(
    {
        "BASE_TABLE",
        "SUBQUERY",
        "JOIN",
        "TABLE_FUNCTION",
        "EXPRESSION_LIST",
        "EMPTY",
        "EMPTY_FROM",
        "PIVOT",
        "SHOW_REF",
        "COLUMN_DATA",
        "BOUND_TABLE_REF",
    }
)
_PLAIN_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
LONGEST = 100_000
"""Characters of the longest statement."""


class NotReadingError(Exception):
    """The statement isn't taken: `why`, and what to do `next`."""

    def __init__(self, why: str, next: str) -> None:
        super().__init__(why)
        self.why = why
        self.next = next


def parsed(db: duckdb.DuckDBPyConnection, sql: str) -> tuple[str, dict[str, Any]]:
    """The one statement in `sql`, as DuckDB reads it, and the tree that it makes of it.

    Raises `NotReadingError` for one that isn't taken, or DuckDB's error for bad syntax.
    """
    if len(sql) > LONGEST:
        raise NotReadingError(f"It has {len(sql):,} characters; {LONGEST:,} are read.", "Write it shorter.")
    if "\0" in sql:
        raise NotReadingError("It holds a NUL character.", "Remove it.")
    statements = duckdb.extract_statements(sql)
    if len(statements) != 1:
        found = "no statement" if not statements else f"{len(statements)} statements"
        raise NotReadingError(f"There is {found}.", "Write one statement.")
    kind = statements[0].type
    if kind != duckdb.StatementType.SELECT:
        name = str(kind).rpartition(".")[2]
        hint = (
            "PIVOT needs its values: PIVOT ... ON column IN (...)." if name == "MULTI" else "Begin with SELECT or WITH."
        )
        raise NotReadingError(f"It is a statement of the kind {name}; only statements that read are taken.", hint)
    text = statements[0].query.strip().rstrip(";")
    tree = _tree(db, text)
    _walk(tree["statements"])
    return text, tree


def named(tree: dict[str, Any]) -> set[str]:
    """The names of tables that stand anywhere in a statement."""
    return {str(node["table_name"]).strip('"').lower() for node in dicts(tree) if "table_name" in node}


def describes(tree: dict[str, Any]) -> bool:
    """Whether a statement asks for the types of columns: DESCRIBE, SUMMARIZE."""
    return any(node.get("type") == "SHOW_REF" for node in dicts(tree))


def _tree(db: duckdb.DuckDBPyConnection, text: str) -> dict[str, Any]:
    answer = db.execute("SELECT json_serialize_sql($1::VARCHAR)", [text]).fetchall()[0][0]
    try:
        tree = json.loads(answer)
    except (ValueError, RecursionError, TypeError) as bad:
        raise NotReadingError("It can't be taken apart to be checked.", "Write it with less nesting.") from bad
    if not isinstance(tree, dict) or tree.get("error") is not False or len(tree.get("statements", ())) != 1:
        why = str(tree.get("error_message", "")) if isinstance(tree, dict) else ""
        raise NotReadingError(f"It can't be taken apart to be checked. {why}".strip(), "Write it as a plain SELECT.")
    return tree


def _walk(tree: Any) -> None:
    named = {str(entry.get("key")) for node in dicts(tree) for entry in _ctes(node)}
    for name in named:
        if not _PLAIN_NAME.fullmatch(name):
            raise NotReadingError(f"WITH names a part {name[:60]!r}.", "Name it with letters, digits and underscores.")
    allowed = VIEWS | {name.lower() for name in named}
    for node in dicts(tree):
        kind = node.get("type")
        if not isinstance(kind, str):
            continue
        if kind.endswith("_NODE") and "class" not in node and kind not in _NODES:
            raise NotReadingError(f"It holds a part of the kind {kind}.", "Only reading is possible.")
        if "sample" in node and "alias" in node and "class" not in node and kind not in _TABLE_REFS:
            raise NotReadingError(f"It reads from {kind}.", f"Read from: {', '.join(sorted(VIEWS))}.")
        if kind == "BASE_TABLE":
            _table(node, allowed)
        elif kind == "TABLE_FUNCTION":
            _source(node)
        elif kind == "SHOW_REF":
            _shown(node)
        if "function_name" in node:
            _function(node)


def _table(node: dict[str, Any], allowed: frozenset[str] | set[str]) -> None:
    name, path = str(node.get("table_name", "")), (node.get("qualified_name") or {}).get("path")
    qualified = bool(node.get("schema_name") or node.get("catalog_name")) or (path is not None and path != [name])
    if qualified or name.lower() not in allowed:
        shown = ".".join(map(str, path)) if path else name
        raise NotReadingError(f"There is no table {shown[:120]!r}.", f"Read from: {', '.join(sorted(VIEWS))}.")


def _source(node: dict[str, Any]) -> None:
    name = str((node.get("function") or {}).get("function_name", "")).lower()
    if name not in SOURCES:
        raise NotReadingError(f"Rows can't be taken from {name[:60]}().", f"Read from: {', '.join(sorted(VIEWS))}.")


def _shown(node: dict[str, Any]) -> None:
    if node.get("query") is None and str(node.get("table_name", "")).strip('"').lower() not in VIEWS:
        raise NotReadingError("That can't be shown.", f"Describe one of: {', '.join(sorted(VIEWS))}.")


def _function(node: dict[str, Any]) -> None:
    name = str(node.get("function_name", "")).lower()
    if name in FORBIDDEN or name.startswith(("pragma_", "duckdb_", "pg_catalog")):
        raise NotReadingError(f"{name}() can't be used here.", "Ask the record, not the process.")


def _ctes(node: dict[str, Any]) -> list[dict[str, Any]]:
    found = (node.get("cte_map") or {}).get("map") if isinstance(node.get("cte_map"), dict) else None
    out = [entry for entry in found if isinstance(entry, dict)] if isinstance(found, list) else []
    if node.get("type") in ("CTE_NODE", "RECURSIVE_CTE_NODE") and "cte_name" in node:
        out.append({"key": node["cte_name"]})
    return out


def dicts(tree: Any) -> Iterator[dict[str, Any]]:
    """Every map in the tree; without recursion, which a deep statement could exhaust."""
    waiting = [tree]
    while waiting:
        at = waiting.pop()
        if isinstance(at, dict):
            yield at
            waiting.extend(at.values())
        elif isinstance(at, list):
            waiting.extend(at)
