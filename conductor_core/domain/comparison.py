"""Two sets of manifests side by side, resource by resource, with secrets hidden: what a plan keeps as evidence and a
person reviews.

The same input gives the same bytes: resources are sorted by identity, fields by place, and nothing depends on time or
order of arrival.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

from conductor_core.domain import masking
from conductor_core.domain.difference import Path, diff, same
from conductor_core.domain.field_changes import FieldChange, KeptField, field_change, judged, kept_fields
from conductor_core.domain.managed_fields import Ownership
from conductor_core.domain.manifests import Identity, Object
from conductor_core.domain.moves import moves
from conductor_core.domain.risks import risks

Standing = Literal["added", "changed", "removed", "unchanged"]
Basis = Literal["", "prediction", "server"]
"""What the wanted side of a live comparison stands on: computed here, or told by the server; '' when none is live."""


@dataclass(frozen=True)
class ResourceDiff:
    """One resource on both sides. `old` and `new` are the manifests with secrets hidden, None where it isn't there
    (and when unchanged).

    `before` and `after` are fingerprints of the true manifests: they change when a hidden secret does. `left_out`
    counts the hidden live fields, the cluster's business; `kept` are those that are told (by default the ones
    set by hand); `notes` are remarks; `confirmed` is whether the server would store just this (None: not asked).
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
    kept: tuple[KeptField, ...] = ()
    confirmed: bool | None = None


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
    """One object on both sides, with how many live fields were left out and remarks; at least one side is there.

    `live` says which side is live, `whole` is that object as the API gives it, `base` what was applied last, `kept` the
    places of the left-out fields that are told.
    """

    old: Object | None
    new: Object | None
    left_out: int = 0
    notes: tuple[str, ...] = ()
    live: Literal["", "old", "new"] = ""
    whole: Object | None = None
    base: Object | None = None
    kept: tuple[Path, ...] = ()
    confirmed: bool | None = None


@dataclass(frozen=True)
class Comparison:
    """Every resource of both sides, sorted by identity; what it stands on, and whether every live field is shown."""

    old: Side
    new: Side
    resources: tuple[ResourceDiff, ...]
    basis: Basis = ""
    all_fields: bool = False

    def count(self, standing: Standing) -> int:
        """How many resources stand so."""
        return sum(r.standing == standing for r in self.resources)

    @property
    def same(self) -> bool:
        """Whether nothing would change."""
        return self.count("unchanged") == len(self.resources)

    @property
    def answers(self) -> tuple[int, int, int]:
        """Of the objects that would be written: how many the server would store just so, how many otherwise or not at
        all, and how many it wasn't or couldn't be asked about.
        """
        gone = "added" if self.new.ref.startswith("live:") else "removed"
        found = [r.confirmed for r in self.resources if r.standing not in ("unchanged", gone)]
        return found.count(True), found.count(False), found.count(None)

    def as_json(self) -> dict[str, Any]:
        """Plain JSON in a fixed order; a number that JSON writers spell differently (1.5, beyond 2^53) is given as
        text.
        """
        counts = {s: self.count(s) for s in ("added", "changed", "removed", "unchanged")}
        sides = {
            n: {"ref": s.ref, "title": s.title, "notes": list(s.notes)}
            for n, s in (("from", self.old), ("to", self.new))
        }
        told = {**sides, "basis": self.basis, "all_fields": self.all_fields, "same": self.same, "counts": counts}
        return {**told, "resources": [_resource_json(r) for r in self.resources]}


def compare(
    old: Side,
    new: Side,
    pairs: Mapping[Identity, Pair],
    masker: masking.Masker,
    basis: Basis = "",
    *,
    all_fields: bool = False,
) -> Comparison:
    """The comparison of the two sides' objects, which `pairs` has by identity."""
    told = _with_moves(pairs)
    return Comparison(old, new, tuple(_resource(i, told[i], masker) for i in sorted(told)), basis, all_fields)


def _with_moves(pairs: Mapping[Identity, Pair]) -> dict[Identity, Pair]:
    gone = {i: p.old for i, p in pairs.items() if p.new is None and p.old is not None}
    came = {i: p.new for i, p in pairs.items() if p.old is None and p.new is not None}
    out = dict(pairs)
    for comes, went in moves(gone, came).items():
        for here, words in ((comes, f"Moved: it was {went}."), (went, f"Moved: it comes again as {comes}.")):
            out[here] = replace(pairs[here], notes=(words, *pairs[here].notes))
    return out


def masker_for(key: bytes, pairs: Mapping[Identity, Pair]) -> masking.Masker:
    """A masker that knows the contents of every Secret on either side."""
    sides = (side for p in pairs.values() for side in (p.old, p.new, p.base, p.whole) if side is not None)
    return masking.Masker(key, masking.secrets_in(sides))


def _resource(identity: Identity, pair: Pair, masker: masking.Masker) -> ResourceDiff:
    before = masker.fingerprint(pair.old) if pair.old is not None else ""
    after = before if pair.new is pair.old else masker.fingerprint(pair.new) if pair.new is not None else ""
    if before and after and not pair.kept and (before == after or same(pair.old, pair.new)):  # cheapest question first
        notes = tuple(masking.show(masker.text(note)) for note in pair.notes)
        return ResourceDiff(identity, "unchanged", (), before, after, pair.left_out, notes, confirmed=pair.confirmed)
    old = masker.hide(pair.old) if pair.old is not None else None
    new = masker.hide(pair.new) if pair.new is not None else None
    standing: Standing
    fields: tuple[FieldChange, ...] = ()
    known: set[str] | None = None
    if old is None or new is None:
        standing = "added" if old is None else "removed"
    else:
        known = masking.marks_in(old)
        edits = diff(old, new)
        fields = tuple(field_change(e, known) for e in edits)
        if edits and pair.live:
            live, wanted = (old, new) if pair.live == "old" else (new, old)
            base = masker.hide(pair.base) if pair.base is not None else None
            fields = judged(edits, fields, (live, wanted, base), Ownership(pair.whole or {}))
        standing = "changed" if fields else "unchanged"
    notes = (*pair.notes, *risks(pair.old, pair.new)) if standing != "unchanged" else pair.notes
    notes = tuple(masking.show(masker.text(note)) for note in notes)
    kept = kept_fields(masker.hide(pair.whole), Ownership(pair.whole), pair.kept) if pair.kept and pair.whole else ()
    drawn = standing != "unchanged" or bool(kept)
    shown = (masking.show(old), masking.show(new, known)) if drawn else (None, None)
    told = (standing, fields, before, after, pair.left_out, notes, *shown, kept, pair.confirmed)
    return ResourceDiff(identity, *told)


def _resource_json(r: ResourceDiff) -> dict[str, Any]:
    i = r.identity
    return {
        "group": i.group,
        "kind": i.kind,
        "namespace": i.namespace,
        "name": i.name,
        "standing": r.standing,
        "fields": [_field_json(f) for f in r.fields],
        "before": r.before,
        "after": r.after,
        "left_out": r.left_out,
        "notes": list(r.notes),
        "old": plain(r.old),
        "new": plain(r.new),
        "kept": [plain(vars(k)) for k in r.kept],
        "confirmed": r.confirmed,
    }


def _field_json(f: FieldChange) -> dict[str, Any]:
    told: dict[str, Any] = {"op": f.op, "pointer": f.pointer, "old": plain(f.old), "new": plain(f.new)}
    told |= {"by": f.by} if f.by else {}
    told |= {"base": plain(f.base)} if f.by == "both" else {}
    return told | ({"owner": f.owner, "at": f.at} if f.owner else {})


def from_json(data: Mapping[str, Any]) -> Comparison:
    """The comparison that `as_json` wrote."""
    sides = [Side(s["ref"], s["title"], tuple(s["notes"])) for s in (data["from"], data["to"])]
    resources = tuple(
        ResourceDiff(
            Identity(r["group"], r["kind"], r["namespace"], r["name"]),
            r["standing"],
            tuple(FieldChange(**f) for f in r["fields"]),
            r["before"],
            r["after"],
            r["left_out"],
            tuple(r["notes"]),
            r["old"],
            r["new"],
            tuple(KeptField(**k) for k in r.get("kept", ())),
            r.get("confirmed"),
        )
        for r in data["resources"]
    )
    return Comparison(sides[0], sides[1], resources, data.get("basis", ""), bool(data.get("all_fields")))


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
