"""A comparison as lines to read: each resource as block text, its lines marked ' ', '-' or '+'."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from conductor_core.domain import line_moves, text_lines
from conductor_core.domain.comparison import Comparison, ResourceDiff, Side
from conductor_core.domain.field_changes import in_rows

Data = dict[str, Any]

_BARE = re.compile(r"[A-Za-z0-9_./@%•(][A-Za-z0-9_./@%•()+,:=~ {}-]*")
_BY = {"us": "changed by us", "cluster": "changed in the cluster", "both": "changed on both sides"}
_SIGNS = {"added": "+", "removed": "−", "changed": "~", "reordered": "↕"}
_SHORT = 240
_WORDS = frozenset({"true", "false", "null", "yes", "no", "on", "off", "~", ""})


def of(comparison: Comparison, digest: str) -> Data:
    """What the diff viewer draws; `digest` names the comparison, so that the viewer keeps its place."""
    resources = [_resource(r, comparison.all_fields) for r in comparison.resources]
    order = {"changed": 0, "added": 1, "removed": 2, "hand": 3, "unchanged": 4}
    resources.sort(key=lambda r: order[r["status"]])
    widest = max((len(line) for r in resources for line in r["text"].split("\n")), default=0)
    return {
        "digest": digest,
        "left": _side(comparison.old),
        "right": _side(comparison.new),
        "resources": resources,
        "widest": min(widest, 400),
        "empty": f"Nothing differs: {len(resources)} resources are the same on both sides.",
    }


def _side(side: Side) -> str:
    return f"{side.ref} ({side.title})" if side.title and side.title != side.ref else side.ref


def _resource(resource: ResourceDiff, every: bool) -> Data:
    i = resource.identity
    lines, moves = _lines(resource)
    told = [i.namespace] if i.namespace else []
    if resource.confirmed:
        told.append("✓ confirmed by the server")
    if resource.standing == "changed":
        told.append(f"{len(resource.fields)} field{'s' if len(resource.fields) != 1 else ''}")
    told += [f"{count} {_BY[by]}" for by in _BY if (count := sum(f.by == by for f in resource.fields))]
    if count := sum(many for _, _, many in moves):
        told.append(f"{count} line{'s' if count != 1 else ''} moved")
    if resource.left_out:
        told.append(f"{resource.left_out} set by the cluster left out")
    return {
        "title": f"{i.kind} {i.name}",
        "extra": " · ".join(told),
        "notes": list(resource.notes),
        "status": "hand" if resource.standing == "unchanged" and resource.kept and not every else resource.standing,
        "text": "\n".join(lines),
        "moves": moves,
        "fields": _fields(resource),
        "note": "The same on both sides." if resource.standing == "unchanged" else "Nothing to show.",
    }


def _fields(resource: ResourceDiff) -> list[Data]:
    """The structural difference: place, old and new value, and whose it is."""
    rows = [
        {
            "op": _SIGNS[f.op],
            "path": f.pointer,
            "old": "" if f.op == "added" else _told(f.op, f.old),
            "new": "" if f.op == "removed" else _told(f.op, f.new),
            "by": f.by,
            "word": _BY.get(f.by, ""),
            "whose": _whose(f.owner, f.at) + (f" · applied was {_short(f.base)}" if f.by == "both" else ""),
        }
        for field in resource.fields
        for f in in_rows(field)
    ]
    kept = [
        {"op": "=", "path": k.pointer, "old": _short(k.value), "new": "", "by": "stays", "word": "stays",
         "whose": _whose(k.owner, k.at)}
        for k in resource.kept
    ]  # fmt: skip
    return rows + kept


def _whose(owner: str, at: str) -> str:
    return " · ".join(part for part in (owner, at.replace("T", " ").replace("Z", " UTC")) if part)


def _told(op: str, value: object) -> str:
    return value if op == "reordered" and isinstance(value, str) else _short(value)


def _short(value: object) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _SHORT else f"{text[: _SHORT - 1]}…"


def _lines(resource: ResourceDiff) -> tuple[list[str], list[tuple[int, int, int]]]:
    """The marked lines, and which of them moved: line numbers from 1 on the old and the new side, and how many."""
    old = block(resource.old) if resource.old is not None else []
    new = block(resource.new) if resource.new is not None else []
    changes = text_lines.changes(old, new)
    out: list[str] = []
    at = 0
    for i1, i2, j1, j2 in changes:
        out += [f" {line}" for line in old[at:i1]]
        out += [f"-{line}" for line in old[i1:i2]]
        out += [f"+{line}" for line in new[j1:j2]]
        at = i2
    out += [f" {line}" for line in old[at:]]
    return out, [(m.old + 1, m.new + 1, m.count) for m in line_moves.moved(old, new, changes)]


def block(value: object, indent: int = 0) -> list[str]:
    """JSON as lines of YAML block style, for reading: long texts keep their lines, scalars that could be misread are
    quoted.
    """
    out: list[str] = []
    _block(value, " " * indent, out)
    return out


def _block(value: object, pad: str, out: list[str]) -> None:
    if isinstance(value, Mapping):
        for key in _ordered(value):
            _entry(f"{pad}{_scalar(key)}:", value[key], pad + "  ", out)
    elif isinstance(value, list):
        for item in value:
            _item(item, pad, out)
    else:
        out.append(pad + _scalar(value))


def _ordered(value: Mapping[str, object]) -> list[str]:
    first = [k for k in ("apiVersion", "kind", "metadata", "name") if k in value]
    return first + sorted(k for k in value if k not in first)


def _entry(head: str, value: object, pad: str, out: list[str]) -> None:
    if isinstance(value, Mapping | list) and value:
        out.append(head)
        _block(value, pad, out)
    elif isinstance(value, str) and "\n" in value and value.isprintable() is False and "\r" not in value:
        out.append(f"{head} {'|' if value.endswith(chr(10)) else '|-'}")
        out.extend(f"{pad}{line}" for line in value.removesuffix("\n").split("\n"))
    else:
        out.append(f"{head} {_scalar(value)}")


def _item(item: object, pad: str, out: list[str]) -> None:
    if isinstance(item, Mapping | list) and item:
        inner: list[str] = []
        _block(item, pad + "  ", inner)
        inner[0] = f"{pad}- {inner[0][len(pad) + 2 :]}"
        out.extend(inner)
    else:
        out.append(f"{pad}- {_scalar(item)}")


def _scalar(value: object) -> str:
    if not isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    readable = _BARE.fullmatch(value) and not value.endswith((":", " ")) and ": " not in value
    number = value.replace(".", "", 1).replace("-", "", 1).isdigit()
    return value if readable and not number and value.lower() not in _WORDS else json.dumps(value, ensure_ascii=False)
