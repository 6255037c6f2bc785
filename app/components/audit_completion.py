"""Completion for the SQL editor: tables, their columns, functions and keywords, offered as one types."""

from __future__ import annotations

from collections.abc import Sequence

from app.components import assets
from conductor_core.domain.audit_model import Table, shown

FUNCTIONS = (
    "any_value", "arg_max", "arg_min", "avg", "bool_and", "bool_or", "coalesce", "concat", "contains", "count",
    "count_if", "date_diff", "date_part", "date_trunc", "dense_rank", "epoch", "first", "greatest", "json_extract",
    "json_extract_string", "lag", "last", "lead", "least", "left", "length", "list", "lower", "max", "median", "min",
    "mode", "now", "nullif", "percentile_cont", "quantile_cont", "rank", "regexp_matches", "replace", "round",
    "row_number", "split_part", "starts_with", "stddev", "strftime", "string_agg", "substring", "sum", "time_bucket",
    "to_days", "to_hours", "to_minutes", "to_seconds", "trim", "unnest", "upper",
)  # fmt: skip
"""What questions to a record are made of; DuckDB knows hundreds more."""
KEYWORDS = (
    "and", "as", "asc", "between", "by", "case", "cast", "cross", "current_date", "desc", "distinct", "else", "end",
    "except", "exists", "false", "filter", "from", "full", "group", "having", "ilike", "in", "inner", "intersect",
    "interval", "is", "join", "left", "like", "limit", "not", "null", "offset", "on", "or", "order", "outer", "over",
    "partition", "qualify", "right", "select", "then", "timestamp", "true", "union", "using", "when", "where",
    "with", "within",
)  # fmt: skip

_completion = assets.component("completion", '<ul role="listbox" hidden></ul><p aria-live="polite"></p>')


def show(label: str, tables: Sequence[Table]) -> None:
    """Listen to the text area of that label; nothing is seen until somebody types."""
    told = [
        {"name": t.name, "help": t.help, "columns": [[c.name, c.type.lower(), c.help] for c in shown(t)]}
        for t in tables
    ]
    _completion(
        key="completion",
        data={"label": label, "tables": told, "functions": FUNCTIONS, "keywords": KEYWORDS},
    )
