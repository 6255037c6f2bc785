"""The JSON forms of the SQL explorer, alike in REST and under the CLI's `--json`."""

from __future__ import annotations

import base64
import math
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal

from conductor_core.domain.audit_model import Table, shown
from conductor_core.entrypoints.api.forms import Form
from conductor_core.ports.audit_database import Answer, Position, Question


def answer_form(answer: Answer) -> Form:
    """Columns with their SQL types, and rows as lists; `capped` names the limit that cut them off, or is empty."""
    return {
        "columns": [{"name": n, "type": t} for n, t in zip(answer.columns, answer.types, strict=True)],
        "rows": [[json_value(cell) for cell in row] for row in answer.rows],
        "capped": answer.capped,
        "seconds": round(answer.seconds, 4),
        "position": position_form(answer.position),
    }


def position_form(position: Position) -> Form:
    """How far the read model is."""
    return {"sequence": position.sequence, "events": position.events, "sealed": position.sealed}


def question_form(question: Question) -> Form:
    """A saved question."""
    return {
        "name": question.name,
        "title": question.title,
        "question": question.question,
        "parameters": [
            {"name": p.name, "kind": p.kind, "default": p.default, "help": p.help} for p in question.parameters
        ],
        "sql": question.sql,
    }


def table_form(table: Table) -> Form:
    """A table with its columns."""
    columns = [{"name": c.name, "type": c.type, "help": c.help} for c in shown(table)]
    return {"name": table.name, "help": table.help, "columns": columns}


def json_value(value: object) -> object:
    """A value as JSON has a form for it: times as RFC 3339, durations in seconds, bytes as base64, no NaN."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, datetime):
        return (value.astimezone(UTC) if value.tzinfo else value).isoformat().replace("+00:00", "Z")
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, timedelta):
        return value.total_seconds()
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if isinstance(value, list):
        return [json_value(item) for item in value]
    if isinstance(value, dict):
        return {key: json_value(item) for key, item in value.items()}
    return value
