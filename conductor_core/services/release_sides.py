"""The sides of a comparison brought together: which object on one side is which on the other, and what of a live one
counts.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

from conductor_core.domain import ownership, projection
from conductor_core.domain.comparison import Basis, Pair, Side
from conductor_core.domain.difference import same
from conductor_core.domain.managed_fields import LAST_APPLIED, Ownership
from conductor_core.domain.manifests import Identity, Object, hook_events

_OWNER, _OWNER_NAMESPACE = "meta.helm.sh/release-name", "meta.helm.sh/release-namespace"
_KEEP = "helm.sh/resource-policy"
CRDS = "From crds/: Helm creates it at the first install only; apply a change of it before you deploy."


@dataclass(frozen=True)
class Loaded:
    """One side: its objects by identity. A live side has what was `applied` last, and its objects are all live ones
    that either side names.
    """

    side: Side
    release: str
    namespace: str
    objects: Mapping[Identity, Object] = field(default_factory=dict)
    applied: Mapping[Identity, Object] | None = None
    crds: frozenset[Identity] = frozenset()
    """Which of the objects come from `crds/`: created at the first install, and Helm's business no more."""
    hooks: Mapping[Identity, Object] | None = None
    """The hooks that a live side's revision came with; None: it isn't known which ones ran."""

    @property
    def live(self) -> bool:
        """Whether the objects come from the cluster."""
        return self.applied is not None


def found(loaded: Loaded, objects: Mapping[Identity, Object]) -> Loaded:
    """A live side with its objects; what Helm hasn't installed and an Argo CD Application owns is told so."""
    application = "" if loaded.applied else ownership.owner(objects.values())[1]
    title = f"{loaded.side.title.partition(' (')[0]} (by the Argo CD Application {application})"
    return replace(loaded, side=replace(loaded.side, title=title) if application else loaded.side, objects=objects)


def pairs(old: Loaded, new: Loaded, *, all_fields: bool = False) -> dict[Identity, Pair]:
    """Every object of either side with its partner. Objects in the release's own namespace are partners across
    channels. `all_fields`: live objects are whole, and what a change leaves alone is on both sides.
    """
    if old.live and new.live:
        return _joined(_settled(old, all_fields), _settled(new, all_fields), new.namespace)
    if old.live:
        return _against(old, aligned(new, old.namespace).objects, new.crds, all_fields)
    if new.live:
        return swapped(_against(new, aligned(old, new.namespace).objects, old.crds, all_fields))
    return _joined(old, new, new.namespace)


def prediction(old: Loaded, new: Loaded) -> Basis:
    """What the wanted side of the two stands on."""
    return "prediction" if old.live != new.live else ""


def swapped(there: Mapping[Identity, Pair]) -> dict[Identity, Pair]:
    """The pairs the other way round."""
    other: dict[Literal["", "old", "new"], Literal["", "old", "new"]] = {"old": "new", "new": "old", "": ""}
    return {i: replace(p, old=p.new, new=p.old, live=other[p.live]) for i, p in there.items()}


def aligned(loaded: Loaded, namespace: str) -> Loaded:
    """The side with its own namespace renamed, in identities and manifests, so that two channels can be compared."""
    own = loaded.namespace
    if own == namespace:
        return loaded
    return replace(loaded, objects=dict(_moved(i, o, own, namespace) for i, o in loaded.objects.items()))


def _moved(identity: Identity, manifest: Object, own: str, other: str) -> tuple[Identity, Object]:
    if identity.namespace != own:
        return identity, manifest
    metadata = manifest["metadata"]
    named = {**manifest, "metadata": {**metadata, "namespace": other}} if "namespace" in metadata else manifest
    return replace(identity, namespace=other), named


def _settled(loaded: Loaded, all_fields: bool) -> Loaded:
    """A live side reduced to the fields that its release has applied."""
    assert loaded.applied is not None
    kept = {
        i: projection.served(loaded.objects[i])
        if all_fields
        else projection.project(loaded.objects[i], None, applied).before
        for i, applied in loaded.applied.items()
        if i in loaded.objects
    }
    return replace(loaded, objects=kept)


def _joined(old: Loaded, new: Loaded, namespace: str) -> dict[Identity, Pair]:
    before, after = aligned(old, namespace).objects, aligned(new, namespace).objects
    crds = old.crds | new.crds
    return {
        i: Pair(before.get(i), after.get(i), 0, (CRDS,) if i in crds else _hook(after.get(i) or before[i]))
        for i in {**before, **after}
    }


def _hook(manifest: Object) -> tuple[str, ...]:
    events = hook_events(manifest)
    return (f"A hook: it runs at {', '.join(events)} and isn't kept.",) if events else ()


def _against(
    live: Loaded, wanted: Mapping[Identity, Object], crds: frozenset[Identity], all_fields: bool
) -> dict[Identity, Pair]:
    """The live side as `old`, what is wanted as `new`; hooks are run and not kept: their partner is what ran last."""
    assert live.applied is not None
    out: dict[Identity, Pair] = {}
    for identity in {**live.applied, **wanted}:
        now, wants, was = live.objects.get(identity), wanted.get(identity), live.applied.get(identity)
        if wants is not None and hook_events(wants):
            continue
        if now is None and wants is None:
            continue
        if now is None:
            assert wants is not None
            gone = ("The installed revision has it, and the cluster doesn't.",) if was is not None else ()
            gone = (CRDS,) if identity in crds and live.applied else gone
            out[identity] = Pair(None, projection.tidy(wants), 0, gone, "old")
        elif wants is None and _annotation(was or {}, _KEEP) == "keep":
            before = projection.project(now, None, was).before
            out[identity] = Pair(before, before, 0, ("Its resource policy says keep: Helm leaves it.",), "old")
        else:
            pair = against(now, wants, was, all_fields=all_fields)
            notes = (CRDS,) if identity in crds else _owner(now, live) if was is None else ()
            out[identity] = replace(pair, notes=notes)
    return out if live.hooks is None else out | _hooks(live.hooks, wanted)


def _hooks(ran: Mapping[Identity, Object], wanted: Mapping[Identity, Object]) -> dict[Identity, Pair]:
    """The hooks that come, go or change: each is what would run next beside what ran last."""
    comes = {i: o for i, o in wanted.items() if hook_events(o)}
    differ = [i for i in {**ran, **comes} if i not in ran or i not in comes or not same(ran[i], comes[i])]
    return {i: Pair(ran.get(i), comes.get(i), 0, _hook(comes.get(i) or ran[i])) for i in differ}


def against(now: Object, wants: Object | None, was: Object | None, *, all_fields: bool) -> Pair:
    """A live object, as `old`, with what is wanted of it; `was` is what its release has applied, else its own record
    of what `kubectl apply` or Argo CD has.
    """
    was = was or _recorded(now, wants)
    found = projection.project(now, wants, was)
    before, after = found.before, found.after
    if all_fields:
        whole = projection.served(now)
        after = projection.overlay(whole, before, after) if after is not None else None
        return Pair(whole, after, 0, (), "old", now, found.base, (*found.left, *projection.set_by_server(now)))
    owners = Ownership(now if wants is not None else {})
    hand = [owners.by_hand(path) for path in found.left]
    hidden = sum(told != (path,) for path, told in zip(found.left, hand, strict=True))
    return Pair(before, after, hidden, (), "old", now, found.base, tuple(itertools.chain(*hand)))


def _recorded(now: Object, wants: Object | None) -> Object | None:
    """What `kubectl apply` or Argo CD noted as applied, without what Argo CD adds to every manifest by itself."""
    try:
        told = json.loads(_annotation(now, LAST_APPLIED) or "null")
    except ValueError:
        return None
    if not isinstance(told, Mapping):
        return None
    return told if wants is None else ownership.without_marks(told, wants)


def _owner(now: Object, live: Loaded) -> tuple[str, ...]:
    name, namespace = _annotation(now, _OWNER), _annotation(now, _OWNER_NAMESPACE)
    if (name, namespace) == (live.release, live.namespace) or ownership.owner([now])[1]:
        return ()  # what Argo CD owns is its to write
    whose = f"the release {namespace}/{name}" if name else "nobody that Helm knows"
    return (f"It exists already and belongs to {whose}: Helm will refuse to take it over.",)


def _annotation(manifest: Object, key: str) -> str:
    metadata = manifest.get("metadata")
    annotations = metadata.get("annotations") if isinstance(metadata, Mapping) else None
    return str(annotations.get(key, "")) if isinstance(annotations, Mapping) else ""
