"""What is dangerous about a change of one object, said in a sentence a person can act on at night.

Immutable fields: https://kubernetes.io/docs/reference/kubernetes-api/ (validation of updates of each kind).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from conductor_core.domain.manifests import Object, hook_events

_IMMUTABLE: dict[str, tuple[tuple[str, ...], ...]] = {
    "Deployment": (("spec", "selector"),),
    "ReplicaSet": (("spec", "selector"),),
    "DaemonSet": (("spec", "selector"),),
    "StatefulSet": (
        ("spec", "selector"),
        ("spec", "serviceName"),
        ("spec", "volumeClaimTemplates"),
        ("spec", "podManagementPolicy"),
    ),
    "Job": (("spec", "selector"), ("spec", "template"), ("spec", "completionMode")),
    "PersistentVolumeClaim": (("spec", "storageClassName"), ("spec", "accessModes"), ("spec", "volumeName")),
    "StorageClass": (("provisioner",), ("parameters",), ("reclaimPolicy",), ("volumeBindingMode",)),
    "RoleBinding": (("roleRef",),),
    "ClusterRoleBinding": (("roleRef",),),
    "Service": (("spec", "clusterIP"),),
    "Secret": (("type",),),
}
_DATA = frozenset({"PersistentVolumeClaim", "PersistentVolume"})
_SCALED = frozenset({"Deployment", "StatefulSet", "ReplicaSet", "Rollout"})
_MISSING = object()


def risks(old: Object | None, new: Object | None) -> tuple[str, ...]:
    """The risks of turning `old` into `new` (None: it isn't there), most harmful first; none for equal ones."""
    if old == new:
        return ()
    return tuple(dict.fromkeys((*_removed(old, new), *_changed(old, new), *_images(old, new), *_both(old, new))))


def _removed(old: Object | None, new: Object | None) -> Iterator[str]:
    if old is None or new is not None or hook_events(old):
        return
    kind = str(old.get("kind"))
    if kind in _DATA:
        yield "Risk: the claim goes, and with it, as its reclaim policy says, the data."
    elif kind == "CustomResourceDefinition":
        yield "Risk: every object of this kind in the cluster is deleted with its definition."
    elif kind == "Namespace":
        yield "Risk: everything in the namespace is deleted with it."
    elif kind == "StatefulSet":
        yield "Risk: its pods go; its claims stay unless their retention policy says otherwise."


def _changed(old: Object | None, new: Object | None) -> Iterator[str]:
    if old is None or new is None:
        return
    kind = str(new.get("kind"))
    for path in _IMMUTABLE.get(kind, ()):
        before, after = _at(old, path), _at(new, path)
        if after is _MISSING and path == ("spec", "clusterIP"):
            continue
        if before is not _MISSING and after is not _MISSING and before != after:
            what = "The selector" if path[-1] == "selector" else ".".join(path)
            yield f"Risk: {what} can't be changed in place; the API server refuses it, the object must be replaced."
    if kind in ("ConfigMap", "Secret") and old.get("immutable") is True and _payload(old) != _payload(new):
        yield "Risk: it is marked immutable; the API server refuses the change."
    if kind == "Service" and _at(old, ("spec", "selector")) != _at(new, ("spec", "selector")):
        yield "Risk: the selector changes: traffic goes to other pods from that moment on."
    if kind == "CustomResourceDefinition":
        gone = {str(v.get("name")) for v in _versions(old)} - {str(v.get("name")) for v in _versions(new)}
        if gone:
            yield f"Risk: it no longer serves {', '.join(sorted(gone))}: objects stored so can't be read."


def _both(old: Object | None, new: Object | None) -> Iterator[str]:
    if new is None:
        return
    kind = str(new.get("kind"))
    if kind in _SCALED and _at(new, ("spec", "replicas")) == 0 and (old is None or _at(old, ("spec", "replicas")) != 0):
        yield "Risk: it is scaled to 0: nothing of it runs afterwards."
    if kind == "PodDisruptionBudget":
        found = new.get("spec")
        spec = found if isinstance(found, Mapping) else {}
        if spec.get("maxUnavailable") in (0, "0%") or spec.get("minAvailable") == "100%":
            yield "Risk: it allows no disruption: nodes can't be drained while it stands."
    added = hook_events(new)
    if added and (old is None or not hook_events(old)):
        yield f"Risk: a new hook runs at {', '.join(added)}; when it fails, so does the deploy."


def _images(old: Object | None, new: Object | None) -> Iterator[str]:
    """Tags without a digest: the same words may be another image tomorrow."""
    if new is None:
        return
    before = dict(_containers(old)) if old is not None else {}
    for name, image in _containers(new):
        if before.get(name) == image or "@" in image:
            continue
        tag = image.rpartition("/")[2].partition(":")[2]
        if tag in ("", "latest"):
            yield f"Risk: {name} follows a moving tag ({image}): what runs may change without a deploy."
        elif "@" in before.get(name, ""):
            yield f"Risk: {name} was pinned by digest and is not any more ({image})."


def _containers(manifest: Object) -> Iterator[tuple[str, str]]:
    spec: Any = manifest.get("spec") or {}
    for step in (("jobTemplate", "spec"), ("template", "spec")):
        inner = spec
        for key in step:
            inner = inner.get(key) or {} if isinstance(inner, Mapping) else {}
        spec = inner or spec
    if not isinstance(spec, Mapping):
        return
    for field in ("initContainers", "containers"):
        listed = spec.get(field)
        for container in listed if isinstance(listed, list) else ():
            if isinstance(container, Mapping) and isinstance(container.get("image"), str):
                yield str(container.get("name")), container["image"]


def _versions(manifest: Object) -> list[Mapping[str, Any]]:
    spec = manifest.get("spec")
    found = spec.get("versions") if isinstance(spec, Mapping) else None
    return [v for v in found if isinstance(v, Mapping)] if isinstance(found, list) else []


def _payload(manifest: Object) -> tuple[Any, Any, Any]:
    return manifest.get("data"), manifest.get("stringData"), manifest.get("binaryData")


def _at(manifest: Object, path: tuple[str, ...]) -> Any:
    found: Any = manifest
    for key in path:
        if not isinstance(found, Mapping) or key not in found:
            return _MISSING
        found = found[key]
    return found
