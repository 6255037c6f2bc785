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


def _application(manifest: Object) -> tuple[str, str]:
    metadata = manifest.get("metadata")
    if not isinstance(metadata, Mapping):
        return "", ""
    told = str((metadata.get("annotations") or {}).get(TRACKING_ID, "")).partition(":")[0]
    told = told or str((metadata.get("labels") or {}).get(INSTANCE, ""))
    namespace, sign, name = told.partition("_")  # neither a namespace nor an Application has an underscore in it
    return (namespace, name) if sign else ("", told)
