"""Answers as CSV and Parquet (port `AnswerFiles`)."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from conductor_core.errors import InputError
from conductor_core.ports.audit_database import Answer

_FORMULA = ("=", "+", "-", "@", "\t", "\r")


class AuditAnswerFiles:
    """Implements `ports.audit_database.AnswerFiles`."""

    def csv(self, answer: Answer) -> bytes:
        """See `AnswerFiles`."""
        out = io.StringIO(newline="")
        writer = csv.writer(out, lineterminator="\r\n")  # RFC 4180
        writer.writerow([_safe(name) for name in answer.columns])
        writer.writerows([_cell(value) for value in row] for row in answer.rows)
        return out.getvalue().encode("utf-8", "replace")

    def parquet(self, answer: Answer) -> bytes:
        """See `AnswerFiles`; raises `InputError` for two columns of one name."""
        import pyarrow as pa  # type: ignore[import-untyped]  # it has no stubs
        import pyarrow.parquet as pq  # type: ignore[import-untyped]  # it has no stubs

        if len(set(answer.columns)) != len(answer.columns):
            raise InputError(
                "Two columns have one name.",
                why="Parquet names each column once.",
                next="Name them with AS.",
            )
        columns = list(zip(*answer.rows, strict=True)) or [()] * len(answer.columns)
        cells = [_array(pa, kind, values) for kind, values in zip(answer.types, columns, strict=True)]
        out = io.BytesIO()
        pq.write_table(pa.table(dict(zip(answer.columns, cells, strict=True))), out, compression="zstd")
        return out.getvalue()


def text(value: object) -> str:
    """A value as one reads it: times in UTC, structures as JSON, nothing as nothing."""
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, list | dict):
        return json.dumps(value, ensure_ascii=False, default=text)
    return str(value)


def _cell(value: object) -> str:
    return _safe(value) if isinstance(value, str) else text(value)


def _safe(words: str) -> str:
    return f"'{words}" if words.startswith(_FORMULA) else words


def _array(pa: Any, kind: str, values: Sequence[object]) -> Any:
    whole = kind in ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UTINYINT", "USMALLINT", "UINTEGER")
    if whole:
        return pa.array(values, pa.int64())
    if kind == "BOOLEAN":
        return pa.array(values, pa.bool_())
    if kind in ("DOUBLE", "FLOAT"):
        return pa.array(values, pa.float64())
    if kind == "DATE":
        return pa.array([v if isinstance(v, date) else None for v in values], pa.date32())
    if kind.startswith("TIMESTAMP"):  # without a zone it is in UTC, as all of the read model is
        return pa.array([_in_utc(v) if isinstance(v, datetime) else None for v in values], pa.timestamp("us", tz="UTC"))
    if all(isinstance(v, Decimal | None) for v in values) and kind.startswith("DECIMAL"):
        return pa.array([None if v is None else float(str(v)) for v in values], pa.float64())
    return pa.array([None if v is None else _words(v) for v in values], pa.string())


def _words(value: object) -> str:
    return (
        str(value.total_seconds())
        if isinstance(value, timedelta)
        else text(value)
        if not isinstance(value, time)
        else str(value)
    )


def _in_utc(value: datetime) -> datetime:
    return value.astimezone(UTC) if value.tzinfo else value.replace(tzinfo=UTC)
