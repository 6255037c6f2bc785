"""What of a live object counts when it is compared with what a release wants it to be.

The rule, in one sentence: a live field counts when the wanted manifest sets it, or when the manifest that was last
applied set it; everything else (status, defaults, what controllers and other managers wrote) is the cluster's
business and is left out. It is the three-way rule of `kubectl apply` and Helm:
https://kubernetes.io/docs/tasks/manage-kubernetes-objects/declarative-config/#how-apply-calculates-differences-and-merges-changes.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any

from conductor_core.domain import quantities
from conductor_core.domain.difference import item_keys

SERVER_FIELDS = (
    "managedFields",
    "uid",
    "resourceVersion",
    "creationTimestamp",
    "generation",
    "selfLink",
    "ownerReferences",
)
"""Fields of `metadata` that only the server sets; with `status` they never count."""

_SPELLED = frozenset(
    {"cpu", "memory", "storage", "ephemeral-storage", "sizeLimit", "divisor", "limits", "requests"}
    | {"hard", "capacity", "min", "max", "default", "defaultRequest"}
)
"""Fields whose values, or whose inner values, are quantities."""


_EMPTY_EVERYWHERE: tuple[Any, ...] = ({}, [])
_EMPTY: tuple[Any, ...] = ({}, [], "", 0)
"""Values that the server leaves out (0 stands for false as well)."""


def tidy(manifest: Mapping[str, Any]) -> dict[str, Any]:
    """A manifest without server-set fields and nulls, and with a Secret's `stringData` in its `data`, as the server
    stores it.
    """
    out = {k: _without_nulls(v) for k, v in manifest.items() if k != "status" and v is not None}
    metadata = out.get("metadata")
    if isinstance(metadata, dict):
        out["metadata"] = {k: v for k, v in metadata.items() if k not in SERVER_FIELDS}
    if out.get("kind") == "Secret" and isinstance(out.get("stringData"), dict):
        texts = {
            k: base64.b64encode(str(v).encode("utf-8", "surrogatepass")).decode()
            for k, v in out.pop("stringData").items()
        }
        out["data"] = {**(out.get("data") or {}), **texts}
    return out


def project(
    live: Mapping[str, Any], wanted: Mapping[str, Any] | None, applied: Mapping[str, Any] | None
) -> tuple[dict[str, Any], dict[str, Any] | None, int]:
    """The live object reduced to what counts, the wanted one in the server's spelling, and how many live fields were
    left out.

    `wanted`: the manifest to compare with (None: it would be removed), `applied`: the last applied one. All three are
    one object's. What the server drops or spells differently (empty maps, quantities) is settled, so that it is no
    difference.
    """
    counter = _Counter()
    wants = tidy(wanted) if wanted is not None else None
    before = counter.keep(tidy(live), wants, tidy(applied) if applied is not None else None)
    empty = _EMPTY if _built_in(live) else _EMPTY_EVERYWHERE
    return before, settle(tidy(live), wants, "", empty) if wants is not None else None, counter.left_out


class _Counter:
    """Carries the number of live fields that were left out."""

    def __init__(self) -> None:
        self.left_out = 0

    def keep(self, live: Any, wanted: Any, applied: Any) -> Any:
        if isinstance(live, dict):
            sides = [s for s in (wanted, applied) if isinstance(s, dict)]
            if not sides:
                return live
            out = {}
            for name, value in live.items():
                if any(name in s for s in sides):
                    out[name] = self.keep(value, _inner(wanted, name), _inner(applied, name))
                else:
                    self.left_out += 1
            return out
        if isinstance(live, list) and (isinstance(wanted, list) or isinstance(applied, list)):
            return self._keep_items(live, _list(wanted), _list(applied))
        return live

    def _keep_items(self, live: list[Any], wanted: list[Any], applied: list[Any]) -> list[Any]:
        by_wanted, by_applied = item_keys(live, wanted), item_keys(live, applied)
        if by_wanted is None or by_applied is None:
            return [self.keep(item, _at(wanted, at), _at(applied, at)) for at, item in enumerate(live)]
        wants = dict(zip(by_wanted[1], wanted, strict=True))
        was = dict(zip(by_applied[1], applied, strict=True))
        out = []
        for item, key_in_wanted, key_in_applied in zip(live, by_wanted[0], by_applied[0], strict=True):
            sides = wants.get(key_in_wanted), was.get(key_in_applied)
            if sides == (None, None):
                self.left_out += 1
            else:
                out.append(self.keep(item, *sides))
        return out


def settle(live: Any, wanted: Any, key: str, empty: tuple[Any, ...]) -> Any:
    """`wanted` with the live spelling wherever both mean the same to the server; `empty` are values that it doesn't
    store.
    """
    if isinstance(live, dict) and isinstance(wanted, dict):
        inner = key if key in _SPELLED else ""
        return {
            name: settle(live[name], value, inner or name, empty) if name in live else value
            for name, value in wanted.items()
            if name in live or value not in empty
        }
    if isinstance(live, list) and isinstance(wanted, list):
        keys = item_keys(live, wanted)
        if keys is None:
            return [settle(live[at], item, key, empty) if at < len(live) else item for at, item in enumerate(wanted)]
        by_key = dict(zip(keys[0], live, strict=True))
        items = zip(keys[1], wanted, strict=True)
        return [settle(by_key[k], item, key, empty) if k in by_key else item for k, item in items]
    if key in _SPELLED and quantities.equal(live, wanted):
        return live
    return wanted


def _built_in(manifest: Mapping[str, Any]) -> bool:
    """Whether the kind is Kubernetes' own, which leaves out zero values; custom resources keep them."""
    group = str(manifest.get("apiVersion", "")).rpartition("/")[0]
    return "." not in group or group.endswith(".k8s.io")


def _without_nulls(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {k: _without_nulls(v) for k, v in value.items() if v is not None}
    if isinstance(value, list):
        return [_without_nulls(v) for v in value]
    return value


def _encoded(value: object) -> str:
    return base64.b64encode(str(value).encode("utf-8", "surrogatepass")).decode()


def _inner(side: Any, name: str) -> Any:
    return side.get(name) if isinstance(side, dict) else None


def _list(side: Any) -> list[Any]:
    return side if isinstance(side, list) else []


def _at(side: list[Any], at: int) -> Any:
    return side[at] if at < len(side) else None
