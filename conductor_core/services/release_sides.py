"""The sides of a comparison brought together: which object on one side is which on the other, and what of a live one
counts.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from conductor_core.domain import projection
from conductor_core.domain.comparison import Pair, Side
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

    @property
    def live(self) -> bool:
        """Whether the objects come from the cluster."""
        return self.applied is not None


def pairs(old: Loaded, new: Loaded) -> dict[Identity, Pair]:
    """Every object of either side with its partner. Objects in the release's own namespace are partners across
    channels.
    """
    if old.live and new.live:
        return _joined(_settled(old), _settled(new), new.namespace)
    if old.live:
        return _against(old, aligned(new, old.namespace).objects, new.crds)
    if new.live:
        there = _against(new, aligned(old, new.namespace).objects, old.crds)
        return {i: Pair(p.new, p.old, p.left_out, p.notes) for i, p in there.items()}
    return _joined(old, new, new.namespace)


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


def _settled(loaded: Loaded) -> Loaded:
    """A live side reduced to the fields that its release has applied."""
    assert loaded.applied is not None
    kept = {
        i: projection.project(loaded.objects[i], None, applied)[0]
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


def _against(live: Loaded, wanted: Mapping[Identity, Object], crds: frozenset[Identity]) -> dict[Identity, Pair]:
    """The live side as `old`, what is wanted as `new`; hooks are run and not kept, so they have no live partner."""
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
            out[identity] = Pair(None, projection.tidy(wants), 0, gone)
        else:
            before, after, left_out = projection.project(now, wants, was)
            if wants is None and _annotation(was or {}, _KEEP) == "keep":
                out[identity] = Pair(before, before, left_out, ("Its resource policy says keep: Helm leaves it.",))
            else:
                notes = (CRDS,) if identity in crds else _owner(now, live) if was is None else ()
                out[identity] = Pair(before, after, left_out, notes)
    return out


def _owner(now: Object, live: Loaded) -> tuple[str, ...]:
    name, namespace = _annotation(now, _OWNER), _annotation(now, _OWNER_NAMESPACE)
    if (name, namespace) == (live.release, live.namespace):
        return ()
    whose = f"the release {namespace}/{name}" if name else "nobody that Helm knows"
    return (f"It exists already and belongs to {whose}: Helm will refuse to take it over.",)


def _annotation(manifest: Object, key: str) -> str:
    metadata = manifest.get("metadata")
    annotations = metadata.get("annotations") if isinstance(metadata, Mapping) else None
    return str(annotations.get(key, "")) if isinstance(annotations, Mapping) else ""
