"""What the cluster has of one environment: nodes by pool, namespaces, pods, and their latest events."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from conductor_core.domain import health
from conductor_core.domain.manifests import Kind
from conductor_core.ports.cluster import Cluster

LABEL = "conductor.summit/environment"
NODE, NAMESPACE, POD, EVENT = (Kind("v1", kind) for kind in ("Node", "Namespace", "Pod", "Event"))
MOST = 200
"""Events that are kept."""


@dataclass(frozen=True)
class Row:
    """One object: `about` says what it is part of (a pool, a namespace), `state` is a health, `detail` its reason."""

    name: str
    about: str
    state: str
    detail: str = ""
    at: str = ""


@dataclass(frozen=True)
class EnvironmentObjects:
    """The objects of an environment, as they are now; events newest first."""

    nodes: tuple[Row, ...] = ()
    namespaces: tuple[Row, ...] = ()
    pods: tuple[Row, ...] = ()
    events: tuple[Row, ...] = ()


def objects_of(cluster: Cluster, environment: str) -> EnvironmentObjects:
    """What carries the environment's label, and what lies in its namespaces. Raises as `Cluster` does."""
    chosen = f"{LABEL}={environment}"
    spaces = cluster.objects(NAMESPACE, labels=chosen)
    names = sorted(space["metadata"]["name"] for space in spaces)
    found = [_event(e) for name in names for e in cluster.objects(EVENT, name)]
    return EnvironmentObjects(
        tuple(sorted((_node(n) for n in cluster.objects(NODE, labels=chosen)), key=lambda r: (r.about, r.name))),
        tuple(_namespace(space) for space in spaces),
        tuple(_pod(p) for name in names for p in cluster.objects(POD, name)),
        tuple(sorted(found, key=lambda r: r.at, reverse=True)[:MOST]),
    )


def _node(found: Mapping[str, Any]) -> Row:
    conditions = (found.get("status") or {}).get("conditions") or []
    ready: Mapping[str, Any] = next((c for c in conditions if c.get("type") == "Ready"), {})
    labels = found["metadata"].get("labels") or {}
    state = "healthy" if ready.get("status") == "True" else "progressing" if not ready else "degraded"
    zone = labels.get("topology.kubernetes.io/zone", "")
    offers = (found.get("status") or {}).get("capacity") or {}
    detail = f"{zone} · {offers.get('cpu', '?')} CPU · {offers.get('memory', '?')}"
    return Row(found["metadata"]["name"], str(labels.get("conductor.summit/pool", "")), state, detail)


def _namespace(found: Mapping[str, Any]) -> Row:
    phase = str((found.get("status") or {}).get("phase", "Active"))
    labels = found["metadata"].get("labels") or {}
    level = labels.get("pod-security.kubernetes.io/enforce", "no level")
    state = "healthy" if phase == "Active" else "progressing"
    return Row(found["metadata"]["name"], str(labels.get("summit.example/owner", "")), state, f"{phase} · {level}")


def _pod(found: Mapping[str, Any]) -> Row:
    judged = health.of(found)
    return Row(found["metadata"]["name"], found["metadata"].get("namespace", ""), judged.health.value, judged.reason)


def _event(found: Mapping[str, Any]) -> Row:
    about = found.get("involvedObject") or {}
    at = found.get("lastTimestamp") or found.get("eventTime") or found["metadata"].get("creationTimestamp") or ""
    state = "suspended" if found.get("type") == "Warning" else "healthy"
    name = f"{about.get('kind', '')} {about.get('name', '')}"
    return Row(
        name,
        found["metadata"].get("namespace", ""),
        state,
        f"{found.get('reason', '')}: {found.get('message', '')}",
        str(at),
    )
