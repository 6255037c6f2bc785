"""Frozen dataclasses of the domain as JSON text and back, strictly: what is read equals what was written."""

from __future__ import annotations

from typing import Generic, TypeVar

from pydantic import TypeAdapter, ValidationError
from pydantic_core import PydanticSerializationError

from conductor_core.errors import InputError, StorageError

T = TypeVar("T")


class Document(Generic[T]):
    """How values of one dataclass are spelled in a `json` column. `noun` names them in errors."""

    def __init__(self, kind: type[T], noun: str) -> None:
        self._adapter = TypeAdapter(kind)
        self._noun = noun

    def write(self, value: T) -> str:
        """The JSON text; raises `InputError` when reading it would not give an equal value (NaN, bytes, tuples)."""
        try:
            text = self._adapter.dump_json(value, warnings="error").decode("utf-8")
            same = self._adapter.validate_json(text, strict=True, extra="forbid") == value
        except (PydanticSerializationError, ValidationError, UnicodeError, RecursionError) as foreign:
            raise self._unfaithful(_one_line(foreign)) from foreign
        if not same:
            raise self._unfaithful("It holds a value that JSON has no form for.")
        return text

    def read(self, text: str) -> T:
        """The value; raises `StorageError` for text that doesn't hold exactly one."""
        try:
            return self._adapter.validate_json(text, strict=True, extra="forbid")
        except (ValidationError, RecursionError) as foreign:
            raise StorageError(
                f"A stored {self._noun} can't be read.",
                why=_one_line(foreign),
                next="It was written by another version or changed by hand: run the version that wrote it, "
                "or restore the row from a backup.",
            ) from foreign

    def _unfaithful(self, why: str) -> InputError:
        return InputError(
            f"This {self._noun} can't be stored as it is.",
            why=why,
            next="Keep to text, whole and finite numbers, true, false, lists and maps with text as keys.",
        )


def _one_line(foreign: Exception) -> str:
    if isinstance(foreign, ValidationError):
        first = foreign.errors(include_input=False, include_url=False)[0]
        return f"{'.'.join(str(part) for part in first['loc']) or 'document'}: {first['msg']}."
    return (str(foreign).splitlines() or [type(foreign).__name__])[0]
