"""The port `Cluster` on one API server: raw JSON in and out, one list a kind and namespace.

Lists by pages: https://kubernetes.io/docs/reference/using-api/api-concepts/#retrieving-large-results-sets-in-chunks.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

from conductor_core.adapters.kubernetes import discovery
from conductor_core.adapters.kubernetes.requests import Requests
from conductor_core.domain import names
from conductor_core.domain.manifests import Kind, kind_of
from conductor_core.errors import ConductorError, InputError, RefusedError
from conductor_core.ports.cluster import ClusterVersion, KindInfo, Object

PAGE = 500
KINDS_SECONDS = 60.0
_LEAST_SECONDS = 2.0
_METADATA = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json"


class KubernetesCluster:
    """`kubeconfig` None: the usual search. `context` is explicit: an empty one is refused at the first request."""

    def __init__(self, kubeconfig: Path | None, context: str) -> None:
        self._context = context
        self._requests = Requests(kubeconfig, context)
        self._lock = threading.Lock()
        self._kinds: dict[Kind, KindInfo] = {}
        self._kinds_at = float("-inf")
        self._failed: tuple[float, ConductorError] | None = None

    def version(self) -> ClusterVersion:
        """See `Cluster.version`."""
        answer = self._requests.send("GET", "/version", timeout=5)
        if answer.status >= 400:
            raise self._requests.failure(answer, "tell its version")
        return ClusterVersion(self._context, self._requests.server, str(answer.json().get("gitVersion", "")))

    def kinds(self) -> Mapping[Kind, KindInfo]:
        """See `Cluster.kinds`."""
        return self._known(KINDS_SECONDS)

    def objects(
        self, kind: Kind, namespace: str = "", labels: str = "", *, metadata_only: bool = False
    ) -> tuple[Object, ...]:
        """See `Cluster.objects`."""
        info = self._info(kind)
        if info is None:
            return ()
        path = self._path(info, namespace)
        accept = _METADATA if metadata_only else "application/json"
        query = {"limit": str(PAGE)} | ({"labelSelector": labels} if labels else {})
        out: list[Object] = []
        while True:
            answer = self._requests.read(path, query, accept=accept)
            if answer.status == 410 and "continue" in query:  # the snapshot has expired: once more, in one piece
                out, query = [], {k: v for k, v in query.items() if k not in ("continue", "limit")}
                continue
            if answer.status == 404:
                return ()
            if answer.status >= 400:
                raise self._requests.failure(answer, f"list {kind.kind} in {namespace or 'every namespace'}")
            page = answer.json()
            for item in page.get("items") or []:
                item["apiVersion"], item["kind"] = kind.api_version, kind.kind
                out.append(item)
            more = str((page.get("metadata") or {}).get("continue") or "")
            if not more:
                return tuple(out)
            query["continue"] = more

    def get(self, kind: Kind, namespace: str, name: str) -> Object | None:
        """See `Cluster.get`."""
        info = self._info(kind)
        if info is None:
            return None
        answer = self._requests.read(f"{self._path(info, namespace)}/{quote(_object_name(name), safe='')}")
        if answer.status == 404:
            return None
        if answer.status >= 400:
            raise self._requests.failure(answer, f"get {kind.kind} {name}")
        return answer.json()

    def apply(self, manifest: Mapping[str, Any], *, dry_run: bool, field_manager: str = "conductor") -> Object:
        """See `Cluster.apply`."""
        kind = kind_of(manifest)
        info = self._info(kind)
        if info is None:
            raise InputError(
                f"The cluster has no kind {kind.kind} of {kind.api_version}.",
                why="Its API doesn't serve it.",
                next="Install its CustomResourceDefinition, or correct apiVersion and kind.",
            )
        metadata = manifest.get("metadata") or {}
        name, namespace = str(metadata.get("name") or ""), str(metadata.get("namespace") or "")
        if info.namespaced and not namespace:
            raise InputError(
                f"{kind.kind} {name} has no namespace.", why="Its kind needs one.", next="Set metadata.namespace."
            )
        query = {"fieldManager": field_manager, "fieldValidation": "Strict"} | ({"dryRun": "All"} if dry_run else {})
        path = f"{self._path(info, namespace)}/{quote(_object_name(name), safe='')}"
        body = json.dumps(manifest).encode()
        answer = self._requests.send("PATCH", path, query, body=body, content_type="application/apply-patch+yaml")
        if answer.status >= 400:
            raise self._requests.failure(answer, f"apply {kind.kind} {name}")
        return answer.json()

    def logs(self, namespace: str, pod: str, container: str = "", *, lines: int = 200) -> str:
        """See `Cluster.logs`."""
        query = {"tailLines": str(max(1, lines)), "limitBytes": "1000000"}
        query |= {"container": names.object_name(container)} if container else {}
        path = f"/api/v1/namespaces/{names.namespace(namespace)}/pods/{names.object_name(pod)}/log"
        answer = self._requests.read(path, query, accept="text/plain, application/json")
        if answer.status >= 400:
            raise self._requests.failure(answer, f"read the log of pod {pod}")
        return answer.body.decode("utf-8", "replace")

    def _path(self, info: KindInfo, namespace: str) -> str:
        root = f"/apis/{info.kind.api_version}" if info.kind.group else f"/api/{info.kind.api_version}"
        inside = f"/namespaces/{names.namespace(namespace)}" if namespace and info.namespaced else ""
        return f"{root}{inside}/{info.plural}"

    def _info(self, kind: Kind) -> KindInfo | None:
        """How the kind is served; a kind that isn't known is looked for once more, for it may have just been
        installed.
        """
        return self._known(KINDS_SECONDS).get(kind) or self._known(_LEAST_SECONDS).get(kind)

    def _known(self, seconds: float) -> dict[Kind, KindInfo]:
        came = time.monotonic()
        with self._lock:
            if self._failed is not None and self._failed[0] >= came:  # who waited for an attempt shares its failure
                raise self._failed[1]
            if time.monotonic() - self._kinds_at > seconds:
                try:
                    self._kinds, self._kinds_at = discovery.kinds(self._requests), time.monotonic()
                except ConductorError as bad:
                    self._failed = (time.monotonic(), bad)
                    raise
            return self._kinds


def _object_name(name: str) -> str:
    """RBAC names may hold colons, so only what would change the path is refused."""
    if not name or "/" in name or name in (".", "..") or "%" in name:
        raise RefusedError(f"{name[:80]!r} can't be the name of an object.", why="It is empty or holds '/' or '%'.")
    return name
