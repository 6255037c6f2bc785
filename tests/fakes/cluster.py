"""A `Cluster` in memory: objects by kind, namespace and name; every request is kept."""

from __future__ import annotations

import base64
import copy
import gzip
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from conductor_core.domain.manifests import Kind, kind_of
from conductor_core.errors import ConductorError, InputError, NotFoundError
from conductor_core.ports.cluster import ClusterVersion, KindInfo, Object

KINDS = {
    Kind("v1", "Namespace"): ("namespaces", False),
    Kind("v1", "Node"): ("nodes", False),
    Kind("v1", "ConfigMap"): ("configmaps", True),
    Kind("v1", "Secret"): ("secrets", True),
    Kind("v1", "Service"): ("services", True),
    Kind("v1", "Pod"): ("pods", True),
    Kind("v1", "Event"): ("events", True),
    Kind("apps/v1", "Deployment"): ("deployments", True),
    Kind("argoproj.io/v1alpha1", "Rollout"): ("rollouts", True),
    Kind("rbac.authorization.k8s.io/v1", "ClusterRole"): ("clusterroles", False),
}


@dataclass
class FakeCluster:
    """`failure`, when set, is raised by every request; `requests` lists what was asked, in order."""

    store: dict[tuple[Kind, str, str], Object] = field(default_factory=dict)
    log: dict[tuple[str, str], str] = field(default_factory=dict)
    requests: list[str] = field(default_factory=list)
    failure: ConductorError | None = None
    address: str = "https://fake.test"
    served: dict[Kind, KindInfo] = field(
        default_factory=lambda: {k: KindInfo(k, plural, namespaced) for k, (plural, namespaced) in KINDS.items()}
    )

    def put(self, *objects: Mapping[str, Any]) -> None:
        """Objects as the API server would hold them; the namespace is theirs."""
        for o in objects:
            metadata = o["metadata"]
            self.store[(kind_of(o), metadata.get("namespace", ""), metadata["name"])] = copy.deepcopy(dict(o))

    def _asked(self, what: str) -> None:
        if self.failure is not None:
            raise self.failure
        self.requests.append(what)

    def version(self) -> ClusterVersion:
        self._asked("version")
        return ClusterVersion("fake", self.address, "v1.34.4")

    def kinds(self) -> Mapping[Kind, KindInfo]:
        if self.failure is not None:
            raise self.failure
        return self.served

    def objects(
        self, kind: Kind, namespace: str = "", labels: str = "", *, metadata_only: bool = False
    ) -> tuple[Object, ...]:
        self._asked(f"list {kind.kind} {namespace}")
        wanted = dict(pair.split("=", 1) for pair in labels.split(",") if pair)
        out = []
        for (k, ns, _), o in sorted(self.store.items()):
            own = o["metadata"].get("labels") or {}
            if k == kind and namespace in ("", ns) and all(own.get(n) == v for n, v in wanted.items()):
                kept = {n: v for n, v in o.items() if not metadata_only or n in ("apiVersion", "kind", "metadata")}
                out.append(copy.deepcopy(kept))
        return tuple(out)

    def get(self, kind: Kind, namespace: str, name: str) -> Object | None:
        self._asked(f"get {kind.kind} {namespace}/{name}")
        found = self.store.get((kind, namespace, name))
        return copy.deepcopy(found) if found is not None else None

    def apply(self, manifest: Mapping[str, Any], *, dry_run: bool, field_manager: str = "conductor") -> Object:
        kind = kind_of(manifest)
        self._asked(f"apply {kind.kind} {manifest['metadata'].get('name')} dry_run={dry_run}")
        if kind not in KINDS:
            raise InputError(f"The cluster has no kind {kind.kind} of {kind.api_version}.")
        namespace = manifest["metadata"].get("namespace", "")
        if KINDS[kind][1] and not namespace:
            raise InputError(f"{kind.kind} has no namespace.")
        if namespace and (Kind("v1", "Namespace"), "", namespace) not in self.store:
            raise NotFoundError("The cluster could not apply it.", why=f'namespaces "{namespace}" not found')
        before = self.store.get((kind, namespace, manifest["metadata"]["name"]))
        merged = {**(before or {}), **copy.deepcopy(dict(manifest))}
        for part in ("metadata", "spec"):
            if part in merged:
                merged[part] = _merged((before or {}).get(part), merged[part])
        if not dry_run:
            self.put(merged)
        return merged

    def logs(self, namespace: str, pod: str, container: str = "", *, lines: int = 200) -> str:
        self._asked(f"logs {namespace}/{pod}")
        if (namespace, pod) not in self.log:
            raise NotFoundError(f"pods {pod} not found")
        return "".join(x + "\n" for x in self.log[(namespace, pod)].splitlines()[-lines:])


def _merged(old: Any, new: Any) -> Any:
    """As the server merges what several managers apply: maps by key, the rest whole."""
    if not isinstance(old, Mapping) or not isinstance(new, Mapping):
        return new
    return {**old, **{k: _merged(old.get(k), v) for k, v in new.items()}}


def release_secret(
    namespace: str,
    name: str,
    revision: int,
    manifest: str,
    *,
    status: str = "deployed",
    description: str = "Install complete",
    labels: Mapping[str, str] | None = None,
    **release: Any,
) -> dict[str, Any]:
    """A Secret as Helm 3 writes it for one revision."""
    body = {
        "name": name,
        "namespace": namespace,
        "version": revision,
        "info": {"status": status, "description": description, "last_deployed": "2030-01-02T03:04:05.123456789Z"},
        "chart": {"metadata": {"name": name, "version": "1.2.3", "appVersion": "4.5.6"}},
        "config": {"a": 1},
        "manifest": manifest,
        "hooks": [],
        **release,
    }
    packed = base64.b64encode(gzip.compress(json.dumps(body).encode()))
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "type": "helm.sh/release.v1",
        "metadata": {
            "name": f"sh.helm.release.v1.{name}.v{revision}",
            "namespace": namespace,
            "resourceVersion": str(revision),
            "labels": {"owner": "helm", "name": name, "version": str(revision), "status": status, **(labels or {})},
        },
        "data": {"release": base64.b64encode(packed).decode()},
    }
