"""Answers as files, and on their way between the processes."""

from __future__ import annotations

import csv
import io
import json
import math
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

import pyarrow.parquet as pq  # type: ignore[import-untyped]  # it has no stubs
import pytest
from hypothesis import given
from hypothesis import strategies as some

from conductor_core.adapters.duckdb_audit.answer_files import AuditAnswerFiles
from conductor_core.adapters.duckdb_audit.messages import encoded, encoded_rows, revived, revived_rows
from conductor_core.errors import InputError
from conductor_core.ports.audit_database import Answer, Position

AT = datetime(2026, 11, 24, 12, 30, 1, 250000, tzinfo=UTC)
COLUMNS: dict[str, tuple[str, list[Any]]] = {
    "n": ("BIGINT", [1, None]),
    "big": ("HUGEINT", [2**100, None]),
    "x": ("DOUBLE", [1.5, None]),
    "money": ("DECIMAL(10,2)", [Decimal("3.10"), None]),
    "text": ("VARCHAR", ['a,"b"\nc', None]),
    "when": ("TIMESTAMP WITH TIME ZONE", [AT, None]),
    "naive": ("TIMESTAMP", [AT.replace(tzinfo=None), None]),
    "day": ("DATE", [date(2026, 11, 24), None]),
    "hour": ("TIME", [time(10, 30), None]),
    "took": ("INTERVAL", [timedelta(minutes=2), None]),
    "yes": ("BOOLEAN", [True, None]),
    "list": ("INTEGER[]", [[1, 2], None]),
    "map": ("STRUCT(a INTEGER)", [{"a": 1}, None]),
    "bytes": ("BLOB", [b"\x00\xff", None]),
}
ANSWER = Answer(
    tuple(COLUMNS),
    tuple(kind for kind, _ in COLUMNS.values()),
    tuple(zip(*(values for _, values in COLUMNS.values()), strict=True)),
    0.1,
    Position(),
)


def test_csv_keeps_every_value() -> None:
    first, second = list(csv.DictReader(io.StringIO(AuditAnswerFiles().csv(ANSWER).decode(), newline="")))
    assert first["text"] == 'a,"b"\nc'
    assert first["when"] == "2026-11-24T12:30:01.250000Z"
    assert (first["big"], first["money"], first["bytes"]) == (str(2**100), "3.10", "00ff")
    assert json.loads(first["map"]) == {"a": 1}
    assert set(second.values()) == {""}


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@x", "\tx", "\rx"])
def test_a_text_is_no_formula(text: str) -> None:
    answer = Answer((text,), ("VARCHAR",), ((text,),), 0.0, Position())
    rows = list(csv.reader(io.StringIO(AuditAnswerFiles().csv(answer).decode(), newline="")))
    assert rows == [[f"'{text}"], [f"'{text}"]]


def test_a_negative_number_stays_a_number() -> None:
    assert AuditAnswerFiles().csv(Answer(("n",), ("BIGINT",), ((-3,),), 0.0, Position())) == b"n\r\n-3\r\n"


def test_parquet_is_typed() -> None:
    table = pq.read_table(io.BytesIO(AuditAnswerFiles().parquet(ANSWER)))
    first, second = table.to_pylist()
    assert first["n"] == 1
    assert first["when"] == first["naive"] == AT
    assert (first["day"], first["yes"], first["money"]) == (date(2026, 11, 24), True, 3.1)
    assert set(second.values()) == {None}
    assert str(table.schema.field("when").type) == "timestamp[us, tz=UTC]"


def test_parquet_without_rows_has_its_columns() -> None:
    empty = Answer(ANSWER.columns, ANSWER.types, (), 0.0, Position())
    assert pq.read_table(io.BytesIO(AuditAnswerFiles().parquet(empty))).column_names == list(COLUMNS)


def test_parquet_refuses_two_columns_of_one_name() -> None:
    with pytest.raises(InputError, match="one name"):
        AuditAnswerFiles().parquet(Answer(("a", "a"), ("INTEGER", "INTEGER"), ((1, 2),), 0.0, Position()))


VALUES = (
    some.none()
    | some.booleans()
    | some.integers()
    | some.floats()
    | some.text()
    | some.binary(max_size=20)
    | some.dates()
    | some.times()
    | some.datetimes(timezones=some.just(UTC))
    | some.decimals(allow_nan=False, allow_infinity=False)
    | some.timedeltas()
)


@given(
    some.recursive(
        VALUES, lambda v: some.lists(v, max_size=3) | some.dictionaries(some.text(max_size=4), v, max_size=3)
    )
)
def test_values_survive_the_way(value: Any) -> None:
    back = revived(json.loads(encoded(value)))
    assert back == value or (isinstance(value, float) and math.isnan(value)) or "nan" in repr(value)


@given(some.integers(1, 4).flatmap(lambda width: some.lists(some.tuples(*[some.none() | VALUES] * width), max_size=5)))
def test_rows_survive_the_way_as_their_values_do(rows: list[tuple[Any, ...]]) -> None:
    alone = [tuple(revived(json.loads(encoded(cell))) for cell in row) for row in rows]
    assert repr(revived_rows(json.loads(encoded_rows(rows)))) == repr(alone)


def test_rows_that_are_not_alike_are_refused() -> None:
    with pytest.raises(ValueError, match="shorter"):
        revived_rows([[1, 2], [3]])


@given(some.datetimes())
def test_a_time_without_a_zone_is_in_utc(value: datetime) -> None:
    assert revived(json.loads(encoded([value]))) == [value.replace(tzinfo=UTC)]


def test_a_text_like_a_tag_is_a_text() -> None:
    for text in ("\ue000T2026", "\ue000s", "\ue000", "\ue000zz"):
        assert revived(json.loads(encoded(text))) == text
    with pytest.raises(ValueError, match="unknown tag"):
        revived("\ue000?x")
