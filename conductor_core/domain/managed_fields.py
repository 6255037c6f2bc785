"""Who wrote a field of a live object, by `metadata.managedFields`, where the API server keeps it.

https://kubernetes.io/docs/reference/using-api/server-side-apply/#managedfields and, for the keys of `fieldsV1`,
https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/object-meta/#ObjectMeta.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from conductor_core.domain.difference import ItemKey, Path, Token

LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"
"""Bookkeeping of `kubectl apply` and of Argo CD: nobody's field."""

MISSING: Any = object()

_TOOLS = re.compile(
    r"(kubectl|oc|k9s|(open|free)?lens|node-fetch|headlamp|(kubernetes-)?dashboard|mozilla)([-/ ].*)?", re.IGNORECASE
)
"""What people's tools call themselves; every other manager is a controller."""


@dataclass(frozen=True)
class Owner:
    """Who wrote a field: the manager's name, the subresource that it wrote through, and when (RFC 3339, '' is not
    known).
    """

    manager: str
    subresource: str = ""
    at: str = ""

    def __str__(self) -> str:
        return f"{self.manager} ({self.subresource})" if self.subresource else self.manager

    @property
    def by_hand(self) -> bool:
        """Whether it is a tool that people use by hand."""
        return _TOOLS.fullmatch(self.manager) is not None


@dataclass(frozen=True)
class _Entry:
    owner: Owner
    applies: bool
    fields: Mapping[str, Any]


class Ownership:
    """The owners of one live object's fields; an object without `managedFields` has none."""

    def __init__(self, live: Mapping[str, Any]) -> None:
        self._live = live
        self._entries = sorted(_entries(live), key=lambda e: (e.owner.at, e.owner.by_hand), reverse=True)
        whole = [e for e in self._entries if not e.owner.subresource]  # a scale has no time
        self._creator = whole[-1] if whole else None

    def owner(self, path: Path) -> Owner | None:
        """The manager that wrote the field, or one in it, last; None when nobody is known to."""
        return next((e.owner for e in self._entries if _holds(e.fields, self._live, path)), None)

    def by_hand(self, path: Path) -> tuple[Path, ...]:
        """The field, or those in it, that people set. Defaults count as written by whoever created the object: not as
        set by hand.
        """
        holding = [e for e in self._entries if path[-1:] != (LAST_APPLIED,) and _holds(e.fields, self._live, path)]
        hands = [e.owner.by_hand and (e.applies or e is not self._creator) for e in holding]
        if not any(hands):
            return ()
        value = at(self._live, path)
        if not all(hands) and isinstance(value, Mapping):
            return tuple(found for name in value for found in self.by_hand((*path, name)))
        return (path,) if hands[0] else ()


def _entries(live: Mapping[str, Any]) -> Iterator[_Entry]:
    metadata = live.get("metadata")
    told = metadata.get("managedFields") if isinstance(metadata, Mapping) else None
    for one in told if isinstance(told, list) else ():
        if isinstance(one, Mapping) and isinstance(one.get("fieldsV1"), Mapping):
            texts = (str(one.get(name) or "") for name in ("manager", "subresource", "time"))
            yield _Entry(Owner(*texts), one.get("operation") == "Apply", one["fieldsV1"])


def _holds(fields: Mapping[str, Any], live: Any, path: Sequence[Token]) -> bool:
    """Whether a set of fields has that field of the object, or one in it; an empty set holds everything below."""
    for token in path:
        if not fields:
            return True
        step = _step(fields, live, token)
        if step is None:
            return False
        fields, live = step
    return True


def _step(fields: Mapping[str, Any], live: Any, token: Token) -> tuple[Mapping[str, Any], Any] | None:
    if isinstance(token, str):
        inner = fields.get(f"f:{token}")
        below = live.get(token) if isinstance(live, Mapping) else None
        return None if inner is None else (inner, below)
    found = place(live, token) if isinstance(live, list) else None
    if found is None:
        return None
    item = live[found]
    for key, inner in fields.items():
        if (key == f"i:{found}") or (key[:2] in ("k:", "v:") and _names(key, item)):
            return inner, item
    return None


def at(tree: Any, path: Path) -> Any:
    """What a tree has at a path, `MISSING` when it has nothing there."""
    for token in path:
        if isinstance(token, str):
            tree = tree.get(token, MISSING) if isinstance(tree, Mapping) else MISSING
        else:
            found = place(tree, token) if isinstance(tree, list) else None
            tree = MISSING if found is None else tree[found]
        if tree is MISSING:
            return MISSING
    return tree


def place(items: Sequence[Any], token: Token) -> int | None:
    """Where in a list the item of a token is; None when it isn't there."""
    if isinstance(token, int):
        return token if 0 <= token < len(items) else None
    if not isinstance(token, ItemKey):
        return None
    for at, item in enumerate(items):
        if isinstance(item, Mapping) and all(_has(item, name, value) for name, value in token.fields):
            return at
    return None


def _has(item: Mapping[str, Any], name: str, value: object) -> bool:
    return bool(item.get(name, "TCP" if name == "protocol" else None) == value)


def _names(key: str, item: Any) -> bool:
    try:
        told = json.loads(key[2:])
    except ValueError:
        return False
    if key.startswith("v:"):
        return bool(told == item)
    if not isinstance(told, Mapping) or not isinstance(item, Mapping):
        return False
    return all(_has(item, str(name), value) for name, value in told.items())
