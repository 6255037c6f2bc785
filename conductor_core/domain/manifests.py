"""Kubernetes objects as plain JSON: what identifies one, and a set of them without duplicates.

Rule: https://kubernetes.io/docs/reference/using-api/api-concepts/ (group, kind, namespace and name identify an
object; the version doesn't).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from conductor_core.errors import InputError

Object = Mapping[str, Any]

TEST_EVENTS = frozenset({"test", "test-success", "test-failure"})
HOOK_ANNOTATION = "helm.sh/hook"

CLUSTER_WIDE = frozenset(
    {
        ("", "Namespace"),
        ("", "Node"),
        ("", "PersistentVolume"),
        ("admissionregistration.k8s.io", "MutatingWebhookConfiguration"),
        ("admissionregistration.k8s.io", "ValidatingAdmissionPolicy"),
        ("admissionregistration.k8s.io", "ValidatingAdmissionPolicyBinding"),
        ("admissionregistration.k8s.io", "ValidatingWebhookConfiguration"),
        ("apiextensions.k8s.io", "CustomResourceDefinition"),
        ("apiregistration.k8s.io", "APIService"),
        ("argoproj.io", "ClusterAnalysisTemplate"),
        ("certificates.k8s.io", "CertificateSigningRequest"),
        ("cert-manager.io", "ClusterIssuer"),
        ("flowcontrol.apiserver.k8s.io", "FlowSchema"),
        ("flowcontrol.apiserver.k8s.io", "PriorityLevelConfiguration"),
        ("networking.k8s.io", "IngressClass"),
        ("node.k8s.io", "RuntimeClass"),
        ("rbac.authorization.k8s.io", "ClusterRole"),
        ("rbac.authorization.k8s.io", "ClusterRoleBinding"),
        ("scheduling.k8s.io", "PriorityClass"),
        ("storage.k8s.io", "CSIDriver"),
        ("storage.k8s.io", "CSINode"),
        ("storage.k8s.io", "StorageClass"),
        ("storage.k8s.io", "VolumeAttachment"),
    }
)
"""Cluster-wide kinds that are known without asking a cluster."""


@dataclass(frozen=True, order=True)
class Kind:
    """An `apiVersion` and a `kind`, as written in a manifest."""

    api_version: str
    kind: str

    @property
    def group(self) -> str:
        """The API group; '' is the core group."""
        return self.api_version.rpartition("/")[0]

    @property
    def version(self) -> str:
        """The version within the group."""
        return self.api_version.rpartition("/")[2]


@dataclass(frozen=True, order=True)
class Identity:
    """What makes two manifests one object; `namespace` is '' for cluster-wide kinds."""

    group: str
    kind: str
    namespace: str
    name: str

    def __str__(self) -> str:
        kind = f"{self.kind}.{self.group}" if self.group else self.kind
        return f"{kind} {self.namespace}/{self.name}" if self.namespace else f"{kind} {self.name}"


def kind_of(manifest: Object) -> Kind:
    """The kind of a manifest; raises `InputError` when `apiVersion` or `kind` is missing."""
    api_version, kind = manifest.get("apiVersion"), manifest.get("kind")
    if not isinstance(api_version, str) or not isinstance(kind, str) or not api_version or not kind:
        raise InputError(
            "A manifest has no apiVersion or no kind.",
            why=f"It starts with the keys {', '.join(sorted(map(str, manifest))[:6]) or '(none)'}.",
            next="Correct the template that prints it.",
        )
    return Kind(api_version, kind)


def identity_of(
    manifest: Object, default_namespace: str, cluster_wide: frozenset[tuple[str, str]] = CLUSTER_WIDE
) -> Identity:
    """The identity of a manifest; a namespaced one without a namespace is in `default_namespace`.

    `cluster_wide`: the (group, kind) pairs without a namespace. Raises `InputError` when it has no kind or no name.
    """
    kind = kind_of(manifest)
    metadata = manifest.get("metadata")
    name = metadata.get("name") if isinstance(metadata, Mapping) else None
    if not isinstance(metadata, Mapping) or not isinstance(name, str) or not name:
        raise InputError(
            f"A manifest of kind {kind.kind} has no name.",
            why="metadata.name is missing or isn't text (names made by the server, generateName, can't be compared).",
            next="Give it a name in its template.",
        )
    if (kind.group, kind.kind) in cluster_wide:
        return Identity(kind.group, kind.kind, "", name)
    namespace = metadata.get("namespace")
    return Identity(
        kind.group, kind.kind, namespace if isinstance(namespace, str) and namespace else default_namespace, name
    )


def placed(objects: Mapping[Identity, Object]) -> tuple[dict[str, Any], ...]:
    """The manifests as the API server takes them: each names its namespace, also where its template doesn't."""
    return tuple(
        {**o, "metadata": {**o["metadata"], "namespace": i.namespace}} if i.namespace else dict(o)
        for i, o in objects.items()
    )


def defined_kinds(definitions: Iterable[Object]) -> frozenset[Kind]:
    """The kinds that these CustomResourceDefinitions define, in every version that they serve."""
    return frozenset(
        Kind(f"{spec.get('group')}/{version.get('name')}", str((spec.get("names") or {}).get("kind")))
        for spec in (o.get("spec") or {} for o in definitions if o.get("kind") == "CustomResourceDefinition")
        for version in spec.get("versions") or []
        if version.get("served")
    )


def hook_events(manifest: Object) -> tuple[str, ...]:
    """The Helm hook events of a manifest, such as `pre-upgrade`; empty when it is no hook."""
    metadata = manifest.get("metadata")
    annotations = metadata.get("annotations") if isinstance(metadata, Mapping) else None
    value = annotations.get(HOOK_ANNOTATION) if isinstance(annotations, Mapping) else None
    return tuple(e.strip() for e in value.split(",") if e.strip()) if isinstance(value, str) else ()


def is_test(manifest: Object) -> bool:
    """Whether it is a hook of `helm test` alone: no deploy runs it, and renders leave it out."""
    events = hook_events(manifest)
    return bool(events) and TEST_EVENTS.issuperset(events)


def flatten(documents: Iterable[object]) -> list[Object]:
    """The manifests in parsed documents: empty ones left out, `List` kinds opened. Raises `InputError` for one that
    isn't a mapping.
    """
    out: list[Object] = []
    for number, document in enumerate(documents, 1):
        if document is None or document == {}:
            continue
        if not isinstance(document, Mapping):
            raise InputError(
                f"Document {number} of the manifests isn't an object.",
                why=f"It is a {type(document).__name__}; a manifest is a mapping with apiVersion, kind and metadata.",
                next="Correct the template that prints it.",
            )
        items = document.get("items")
        if str(document.get("kind", "")).endswith("List") and isinstance(items, list):
            out.extend(flatten(items))
        else:
            out.append(document)
    return out


def indexed(
    documents: Iterable[object], default_namespace: str, cluster_wide: frozenset[tuple[str, str]] = CLUSTER_WIDE
) -> dict[Identity, Object]:
    """Manifests by identity, in order of identity; raises `InputError` that names every identity given twice."""
    out: dict[Identity, Object] = {}
    twice: set[Identity] = set()
    for manifest in flatten(documents):
        identity = identity_of(manifest, default_namespace, cluster_wide)
        if identity in out:
            twice.add(identity)
        out[identity] = manifest
    if twice:
        raise InputError(
            f"{len(twice)} object(s) are given more than once.",
            why="Given twice: " + ", ".join(str(i) for i in sorted(twice)[:10]) + ".",
            next="Rename or remove one of the templates; Kubernetes would keep only the last.",
        )
    return dict(sorted(out.items()))
