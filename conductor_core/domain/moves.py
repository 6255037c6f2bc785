"""Objects that go under one name and come under another: told as a move, so that a rename doesn't read as a loss."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from conductor_core.domain.manifests import Identity, Object

ALIKE = 0.8
"""Share of equal fields, outside of `metadata`, from which two objects of one kind are taken for one that moved."""
_MOST = 20_000
"""Pairs of one kind that are looked at; beyond it names say nothing, and nothing is told."""
_ABOUT = frozenset({"apiVersion", "kind", "metadata", "status"})


def moves(gone: Mapping[Identity, Object], came: Mapping[Identity, Object]) -> dict[Identity, Identity]:
    """Which of the objects that came was which of those that went, at most one each: the most alike first, else by
    name.
    """
    scored: list[tuple[float, Identity, Identity]] = []
    for kind in sorted({(i.group, i.kind) for i in came} & {(i.group, i.kind) for i in gone}):
        old, new = (
            {i: Counter(_leaves(o)) for i, o in side.items() if (i.group, i.kind) == kind} for side in (gone, came)
        )
        if len(old) * len(new) <= _MOST:
            scored += [(-_alike(old[g], new[c]), g, c) for g in old for c in new]
    out: dict[Identity, Identity] = {}
    left: set[Identity] = set()
    for score, went, comes in sorted(scored):
        if -score >= ALIKE and comes not in out and went not in left:
            out[comes] = went
            left.add(went)
    return out


def _alike(one: Counter[tuple[str, str]], other: Counter[tuple[str, str]]) -> float:
    total = one.total() + other.total()
    return 2 * (one & other).total() / total if total else 0.0


def _leaves(manifest: Object) -> Iterator[tuple[str, str]]:
    for name, value in manifest.items():
        if name not in _ABOUT:
            yield from _inner(value, name)


def _inner(value: Any, at: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, Mapping):
        for name, inner in value.items():
            yield from _inner(inner, f"{at}/{name}")
    elif isinstance(value, list):
        for inner in value:
            yield from _inner(inner, f"{at}/*")
    else:
        yield at, repr(value)
