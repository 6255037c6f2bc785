"""A plan of tofu, as `show -json` tells it, made ready for review: what happens to which resource, with secrets hidden.

Rule: https://opentofu.org/docs/internals/json-format/ (format_version 1.x). Only what a person decides on is kept: the
same plan gives the same bytes, whenever and wherever it was made.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any, Literal

from conductor_core.domain.comparison import Pair
from conductor_core.domain.manifests import Identity
from conductor_core.domain.masking import Masker
from conductor_core.errors import InputError, ToolError

Act = Literal["create", "update", "replace", "delete", "forget", "read", "no-op"]
ORDER: tuple[Act, ...] = ("delete", "replace", "forget", "update", "create", "read", "no-op")
UNKNOWN = "(known after apply)"
MANIFESTS = ("kubectl_manifest", "kubernetes_manifest")
_NOISE = ("live_manifest_incluster", "live_uid", "yaml_incluster", "uid")
"""Attributes by which `kubectl_manifest` keeps book of the live object."""
_REASONS = {
    "replace_because_tainted": "it is tainted",
    "replace_because_cannot_update": "a change that can't be made in place",
    "replace_by_request": "asked for by -replace",
    "replace_by_triggers": "replace_triggered_by",
    "delete_because_no_resource_config": "its block is gone",
    "delete_because_no_module": "its module is gone",
    "delete_because_wrong_repetition": "count or for_each was changed",
    "delete_because_count_index": "count is smaller",
    "delete_because_each_key": "its key is gone from for_each",
    "delete_because_no_move_target": "it was moved to where nothing is",
}


@dataclass(frozen=True)
class ResourceChange:
    """What happens to one resource. `before` and `after` are its attributes with marks for secrets and `UNKNOWN` for
    what is not known yet; None where it isn't there. `moved_from`: its address before a `moved` block.
    """

    address: str
    type: str
    act: Act
    before: Mapping[str, Any] | None
    after: Mapping[str, Any] | None
    module: str = ""
    reason: str = ""
    moved_from: str = ""
    imported: bool = False
    attributes: Mapping[str, Any] | None = None
    """The planned attributes that are known and not sensitive: what policy judges."""

    @property
    def kind(self) -> str:
        """Its kind in a count: the Kubernetes kind of a manifest, else the resource type."""
        shown = self.after or self.before or {}
        return str(shown["kind"]) if self.type in MANIFESTS and isinstance(shown.get("kind"), str) else self.type


@dataclass(frozen=True)
class Radius:
    """How much a plan touches. `destroyed`: addresses of what is deleted or replaced, which is named first."""

    create: int = 0
    update: int = 0
    replace: int = 0
    delete: int = 0
    kinds: Mapping[str, int] | None = None
    destroyed: tuple[str, ...] = ()

    @property
    def total(self) -> int:
        """Everything that is touched."""
        return self.create + self.update + self.replace + self.delete

    @property
    def text(self) -> str:
        """One line, what is destroyed first."""
        parts = [(self.delete, "destroyed"), (self.replace, "replaced"), (self.update, "changed"), (self.create, "new")]
        told = ", ".join(f"{count} {word}" for count, word in parts if count)
        return told or "no resource changes"


@dataclass(frozen=True)
class Review:
    """A plan to be reviewed. `outputs`: planned values that are known and not sensitive; `moved` counts addresses that
    move without a change; `drift`: addresses of what changed outside of tofu since the last apply.
    """

    resources: tuple[ResourceChange, ...]
    outputs: Mapping[str, Any]
    output_changes: Mapping[str, str]
    unknown_outputs: tuple[str, ...] = ()
    drift: tuple[str, ...] = ()
    version: str = ""

    @property
    def touched(self) -> tuple[ResourceChange, ...]:
        """What changes, in the order in which it is to be read: what is destroyed first."""
        found = [r for r in self.resources if r.act not in ("no-op", "read") or r.moved_from]
        return tuple(sorted(found, key=lambda r: (ORDER.index(r.act), r.address)))

    @property
    def changes_nothing(self) -> bool:
        """Whether applying it would change neither a resource nor an output."""
        return not self.touched and all(act == "no-op" for act in self.output_changes.values())

    def radius(self) -> Radius:
        """How much it touches, by act and kind."""
        acts = Counter(r.act for r in self.resources)
        kinds = Counter(r.kind for r in self.touched if r.act != "no-op")
        lost = tuple(r.address for r in self.touched if r.act in ("delete", "replace"))
        return Radius(
            acts["create"], acts["update"], acts["replace"], acts["delete"], dict(sorted(kinds.items())), lost
        )


def read(plan: Mapping[str, Any], masker: Masker) -> Review:
    """The review of a `show -json` document; raises `ToolError` for one that is none, or whose plan failed."""
    if not str(plan.get("format_version", "")).startswith("1."):
        raise ToolError(
            "The plan can't be read.",
            why=f"Its format is {plan.get('format_version')!r}; 1.x is known.",
            next="Use OpenTofu 1.6 or newer, or Terraform 1.x.",
        )
    if plan.get("errored") is True:
        raise ToolError("The plan is not whole.", why="tofu met an error while planning.", next="Mend it, plan again.")
    changes = plan.get("output_changes") or {}
    known = {k: c["after"] for k, c in sorted(changes.items()) if _open(c) and "after" in c}
    return Review(
        tuple(_resource(r, masker) for r in plan.get("resource_changes") or () if r.get("mode") != "data"),
        known,
        {name: "+".join(change["actions"]) for name, change in sorted(changes.items())},
        tuple(sorted(name for name, c in changes.items() if c.get("after_unknown"))),
        tuple(sorted(r["address"] for r in plan.get("resource_drift") or () if r["change"]["actions"] != ["no-op"])),
        str(plan.get("terraform_version", "")),
    )


def check_known(review: Review, addresses: Iterable[str]) -> None:
    """Raises `InputError`, with the nearest ones, for an address that the plan does not have."""
    known = {r.address for r in review.resources}
    for strange in (address for address in addresses if address not in known):
        near = get_close_matches(strange, known, 3, 0.3)
        raise InputError(
            f"There is no resource {strange[:200]}.",
            why=f"The plan has {len(known)}; near it: {', '.join(near) or 'none'}.",
            next="Give an address as the plan shows it.",
        )


def _open(change: Mapping[str, Any]) -> bool:
    return not change.get("after_unknown") and not change.get("after_sensitive")


def _resource(found: Mapping[str, Any], masker: Masker) -> ResourceChange:
    change = found["change"]
    before, after = change.get("before"), change.get("after")
    moved = found.get("previous_address", "")
    return ResourceChange(
        address=found["address"],
        type=found["type"],
        act=_act(change["actions"]),
        before=_shown(before, change.get("before_sensitive"), None, masker),
        after=_shown(after, change.get("after_sensitive"), change.get("after_unknown"), masker),
        module=found.get("module_address", ""),
        reason=_REASONS.get(found.get("action_reason", ""), ""),
        moved_from=moved if moved and moved != found["address"] else "",
        imported=bool(change.get("importing")),
        attributes=_plain(after, change.get("after_sensitive")),
    )


def _act(actions: Iterable[str]) -> Act:
    told = tuple(actions)
    if set(told) == {"create", "delete"}:
        return "replace"
    if len(told) == 1 and told[0] in ORDER:
        return told[0]
    raise ToolError("The plan can't be read.", why=f"It has the actions {told}.", next="Use a known version of tofu.")


def _shown(value: Any, sensitive: Any, unknown: Any, masker: Masker) -> dict[str, Any] | None:
    if not isinstance(value, Mapping):
        return None
    merged = _merge(value, sensitive, unknown, masker)
    return {k: v for k, v in merged.items() if k not in _NOISE and v is not None}


def _merge(value: Any, sensitive: Any, unknown: Any, masker: Masker) -> Any:
    if unknown is True:
        return UNKNOWN
    if sensitive is True:
        return masker.mark(value)
    if isinstance(value, Mapping) or (value is None and isinstance(unknown, Mapping)):
        inner = value or {}
        keys = inner.keys() | (unknown.keys() if isinstance(unknown, Mapping) else set())
        return {k: _merge(inner.get(k), _at(sensitive, k), _at(unknown, k), masker) for k in sorted(keys)}
    if isinstance(value, list) or (value is None and isinstance(unknown, list)):
        items = value or []
        size = max(len(items), len(unknown) if isinstance(unknown, list) else 0)
        return [_merge(_at(items, n), _at(sensitive, n), _at(unknown, n), masker) for n in range(size)]
    return value


def _plain(value: Any, sensitive: Any) -> Any:
    """The value without what is sensitive, and without nulls."""
    if sensitive is True:
        return None
    if isinstance(value, Mapping):
        kept = {k: _plain(v, _at(sensitive, k)) for k, v in value.items()}
        return {k: v for k, v in kept.items() if v is not None}
    if isinstance(value, list):
        return [_plain(v, _at(sensitive, n)) for n, v in enumerate(value)]
    return value


def _at(marks: Any, key: str | int) -> Any:
    if isinstance(marks, Mapping):
        return marks.get(key)
    if isinstance(marks, list) and isinstance(key, int) and key < len(marks):
        return marks[key]
    return None


def objects(review: Review, parse: Callable[[str], object]) -> tuple[dict[str, Any], ...]:
    """The Kubernetes objects that the plan would leave, as far as they are known: what policy judges as manifests."""
    found = (_object(r.attributes, parse) for r in review.resources if r.type in MANIFESTS and r.act != "delete")
    return tuple(o for o in found if o is not None)


def _object(attributes: Mapping[str, Any] | None, parse: Callable[[str], object]) -> dict[str, Any] | None:
    shown = attributes or {}
    if isinstance(shown.get("manifest"), Mapping):  # the provider hashicorp/kubernetes
        return dict(shown["manifest"])
    text = shown.get("yaml_body_parsed") or shown.get("yaml_body")
    loaded = parse(text) if isinstance(text, str) else None
    return loaded if isinstance(loaded, dict) else None


def pairs(review: Review, parse: Callable[[str], object]) -> dict[Identity, Pair]:
    """Every resource on both sides, for the difference: a manifest as the object that it is, others as attributes."""
    out: dict[Identity, Pair] = {}
    for r in review.touched:
        sides = [_side(r, side, parse) for side in (r.before if r.act != "create" else None, r.after)]
        told = (r.reason and f"{r.act}: {r.reason}", r.moved_from and f"moved from {r.moved_from}")
        notes = [note for note in told if note]
        if r.act == "update" and sides[0] == sides[1]:  # what changes is hidden: the marks say that it does
            sides = [dict(side or {}) for side in (r.before, r.after)]
        if r.act == "replace" and not r.reason:
            notes.append("replaced: destroyed and created anew")
        if r.act == "forget":
            notes.append("forgotten by tofu, not destroyed")
        out[Identity("", r.kind, r.module, r.address)] = Pair(sides[0], sides[1], 0, tuple(notes))
    return out


def _side(r: ResourceChange, side: Mapping[str, Any] | None, parse: Callable[[str], object]) -> dict[str, Any] | None:
    if side is None:
        return None
    text = side.get("yaml_body_parsed")
    loaded = parse(text) if r.type in MANIFESTS and isinstance(text, str) and text != UNKNOWN else None
    return loaded if isinstance(loaded, dict) else dict(side)
