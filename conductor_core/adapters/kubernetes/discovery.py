"""Which kinds an API server has: aggregated discovery in two requests, else one request a group.

https://kubernetes.io/docs/concepts/overview/kubernetes-api/#aggregated-discovery
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from conductor_core.adapters.kubernetes.requests import Requests
from conductor_core.domain.manifests import Kind
from conductor_core.ports.cluster import KindInfo

_AGGREGATED = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json"


def kinds(requests: Requests) -> dict[Kind, KindInfo]:
    """Every kind that is served now; groups whose server is down are left out."""
    out: dict[Kind, KindInfo] = {}
    for root in ("/api", "/apis"):
        answer = requests.read(root, accept=_AGGREGATED)
        if answer.status >= 400:
            raise requests.failure(answer, "list the kinds that it serves")
        data = answer.json()
        found = _aggregated(data) if data.get("kind") == "APIGroupDiscoveryList" else _one_by_one(requests, root, data)
        for info in found:
            out.setdefault(info.kind, info)
    return out


def _aggregated(data: dict[str, Any]) -> Iterator[KindInfo]:
    for group in data.get("items") or []:
        name = str((group.get("metadata") or {}).get("name") or "")
        for version in group.get("versions") or []:
            if version.get("freshness") == "Stale":
                continue
            api_version = f"{name}/{version['version']}" if name else str(version["version"])
            for resource in version.get("resources") or []:
                kind = str((resource.get("responseKind") or {}).get("kind") or "")
                if kind:
                    verbs = tuple(resource.get("verbs") or ())
                    namespaced = resource.get("scope") == "Namespaced"
                    yield KindInfo(Kind(api_version, kind), str(resource["resource"]), namespaced, verbs)


def _one_by_one(requests: Requests, root: str, data: dict[str, Any]) -> Iterator[KindInfo]:
    if root == "/api":
        versions = [str(v) for v in data.get("versions") or []]
    else:
        versions = [str(v["groupVersion"]) for g in data.get("groups") or [] for v in g.get("versions") or []]
    for version in versions:
        answer = requests.read(f"{root}/{version}")
        if answer.status >= 400:
            continue
        for resource in answer.json().get("resources") or []:
            if "/" not in str(resource["name"]):
                verbs = tuple(resource.get("verbs") or ())
                kind = Kind(version, str(resource["kind"]))
                yield KindInfo(kind, str(resource["name"]), bool(resource.get("namespaced")), verbs)
