"""What the child says to its parent: length-prefixed JSON, with SQL values that JSON has no form for as tagged text."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import IO, Any
from uuid import UUID

_TAG = "\ue000"
"""Begins a tagged text; a text of the record that begins so is tagged as text itself."""


def send(pipe: IO[bytes], message: dict[str, Any]) -> None:
    """Write one message; raises `OSError` when nobody reads."""
    send_bytes(pipe, encoded(message))


def send_bytes(pipe: IO[bytes], data: bytes) -> None:
    """The same for a message that is encoded already."""
    pipe.write(len(data).to_bytes(4, "big") + data)
    pipe.flush()


def encoded(value: object) -> bytes:
    """The JSON bytes of values that DuckDB gave."""
    return _json(plain(value))


def encoded_rows(rows: Sequence[Sequence[object]]) -> bytes:
    """The same for rows, column by column: a quarter of the time, for most columns have values of one kind."""
    return _json(_by_column(plain, rows))


def plain(value: object) -> Any:
    """The value as JSON takes it; `revived` is the way back. A time without a zone is in UTC, as the read model is."""
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, str):
        return f"{_TAG}s{value}" if value.startswith(_TAG) else value
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    for mark, kind, write, _ in _KINDS:
        if isinstance(value, kind):
            return f"{_TAG}{mark}{write(value)}"
    return str(value)


def revived_rows(rows: Sequence[Sequence[Any]]) -> list[tuple[Any, ...]]:
    """What `encoded_rows` was given; raises `ValueError` for rows that aren't alike, and as `revived` does."""
    return _by_column(revived, rows)


def revived(value: Any) -> Any:
    """The value that `plain` was given; raises `ValueError` for text with a tag that isn't known."""
    if isinstance(value, str) and value.startswith(_TAG):
        if value[1:2] == "s":
            return value[2:]
        for mark, _, _, read in _KINDS:
            if value[1:2] == mark:
                return read(value[2:])
        raise ValueError("a value with an unknown tag")
    if isinstance(value, list):
        return [revived(item) for item in value]
    if isinstance(value, dict):
        return {key: revived(item) for key, item in value.items()}
    return value


def _json(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogatepass")


def _by_column(change: Callable[[Any], Any], rows: Sequence[Sequence[Any]]) -> list[tuple[Any, ...]]:
    return list(zip(*(_each(change, column) for column in zip(*rows, strict=True)), strict=True))


def _each(change: Callable[[Any], Any], column: Sequence[Any]) -> Iterable[Any]:
    """The values of a column, changed; a column of numbers, or of texts without a tag, stays as it is."""
    kinds = set(map(type, column)) - {type(None)}
    same = kinds <= {bool, int, float} or (kinds == {str} and _TAG not in "".join(filter(None, column)))
    return column if same else map(change, column)


def _utc(value: Any) -> str:
    return str((value.astimezone(UTC) if value.tzinfo else value.replace(tzinfo=UTC)).isoformat())


_KINDS: tuple[tuple[str, type, Callable[[Any], str], Callable[[str], Any]], ...] = (
    ("T", datetime, _utc, datetime.fromisoformat),
    ("D", date, lambda v: str(v.isoformat()), date.fromisoformat),
    ("t", time, lambda v: str(v.isoformat()), time.fromisoformat),
    ("i", timedelta, lambda v: str(v // timedelta(microseconds=1)), lambda v: timedelta(microseconds=int(v))),
    ("d", Decimal, str, Decimal),
    ("u", UUID, str, str),
    ("b", bytes, lambda v: base64.b64encode(v).decode(), lambda v: base64.b64decode(v, validate=True)),
)
