"""The edits of one object as a person sees them: secrets hidden, and against a live object who made each of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from conductor_core.domain import masking
from conductor_core.domain.difference import Edit, Op, Path, moved_items, pointer
from conductor_core.domain.managed_fields import MISSING, Ownership, at
from conductor_core.domain.three_way import By, changed_by


@dataclass(frozen=True)
class FieldChange:
    """One edit as a person sees it: secrets are `••••`. `pointer`: see `difference.Edit`; the values are plain JSON.

    Against a live object: `by` tells who made the difference, `base` is what was applied (when both sides have moved
    on), `owner` and `at` (RFC 3339) who wrote the live value and when.
    """

    op: Op
    pointer: str
    old: Any = None
    new: Any = None
    by: By = ""
    base: Any = None
    owner: str = ""
    at: str = ""


def in_rows(field: FieldChange) -> tuple[FieldChange, ...]:
    """The field as a person reads it: a list in another order is one row for each item that moved, `old` and `new`
    its places in words. Where the order differs only by what came or went, it stays as it is.
    """
    if field.op != "reordered":
        return (field,)
    told = moved_items(field.old, field.new)
    rows = [
        replace(field, pointer=f"{field.pointer}{pointer((m.item,))}", old=_place(m.old, field.old),
                new=_place(m.new, field.new), base=None)
        for m in told
    ]  # fmt: skip
    return tuple(rows) or (field,)


def _place(at: int, items: Sequence[str]) -> str:
    return f"place {at} of {len(items)}"


@dataclass(frozen=True)
class KeptField:
    """A live field that stays as it is, since no manifest sets it: its value, who wrote it and when."""

    pointer: str
    value: Any = None
    owner: str = ""
    at: str = ""


def field_change(edit: Edit, known: set[str]) -> FieldChange:
    """An edit of two hidden trees; `known` are the marks of the old one (see `masking.show`)."""
    # A secret that changed at its own place is shown as changed, even when another place had it before.
    before = set() if edit.op == "changed" and masking.is_mark(edit.new) else known
    return FieldChange(edit.op, edit.pointer, masking.show(edit.old), masking.show(edit.new, before))


def judged(
    edits: Iterable[Edit],
    fields: Iterable[FieldChange],
    sides: tuple[Mapping[str, Any], Mapping[str, Any], Mapping[str, Any] | None],
    owners: Ownership,
) -> tuple[FieldChange, ...]:
    """Who made each difference; `sides` are the live, the wanted and the last applied object, hidden."""
    live, wanted, base = sides
    out = []
    for edit, field in zip(edits, fields, strict=True):
        by: By = changed_by(edit.path, live, wanted, base) if base is not None else ""
        owner = owners.owner(edit.path) if by != "us" else None
        told = replace(field, by=by, base=_shown(at(base, edit.path)) if by == "both" else None)
        out.append(replace(told, owner=str(owner), at=owner.at) if owner else told)
    return tuple(out)


def kept_fields(hidden: Mapping[str, Any], owners: Ownership, places: Iterable[Path]) -> tuple[KeptField, ...]:
    """The fields of a hidden live object at these places, with who wrote them."""
    out = []
    for path in places:
        owner = owners.owner(path)
        told = KeptField(pointer(path), _shown(at(hidden, path)))
        out.append(replace(told, owner=str(owner), at=owner.at) if owner else told)
    return tuple(out)


def _shown(value: Any) -> Any:
    return None if value is MISSING else masking.show(value)
