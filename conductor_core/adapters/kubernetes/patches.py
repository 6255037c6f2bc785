"""The port `ObjectPatches` on one API server: https://kubernetes.io/docs/reference/using-api/api-concepts/."""

from __future__ import annotations

import json
from pathlib import Path
from urllib.parse import quote

from conductor_core.adapters.kubernetes.cluster import KubernetesCluster
from conductor_core.adapters.kubernetes.requests import Requests
from conductor_core.domain import names
from conductor_core.domain.manifests import Kind
from conductor_core.errors import InputError, NotFoundError
from conductor_core.ports.cluster import Object
from conductor_core.ports.object_patches import Style

_TYPES = {"merge": "application/merge-patch+json", "json": "application/json-patch+json"}


class KubernetesPatches:
    """Same configuration as `KubernetesCluster`: an explicit context, never the current one by accident."""

    def __init__(self, kubeconfig: Path | None, context: str, manager: str = "conductor") -> None:
        self._cluster = KubernetesCluster(kubeconfig, context)
        self._requests = Requests(kubeconfig, context)
        self._manager = manager

    def patch(
        self,
        kind: Kind,
        namespace: str,
        name: str,
        body: object,
        *,
        style: Style = "merge",
        subresource: str = "",
        dry_run: bool = False,
    ) -> Object:
        """See `ObjectPatches.patch`."""
        path = self._path(kind, namespace, name) + (f"/{names.object_name(subresource)}" if subresource else "")
        answer = self._requests.send(
            "PATCH",
            path,
            {"fieldManager": self._manager} | ({"dryRun": "All"} if dry_run else {}),
            body=json.dumps(body).encode(),
            content_type=_TYPES[style],
        )
        if answer.status == 404:
            raise NotFoundError(
                f"There is no {kind.kind} {namespace}/{name}.",
                why=str(answer.json().get("message", "")),
                next="List them.",
            )
        if answer.status >= 400:
            raise self._requests.failure(answer, f"patch {kind.kind} {name}")
        return answer.json()

    def delete(self, kind: Kind, namespace: str, name: str) -> bool:
        """See `ObjectPatches.delete`."""
        query = {"propagationPolicy": "Background"}
        answer = self._requests.send("DELETE", self._path(kind, namespace, name), query)
        if answer.status >= 400 and answer.status != 404:
            raise self._requests.failure(answer, f"delete {kind.kind} {name}")
        return answer.status != 404

    def _path(self, kind: Kind, namespace: str, name: str) -> str:
        info = self._cluster.kinds().get(kind)
        if info is None:
            raise InputError(
                f"The cluster has no kind {kind.kind} of {kind.api_version}.",
                why="Its API doesn't serve it.",
                next="Install its CustomResourceDefinition (for Rollouts: Argo Rollouts).",
            )
        root = f"/apis/{kind.api_version}" if kind.group else f"/api/{kind.api_version}"
        inside = f"/namespaces/{names.namespace(namespace)}" if info.namespaced else ""
        return f"{root}{inside}/{info.plural}/{quote(names.object_name(name), safe='')}"
