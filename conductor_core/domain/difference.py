"""What changed between two JSON trees: a list of edits that, applied to one, gives the other.

Items of a list are matched by the keys that Kubernetes merges them by, where every item has one and none has the
same; else by place. Merge keys: https://kubernetes.io/docs/reference/kubernetes-api/ (patch merge key of each list).
Pointers: RFC 6901, with `name=api` as the token of a matched item.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from conductor_core.domain.rising import longest_rising

Op = Literal["added", "removed", "changed", "reordered"]

MERGE_KEYS: tuple[tuple[tuple[str, str], ...], ...] = (
    (("containerPort", ""), ("protocol", "TCP")),
    (("mountPath", ""),),
    (("devicePath", ""),),
    (("name", ""),),
    (("ip", ""),),
    (("port", ""), ("protocol", "TCP")),
    (("topologyKey", ""), ("whenUnsatisfiable", "")),
    (("key", ""),),
    (("host", ""),),
    (("path", ""),),
    (("type", ""),),
    (("uid", ""),),
)
"""Fields that identify an item, each with its default ('' has none: the item must have it); the first that fits both
lists is taken.
"""


_ENCODER = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False)


@dataclass(frozen=True)
class ItemKey:
    """The token of a list item that is matched by fields and not by place."""

    fields: tuple[tuple[str, str | int], ...]

    def __str__(self) -> str:
        return ",".join(f"{name}={value}" for name, value in self.fields)


Token = str | int | ItemKey
Path = tuple[Token, ...]


@dataclass(frozen=True)
class Edit:
    """One step from old to new. `old` is None when added, `new` is None when removed; `reordered` has the items'
    tokens in both orders.

    An index counts in the old list, but for `added`, where it counts in the new one.
    """

    op: Op
    path: Path
    old: Any = None
    new: Any = None

    @property
    def pointer(self) -> str:
        """The place as text, for example `/spec/containers/name=api/image`; '' is the whole tree."""
        return pointer(self.path)


def pointer(path: Path) -> str:
    """RFC 6901 text of a path."""
    return "".join("/" + str(token).replace("~", "~0").replace("/", "~1") for token in path)


def same(old: object, new: object) -> bool:
    """Equality of JSON values: true is not 1, and 1 is 1.0."""
    return not diff(old, new)


def diff(old: object, new: object) -> tuple[Edit, ...]:
    """The edits that turn `old` into `new`, in a fixed order; empty when they are the same."""
    out: list[Edit] = []
    _diff(old, new, (), out)
    return tuple(out)


def apply(old: object, edits: Sequence[Edit]) -> Any:
    """`old` after `edits`, which `diff` has made for it; `old` stays as it is."""
    if not edits:
        return old
    if edits[0].path == () and edits[0].op != "reordered":
        return edits[0].new
    if isinstance(old, Mapping):
        return _apply_to_map(old, edits)
    assert isinstance(old, list)
    keyed = any(e.op == "reordered" and not e.path for e in edits) or any(
        e.path and isinstance(e.path[0], ItemKey) for e in edits
    )
    return _apply_to_keyed(old, edits) if keyed else _apply_to_places(old, edits)


def item_keys(old: Sequence[object], new: Sequence[object]) -> tuple[list[ItemKey], list[ItemKey]] | None:
    """The tokens of both lists' items, when one of `MERGE_KEYS` identifies every item of both; else None."""
    if not all(isinstance(i, Mapping) for i in (*old, *new)):
        return None
    for candidate in MERGE_KEYS:
        left, right = _keys(old, candidate), _keys(new, candidate)
        if left is not None and right is not None:
            return left, right
    return None


def _keys(items: Sequence[Any], candidate: tuple[tuple[str, str], ...]) -> list[ItemKey] | None:
    out: list[ItemKey] = []
    for item in items:
        fields: list[tuple[str, str | int]] = []
        for name, default in candidate:
            value = item.get(name, default or None)
            if isinstance(value, bool) or not isinstance(value, str | int):
                return None
            fields.append((name, value))
        out.append(ItemKey(tuple(fields)))
    return out if len({str(k) for k in out}) == len(out) else None


def _diff(old: object, new: object, path: Path, out: list[Edit]) -> None:
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        for name in sorted({*old, *new}):
            if name not in new:
                out.append(Edit("removed", (*path, name), old[name]))
            elif name not in old:
                out.append(Edit("added", (*path, name), None, new[name]))
            else:
                _diff(old[name], new[name], (*path, name), out)
    elif isinstance(old, list) and isinstance(new, list):
        keys = item_keys(old, new)
        if keys is not None:
            _diff_keyed(old, new, keys, path, out)
        else:
            _diff_places(old, new, path, out)
    elif not _equal_leaf(old, new):
        out.append(Edit("changed", path, old, new))


def _equal_leaf(old: object, new: object) -> bool:
    return (
        old == new and isinstance(old, bool) == isinstance(new, bool) and isinstance(old, list) == isinstance(new, list)
    )


def _diff_keyed(
    old: list[Any], new: list[Any], keys: tuple[list[ItemKey], list[ItemKey]], path: Path, out: list[Edit]
) -> None:
    before, after = dict(zip(keys[0], old, strict=True)), dict(zip(keys[1], new, strict=True))
    for key, item in before.items():
        if key in after:
            _diff(item, after[key], (*path, key), out)
        else:
            out.append(Edit("removed", (*path, key), item))
    for key, item in after.items():
        if key not in before:
            out.append(Edit("added", (*path, key), None, item))
    patched = [k for k in keys[0] if k in after] + [k for k in keys[1] if k not in before]
    if patched != keys[1]:
        out.append(Edit("reordered", path, [str(k) for k in keys[0]], [str(k) for k in keys[1]]))


def _diff_places(old: list[Any], new: list[Any], path: Path, out: list[Edit]) -> None:
    start = 0
    shared = min(len(old), len(new))
    while start < shared and same(old[start], new[start]):
        start += 1
    end = 0
    while end < shared - start and same(old[-1 - end], new[-1 - end]):
        end += 1
    middle_old, middle_new = len(old) - end, len(new) - end
    paired = min(middle_old, middle_new)
    for at in range(start, paired):
        _diff(old[at], new[at], (*path, at), out)
    out.extend(Edit("removed", (*path, at), old[at]) for at in range(paired, middle_old))
    out.extend(Edit("added", (*path, at), None, new[at]) for at in range(paired, middle_new))


@dataclass(frozen=True)
class MovedItem:
    """An item of a list that other items have overtaken: its token, and its places in both lists, from 1."""

    item: str
    old: int
    new: int


def moved_items(before: Sequence[str], after: Sequence[str]) -> tuple[MovedItem, ...]:
    """The fewest items whose move explains a `reordered` edit, in the new order; those that only went or came aren't
    among them.
    """
    places = {item: at for at, item in enumerate(before)}
    kept = [(places[item], at) for at, item in enumerate(after) if item in places]
    stays = {kept[n] for n in longest_rising([old for old, _ in kept])}
    return tuple(MovedItem(after[new], old + 1, new + 1) for old, new in kept if (old, new) not in stays)


def _by_first(edits: Iterable[Edit]) -> dict[Token, list[Edit]]:
    out: dict[Token, list[Edit]] = {}
    for e in edits:
        if e.path:
            out.setdefault(e.path[0], []).append(Edit(e.op, e.path[1:], e.old, e.new))
    return out


def _apply_to_map(old: Mapping[str, Any], edits: Sequence[Edit]) -> dict[str, Any]:
    out = dict(old)
    for name, inner in _by_first(edits).items():
        assert isinstance(name, str)
        if inner[0].path == () and inner[0].op == "removed":
            del out[name]
        else:
            out[name] = apply(out.get(name), inner)
    return out


def _apply_to_keyed(old: list[Any], edits: Sequence[Edit]) -> list[Any]:
    groups = _by_first(edits)
    fields = next((t.fields for t in groups if isinstance(t, ItemKey)), ())
    names = [name for name, _ in fields]
    candidate = next((c for c in MERGE_KEYS if [n for n, _ in c] == names), None)
    found = _keys(old, candidate) if candidate else None
    keys = found if found is not None else (item_keys(old, old) or ([], []))[0]
    items: dict[str, Any] = dict(zip(map(str, keys), old, strict=True))
    for token, inner in groups.items():
        if inner[0].path == () and inner[0].op == "removed":
            del items[str(token)]
        else:
            items[str(token)] = apply(items.get(str(token)), inner)
    order = next((e.new for e in edits if e.op == "reordered" and not e.path), list(items))
    return [items[key] for key in order]


def _apply_to_places(old: list[Any], edits: Sequence[Edit]) -> list[Any]:
    out: dict[int, Any] = dict(enumerate(old))
    added: list[tuple[int, Any]] = []
    for at, inner in _by_first(edits).items():
        assert isinstance(at, int)
        # One place can be both: an index of the old list that goes, and one of the new list that comes.
        rest = []
        for e in inner:
            if e.path == () and e.op == "removed":
                del out[at]
            elif e.path == () and e.op == "added":
                added.append((at, e.new))
            else:
                rest.append(e)
        if rest:
            out[at] = apply(out[at], rest)
    result = [out[at] for at in sorted(out)]
    for at, item in sorted(added, key=lambda pair: pair[0]):
        result.insert(at, item)
    return result


def canonical(value: object) -> str:
    """JSON text with sorted keys and no spaces: equal values give equal text."""
    return _ENCODER.encode(value)


def merge_patch(old: Any, new: Any) -> Any:
    """The JSON merge patch (RFC 7386) that turns `old` into `new`, which has no nulls; lists are sent whole."""
    if not isinstance(old, Mapping) or not isinstance(new, Mapping):
        return new
    out = {name: None for name in old if name not in new}
    changed = {n: v for n, v in new.items() if n not in old or not same(old[n], v)}
    return out | {n: merge_patch(old.get(n), v) for n, v in changed.items()}
