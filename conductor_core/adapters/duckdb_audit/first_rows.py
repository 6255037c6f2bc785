"""The first rows of a long list: what nearly every person asks first, `SELECT * FROM events ORDER BY ... DESC`.

DuckDB finds the first rows of one file without reading the others, but sorts everything that a view adds up out of
several: of ten million events that takes seconds, and more memory than a statement may use. So the rows that can be
among the first are picked in each part of the view alone, and the statement, as it is, is asked of those. One without a
LIMIT gets that of the row cap, at which its answer would be cut off.
"""

from __future__ import annotations

import copy
import json
from collections import Counter
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

import duckdb

from conductor_core.adapters.duckdb_audit.model import Shape, narrowed, parts
from conductor_core.adapters.duckdb_audit.statements import dicts
from conductor_core.domain.audit_model import TABLES, Table

LARGE = 20_000
"""Events of the record from which on it is worth it."""
_MOST = 200_000
"""Rows of the longest beginning that is picked."""
_PICKED, _PART = "picked", "part"
_CLASSES = frozenset(
    {"COLUMN_REF", "STAR", "CONSTANT", "PARAMETER", "CAST", "COMPARISON", "CONJUNCTION", "BETWEEN", "CASE", "OPERATOR"}
    | {"FUNCTION", "LAMBDA", "TYPE"}
)
_LISTED = frozenset({"type", "select_list", "from_table", "where_clause", "modifiers", "aggregate_handling"})
"""What the node of a list says; everything else in it is empty."""
_VIEWS = {table.name: table for table in TABLES}


def scalar_functions(db: duckdb.DuckDBPyConnection) -> frozenset[str]:
    """The functions that give one value for each row, always the same for the same arguments; of a database without
    macros, for `now()` is one of ours."""
    sql = """SELECT function_name FROM duckdb_functions() GROUP BY ALL
        HAVING bool_and(function_type = 'scalar' AND stability <> 'VOLATILE')"""
    return frozenset(str(name) for (name,) in db.execute(sql).fetchall())


def capped(text: str, tree: dict[str, Any], most: int) -> str:
    """The statement with a LIMIT of one row more than `most`, where it has none of its own."""
    node = tree["statements"][0]["node"]
    listing = (node.get("from_table") or {}).get("type") not in ("SHOW_REF", "EXPRESSION_LIST")
    own = any(str(part.get("type")).startswith("LIMIT") for part in node.get("modifiers", ()))
    if own or not listing or node.get("sample"):
        return text
    with suppress(duckdb.ParserException):
        duckdb.extract_statements(limited := f"{text}\nLIMIT {most + 1}")
        return limited
    return text


def ask(
    db: duckdb.DuckDBPyConnection,
    text: str,
    tree: dict[str, Any],
    order: Mapping[str, Any],
    shape: Shape,
    scalar: frozenset[str],
) -> duckdb.DuckDBPyConnection:
    """The result of the statement, in a transaction of its own, so that `now()` is one time.

    `order` has the statement's `parameters`, how many `rows` are wanted at most, and how many `events` the record has;
    `scalar`: see `scalar_functions`.
    """
    db.begin()
    if order["events"] >= LARGE:
        try:
            narrow(db, tree, order, shape, scalar)
        except duckdb.Error:  # what the statement itself makes of it will be told
            db.rollback()
            db.begin()
    return db.execute(capped(text, tree, order["rows"]), order["parameters"] or None)


def narrow(
    db: duckdb.DuckDBPyConnection, tree: dict[str, Any], order: Mapping[str, Any], shape: Shape, scalar: frozenset[str]
) -> None:
    """Make a view that the statement, or a part of it, lists narrower: to the rows that can be among its first.

    A view that is named elsewhere in it as well stays whole. The rest as for `ask`.
    """
    named = Counter(str(node["table_name"]).lower() for node in dicts(tree) if node.get("type") == "BASE_TABLE")
    whole = tree["statements"][0]["node"]
    for number, node in enumerate([node for node in dicts(tree) if node.get("type") == "SELECT_NODE"]):
        count = _first(node, order["rows"] if node is whole else 0, scalar)
        name = str((node.get("from_table") or {}).get("table_name", "")).lower()
        if count and named[name] == 1:
            picked = f"{_PICKED}{number}"
            _pick(db, picked, _VIEWS[name], _picking(db, node, count), _given(node, order), shape)


def _pick(
    db: duckdb.DuckDBPyConnection, picked: str, table: Table, picking: str, given: dict[str, Any] | None, shape: Shape
) -> None:
    db.execute(f"CREATE TEMP TABLE {picked} (sequence BIGINT)")
    for part in parts(table, shape):
        db.execute(f"CREATE OR REPLACE TEMP VIEW {_PART} AS {part}")
        db.execute(f"INSERT INTO {picked} {picking}", given)  # checked, and made by DuckDB from a tree
    [ends] = db.execute(f"SELECT coalesce(min(sequence), 0), coalesce(max(sequence), 0) FROM {picked}").fetchall()  # noqa: S608  # names of our own
    db.execute(narrowed(table, shape, picked, *ends))


def _given(node: dict[str, Any], order: Mapping[str, Any]) -> dict[str, Any] | None:
    """The parameters that a part of the statement takes; DuckDB refuses others."""
    taken = {str(part.get("identifier")) for part in dicts(node) if part.get("class") == "PARAMETER"}
    return {name: value for name, value in order["parameters"].items() if name in taken} or None


def _first(node: dict[str, Any], most: int, scalar: frozenset[str]) -> int | None:
    """How many rows a sorted list out of one view begins with, at most `most`, or (0) as its LIMIT says; None: it is
    something else.
    """
    source, modifiers = node.get("from_table") or {}, {str(part["type"]): part for part in node.get("modifiers", ())}
    if source.get("type") != "BASE_TABLE" or source.get("sample") or str(source["table_name"]).lower() not in _VIEWS:
        return None
    if "ORDER_MODIFIER" not in modifiers or modifiers.keys() - {"ORDER_MODIFIER", "LIMIT_MODIFIER"}:
        return None
    others = {name: value for name, value in node.items() if name not in _LISTED and value}
    if others != {"cte_map": {"map": []}} or node["aggregate_handling"] != "STANDARD_HANDLING":
        return None
    for part in dicts([node["select_list"], node.get("where_clause"), modifiers["ORDER_MODIFIER"]]):
        if "class" in part and part["class"] not in _CLASSES:
            return None
        if "function_name" in part and not part.get("is_operator") and part["function_name"].lower() not in scalar:
            return None
    limit = modifiers.get("LIMIT_MODIFIER", {"limit": None, "offset": None, "limit_type": "ROW_COUNT"})
    rows, skipped = _number(limit["limit"], most + 1 if most else None), _number(limit["offset"], 0)
    if limit["limit_type"] != "ROW_COUNT" or rows is None or skipped is None:
        return None
    count = (min(rows, most + 1) if most else rows) + skipped
    return count if count <= _MOST else None


def _number(expression: dict[str, Any] | None, otherwise: int | None) -> int | None:
    if expression is None:
        return otherwise
    text = str((expression.get("literal") or {}).get("text", "")) if expression.get("class") == "CONSTANT" else ""
    return int(text) if text.isdecimal() else None


def _picking(db: duckdb.DuckDBPyConnection, node: dict[str, Any], count: int) -> str:
    """Selects the sequences of the sorted list, out of one part of its view."""
    node, named = copy.deepcopy(node), _PICKED
    while named in json.dumps(node).lower():
        named += "_"
    source = node["from_table"]
    source |= {"alias": source["alias"] or source["table_name"], "table_name": _PART}
    source["qualified_name"] = {"path": [_PART]}
    nowhere = {"query_location": 0, "query_location_length": 0}
    column = {
        "class": "COLUMN_REF",
        "type": "COLUMN_REF",
        "alias": named,
        "column_names": [source["alias"], "sequence"],
    }
    node["select_list"].append(column | nowhere)
    literal = {"kind": "INTEGER", "text": str(count)}
    limit = {"class": "CONSTANT", "type": "VALUE_CONSTANT", "alias": "", "literal": literal} | nowhere
    kept = [part for part in node["modifiers"] if part["type"] == "ORDER_MODIFIER"]
    node["modifiers"] = [*kept, {"type": "LIMIT_MODIFIER", "limit": limit, "offset": None, "limit_type": "ROW_COUNT"}]
    tree = {"error": False, "statements": [{"node": node, "named_param_map": []}]}
    [(text,)] = db.execute("SELECT json_deserialize_sql($1::JSON)", [json.dumps(tree)]).fetchall()
    return f"SELECT {named} FROM ({text})"  # noqa: S608  # checked, and made by DuckDB from a tree
