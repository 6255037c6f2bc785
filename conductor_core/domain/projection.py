"""What of a live object counts when it is compared with what a release wants it to be.

The rule, in one sentence: a live field counts when the wanted manifest sets it, or when the manifest that was last
applied set it; everything else (status, defaults, what controllers and other managers wrote) is the cluster's
business and is left out. It is the three-way rule of `kubectl apply` and Helm:
https://kubernetes.io/docs/tasks/manage-kubernetes-objects/declarative-config/#how-apply-calculates-differences-and-merges-changes.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from conductor_core.domain import quantities
from conductor_core.domain.difference import Path, item_keys

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


@dataclass(frozen=True)
class Projection:
    """A live object reduced to what counts (`before`), the wanted and the last applied one in the server's spelling
    (`after`, `base`; None: there is none), and the places of the live fields that are `left` out.
    """

    before: dict[str, Any]
    after: dict[str, Any] | None
    base: dict[str, Any] | None
    left: tuple[Path, ...]


def project(live: Mapping[str, Any], wanted: Mapping[str, Any] | None, applied: Mapping[str, Any] | None) -> Projection:
    """What counts of three states of one object.

    `wanted`: the manifest to compare with (None: it would be removed), `applied`: the last applied one. What the server
    drops or spells differently (empty maps, quantities) is settled, so that it is no difference.
    """
    wants, was = (tidy(side) if side is not None else None for side in (wanted, applied))
    keeper, now = _Keeper(), tidy(live)
    before = keeper.keep(now, wants, was, ())
    empty = _EMPTY if _built_in(live) else _EMPTY_EVERYWHERE
    after, base = (settle(now, side, "", empty) if side is not None else None for side in (wants, was))
    return Projection(before, after, base, tuple(keeper.left))


def served(live: Mapping[str, Any]) -> dict[str, Any]:
    """A live object as the server gives it, but for the record of who wrote which field."""
    out = dict(live)
    if isinstance(out.get("metadata"), Mapping):
        out["metadata"] = {k: v for k, v in out["metadata"].items() if k != "managedFields"}
    return out


def set_by_server(live: Mapping[str, Any]) -> tuple[Path, ...]:
    """The places of a live object that only the server sets."""
    metadata = live.get("metadata")
    own = [f for f in SERVER_FIELDS if f != "managedFields" and isinstance(metadata, Mapping) and f in metadata]
    return (*(("metadata", f) for f in own), *([("status",)] if "status" in live else []))


def overlay(live: Any, before: Any, after: Any) -> Any:
    """A whole live object after the change from `before`, which is a part of it, to `after`; the rest stays."""
    if isinstance(live, dict) and isinstance(before, dict) and isinstance(after, dict):
        stays = {n: v for n, v in live.items() if n not in before or n in after}
        kept = {n: overlay(v, before[n], after[n]) if n in before else v for n, v in stays.items()}
        return kept | {n: v for n, v in after.items() if n not in before}
    if isinstance(live, list) and isinstance(before, list) and isinstance(after, list):
        return _overlay_items(live, before, after)
    return after


def _overlay_items(live: list[Any], before: list[Any], after: list[Any]) -> list[Any]:
    whole, part = item_keys(live, after), item_keys(before, after)
    names = [[[name for name, _ in key.fields] for key in side[0][:1]] for side in (whole, part) if side is not None]
    if whole is None or part is None or (before and names[0] != names[1]):
        if len(live) != len(before):
            return after
        paired = zip(live, before, after, strict=False)
        return [overlay(*three) for three in paired] + after[len(live) :]
    lives, befores = dict(zip(whole[0], live, strict=True)), dict(zip(part[0], before, strict=True))
    coming = [
        overlay(lives[key], befores[key], item) if key in lives and key in befores else item
        for key, item in zip(whole[1], after, strict=True)
    ]
    out: list[Any] = []
    for key, item in lives.items():
        if key not in befores:
            out.append(item)
        elif coming:
            out.append(coming.pop(0))
    return out + coming


class _Keeper:
    """Carries the places of the live fields that were left out."""

    def __init__(self) -> None:
        self.left: list[Path] = []

    def keep(self, live: Any, wanted: Any, applied: Any, path: Path) -> Any:
        if isinstance(live, dict):
            sides = [s for s in (wanted, applied) if isinstance(s, dict)]
            if not sides:
                return live
            out = {}
            for name, value in live.items():
                if any(name in s for s in sides):
                    out[name] = self.keep(value, _inner(wanted, name), _inner(applied, name), (*path, name))
                else:
                    self.left.append((*path, name))
            return out
        if isinstance(live, list) and (isinstance(wanted, list) or isinstance(applied, list)):
            return self._keep_items(live, _list(wanted), _list(applied), path)
        return live

    def _keep_items(self, live: list[Any], wanted: list[Any], applied: list[Any], path: Path) -> list[Any]:
        by_wanted, by_applied = item_keys(live, wanted), item_keys(live, applied)
        if by_wanted is None or by_applied is None:
            return [self.keep(v, _at(wanted, n), _at(applied, n), (*path, n)) for n, v in enumerate(live)]
        wants = dict(zip(by_wanted[1], wanted, strict=True))
        was = dict(zip(by_applied[1], applied, strict=True))
        out = []
        for item, key_in_wanted, key_in_applied in zip(live, by_wanted[0], by_applied[0], strict=True):
            sides = wants.get(key_in_wanted), was.get(key_in_applied)
            if sides == (None, None):
                self.left.append((*path, key_in_wanted))
            else:
                out.append(self.keep(item, *sides, (*path, key_in_wanted)))
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
