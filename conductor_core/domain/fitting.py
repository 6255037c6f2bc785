"""Data of events that fits an entry of the ledger: what is too long is cut, with its count and digest said.

Rule: an entry has at most 65,535 bytes (C2SP tlog-tiles). What was cut stays where it belongs (the Change, the evidence
store); its digest in the entry proves it.
"""

from __future__ import annotations

from collections.abc import Mapping

from conductor_core.domain.canonical import canonical_bytes, digest_bytes

LIMIT = 60_000
"""Bytes of canonical JSON that the data of an event may have; the rest of the entry is its envelope."""
CUTS = "cut"
"""The field that lists what was cut: `path` (JSON Pointer), `count` of items or characters, `digest` of the whole."""
_LADDER = ((512, 8192), (128, 2048), (64, 1024), (32, 512), (8, 128), (2, 64), (0, 16))
"""Most items of a list or map, and most characters of a text, tried in turn."""


def fit(data: Mapping[str, object], limit: int = LIMIT) -> dict[str, object]:
    """The data itself when it fits, else its beginning with `cut` added; the same data is always cut alike.

    Raises `InputError` for data that isn't plain JSON.
    """
    if len(canonical_bytes(data)) <= limit:
        return dict(data)
    for items, characters in _LADDER:
        cuts: list[dict[str, object]] = []
        kept = {key: _cut(value, f"/{_escaped(key)}", items, characters, cuts) for key, value in data.items()}
        short = {**kept, CUTS: cuts}
        if len(canonical_bytes(short)) <= limit:
            return short
    return {CUTS: [_said("", len(data), data)]}


def _cut(value: object, path: str, items: int, characters: int, cuts: list[dict[str, object]]) -> object:
    if isinstance(value, str):
        if len(value) <= characters:
            return value
        cuts.append(_said(path, len(value), value))
        return value[:characters]
    if isinstance(value, list | tuple):
        if len(value) > items:
            cuts.append(_said(path, len(value), value))
        return [_cut(item, f"{path}/{at}", items, characters, cuts) for at, item in enumerate(value[:items])]
    if isinstance(value, Mapping):
        kept = sorted(value)[:items] if len(value) > items else list(value)
        if len(kept) < len(value):
            cuts.append(_said(path, len(value), value))
        return {key: _cut(value[key], f"{path}/{_escaped(key)}", items, characters, cuts) for key in kept}
    return value


def _said(path: str, count: int, whole: object) -> dict[str, object]:
    return {"path": path, "count": count, "digest": digest_bytes(canonical_bytes(whole))}


def _escaped(key: str) -> str:
    return key.replace("~", "~0").replace("/", "~1")
