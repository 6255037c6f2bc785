"""Which Argo CD Application owns live objects, as Argo CD writes it on them.

https://argo-cd.readthedocs.io/en/stable/user-guide/resource_tracking/
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

from conductor_core.domain.manifests import Object

TRACKING_ID = "argocd.argoproj.io/tracking-id"
INSTANCE = "argocd.argoproj.io/instance"


def owner(objects: Iterable[Object]) -> tuple[str, str]:
    """Namespace ('' is Argo CD's own) and name of the Application that most of the objects belong to; ('', '') when
    they belong to none.
    """
    found = Counter(application for application in map(_application, objects) if application[1])
    return min(found, key=lambda a: (-found[a], a)) if found else ("", "")


def without_marks(applied: Object, wanted: Object) -> Object:
    """What Argo CD noted as applied, without the namespace and the marks of ownership that it adds to a manifest that
    doesn't have them.
    """
    metadata, asked = applied.get("metadata"), wanted.get("metadata")
    if not isinstance(metadata, Mapping) or not isinstance(asked, Mapping):
        return applied
    kept = {k: v for k, v in metadata.items() if k != "namespace" or k in asked}
    for part, mark in (("annotations", TRACKING_ID), ("labels", INSTANCE)):
        marks = kept.get(part)
        if isinstance(marks, Mapping) and mark in marks and mark not in (asked.get(part) or {}):
            left = {k: v for k, v in marks.items() if k != mark}
            kept = {k: v for k, v in kept.items() if k != part} | ({part: left} if left or part in asked else {})
    return {**applied, "metadata": kept}


def _application(manifest: Object) -> tuple[str, str]:
    metadata = manifest.get("metadata")
    if not isinstance(metadata, Mapping):
        return "", ""
    told = str((metadata.get("annotations") or {}).get(TRACKING_ID, "")).partition(":")[0]
    told = told or str((metadata.get("labels") or {}).get(INSTANCE, ""))
    namespace, sign, name = told.partition("_")  # neither a namespace nor an Application has an underscore in it
    return (namespace, name) if sign else ("", told)
