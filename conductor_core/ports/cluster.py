"""Port of one Kubernetes cluster, reached by an explicit kubeconfig context; objects are plain JSON as the API gives
them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from conductor_core.domain.manifests import Kind

Object = dict[str, Any]


@dataclass(frozen=True)
class ClusterVersion:
    """Which cluster answered: the context's name, the API server's URL, and its version such as `v1.34.4`."""

    context: str
    server: str
    version: str


@dataclass(frozen=True)
class KindInfo:
    """How the API serves a kind: the plural in its URL, whether its objects have a namespace, and the verbs that it
    allows.
    """

    kind: Kind
    plural: str
    namespaced: bool
    verbs: tuple[str, ...] = ()


class Cluster(Protocol):
    """Reads and dry runs against the API server. Nothing is cached but the kinds (`kinds`), so a read is as fresh as
    the API server's answer.

    Errors of every method: `UnreachableError` when the API server does not answer in time or is overloaded (callers
    may retry), `AccessDeniedError` when its RBAC says no (which verb and kind), `ConfigurationError` for a
    kubeconfig, context or credential that can't be used, `InputError` for a kind that the cluster doesn't serve. Only
    reads are retried by the port, once.
    """

    def version(self) -> ClusterVersion:
        """The health probe: one small request, at most 5 s."""
        ...

    def kinds(self) -> Mapping[Kind, KindInfo]:
        """Every kind that the API serves; kept for a minute. Groups whose server is down are left out."""
        ...

    def objects(
        self, kind: Kind, namespace: str = "", labels: str = "", *, metadata_only: bool = False
    ) -> tuple[Object, ...]:
        """All objects of a kind in a namespace ('' is every namespace), by pages; each has `apiVersion` and `kind`.
        `labels` is a label selector.

        `metadata_only` asks for name, labels and annotations alone: cheap for big Secrets. A kind that isn't
        installed gives no objects.
        """
        ...

    def get(self, kind: Kind, namespace: str, name: str) -> Object | None:
        """One object, or None when it (or its kind) isn't there. `namespace` is '' for cluster-wide kinds."""
        ...

    def apply(self, manifest: Mapping[str, Any], *, dry_run: bool, field_manager: str = "conductor") -> Object:
        """Server-side apply; gives the object as the server would store (`dry_run`) or stores it. Idempotent.

        Raises `ConflictError` when another manager owns a field, `RefusedError` when validation or admission says no
        (with its words).
        """
        ...

    def logs(self, namespace: str, pod: str, container: str = "", *, lines: int = 200) -> str:
        """The last lines of a container's log, at most 1 MB. Raises `NotFoundError` when the pod isn't there."""
        ...
