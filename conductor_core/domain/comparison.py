"""Two sets of manifests side by side, resource by resource, with secrets hidden: what a plan keeps as evidence and a
person reviews.

The same input gives the same bytes: resources are sorted by identity, fields by place, and nothing depends on time or
order of arrival.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from conductor_core.domain import masking
from conductor_core.domain.difference import Edit, Op, diff
from conductor_core.domain.manifests import Identity, Object
from conductor_core.domain.risks import risks

Standing = Literal["added", "changed", "removed", "unchanged"]


@dataclass(frozen=True)
class FieldChange:
    """One edit as a person sees it: secrets are `••••`. `pointer`: see `difference.Edit`; the values are plain JSON."""

    op: Op
    pointer: str
    old: Any = None
    new: Any = None


@dataclass(frozen=True)
class ResourceDiff:
    """One resource on both sides. `old` and `new` are the manifests with secrets hidden, None where it isn't there
    (and when unchanged).

    `before` and `after` are fingerprints of the true manifests: they change when a hidden secret does. `left_out`
    counts the live fields that are the cluster's business; `notes` are remarks for the reviewer.
    """

    identity: Identity
    standing: Standing
    fields: tuple[FieldChange, ...] = ()
    before: str = ""
    after: str = ""
    left_out: int = 0
    notes: tuple[str, ...] = ()
    old: dict[str, Any] | None = None
    new: dict[str, Any] | None = None


@dataclass(frozen=True)
class Side:
    """One side of a comparison: the reference as asked for, what it stands for, and remarks (for example what could
    not be checked).
    """

    ref: str
    title: str
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Pair:
    """One object on both sides, with how many live fields were left out and remarks; at least one side is there."""

    old: Object | None
    new: Object | None
    left_out: int = 0
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Comparison:
    """Every resource of both sides, sorted by identity."""

    old: Side
    new: Side
    resources: tuple[ResourceDiff, ...]

    def count(self, standing: Standing) -> int:
        """How many resources stand so."""
        return sum(r.standing == standing for r in self.resources)

    @property
    def same(self) -> bool:
        """Whether nothing would change."""
        return self.count("unchanged") == len(self.resources)

    def as_json(self) -> dict[str, Any]:
        """Plain JSON in a fixed order; a number that JSON writers spell differently (1.5, beyond 2^53) is given as
        text.
        """
        counts = {s: self.count(s) for s in ("added", "changed", "removed", "unchanged")}
        sides = {
            n: {"ref": s.ref, "title": s.title, "notes": list(s.notes)}
            for n, s in (("from", self.old), ("to", self.new))
        }
        return {**sides, "same": self.same, "counts": counts, "resources": [_resource_json(r) for r in self.resources]}


def compare(old: Side, new: Side, pairs: Mapping[Identity, Pair], masker: masking.Masker) -> Comparison:
    """The comparison of the two sides' objects, which `pairs` has by identity."""
    return Comparison(old, new, tuple(_resource(i, pairs[i], masker) for i in sorted(pairs)))


def masker_for(key: bytes, pairs: Mapping[Identity, Pair]) -> masking.Masker:
    """A masker that knows the contents of every Secret on either side."""
    return masking.Masker(key, masking.secrets_in(o for p in pairs.values() for o in (p.old, p.new) if o is not None))


def _resource(identity: Identity, pair: Pair, masker: masking.Masker) -> ResourceDiff:
    old = masker.hide(pair.old) if pair.old is not None else None
    new = masker.hide(pair.new) if pair.new is not None else None
    before = masker.fingerprint(pair.old) if pair.old is not None else ""
    after = masker.fingerprint(pair.new) if pair.new is not None else ""
    standing: Standing
    fields: tuple[FieldChange, ...] = ()
    known: set[str] | None = None
    if old is None or new is None:
        standing = "added" if old is None else "removed"
    else:
        known = masking.marks_in(old)
        fields = tuple(
            FieldChange(e.op, e.pointer, masking.show(e.old), masking.show(e.new, _known_in(e, known)))
            for e in diff(old, new)
        )
        standing = "changed" if fields else "unchanged"
    notes = (*pair.notes, *risks(pair.old, pair.new)) if standing != "unchanged" else pair.notes
    shown = (masking.show(old), masking.show(new, known)) if standing != "unchanged" else (None, None)
    return ResourceDiff(identity, standing, fields, before, after, pair.left_out, notes, *shown)


def _known_in(edit: Edit, known: set[str]) -> set[str]:
    """A secret that changed at its own place is shown as changed, even when another place had it before."""
    return set() if edit.op == "changed" and masking.is_mark(edit.new) else known


def _resource_json(r: ResourceDiff) -> dict[str, Any]:
    i = r.identity
    return {
        "group": i.group,
        "kind": i.kind,
        "namespace": i.namespace,
        "name": i.name,
        "standing": r.standing,
        "fields": [{"op": f.op, "pointer": f.pointer, "old": plain(f.old), "new": plain(f.new)} for f in r.fields],
        "before": r.before,
        "after": r.after,
        "left_out": r.left_out,
        "notes": list(r.notes),
        "old": plain(r.old),
        "new": plain(r.new),
    }


def from_json(data: Mapping[str, Any]) -> Comparison:
    """The comparison that `as_json` wrote."""
    sides = [Side(s["ref"], s["title"], tuple(s["notes"])) for s in (data["from"], data["to"])]
    resources = tuple(
        ResourceDiff(
            Identity(r["group"], r["kind"], r["namespace"], r["name"]),
            r["standing"],
            tuple(FieldChange(f["op"], f["pointer"], f["old"], f["new"]) for f in r["fields"]),
            r["before"],
            r["after"],
            r["left_out"],
            tuple(r["notes"]),
            r["old"],
            r["new"],
        )
        for r in data["resources"]
    )
    return Comparison(sides[0], sides[1], resources)


def plain(value: Any) -> Any:
    """JSON without fractions and without numbers beyond 2^53, which become text: canonical evidence has none."""
    if isinstance(value, Mapping):
        return {str(k): plain(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [plain(v) for v in value]
    if isinstance(value, float):
        return int(value) if value.is_integer() and abs(value) < 2**53 else repr(value)
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) >= 2**53:
        return str(value)
    return value
