"""How well a live object is, by what its own controller wrote into its status; unknown kinds are healthy when they
exist.

Deployments: https://kubernetes.io/docs/concepts/workloads/controllers/deployment/#deployment-status. Rollouts:
status.phase of Argo Rollouts.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class Health(StrEnum):
    """From best to worst."""

    HEALTHY = "healthy"
    SUSPENDED = "suspended"
    PROGRESSING = "progressing"
    UNKNOWN = "unknown"
    DEGRADED = "degraded"
    MISSING = "missing"


_ORDER = list(Health)
WORKLOADS = frozenset({"Deployment", "StatefulSet", "DaemonSet", "Rollout", "Job", "Pod", "PersistentVolumeClaim"})
"""Kinds whose health says something; the rest is healthy as soon as it exists."""


@dataclass(frozen=True)
class Finding:
    """A health with its reason, one sentence for a person ('' when healthy)."""

    health: Health
    reason: str = ""


def worst(findings: Iterable[Finding]) -> Finding:
    """The finding that a whole is judged by; healthy when there is none. Of equals, the first."""
    return max(findings, key=lambda f: _ORDER.index(f.health), default=Finding(Health.HEALTHY))


def of(manifest: Mapping[str, Any]) -> Finding:
    """The health of one live object."""
    kind = str(manifest.get("kind", ""))
    status, spec = _map(manifest.get("status")), _map(manifest.get("spec"))
    judge = {
        "Deployment": _deployment,
        "StatefulSet": _replicated,
        "DaemonSet": _daemons,
        "Rollout": _rollout,
        "Job": _job,
        "Pod": _pod,
        "PersistentVolumeClaim": _claim,
    }.get(kind)
    if judge is None:
        return Finding(Health.HEALTHY)
    generation, seen = _map(manifest.get("metadata")).get("generation"), status.get("observedGeneration")
    if kind not in ("Job", "Pod", "PersistentVolumeClaim") and str(seen) != str(generation):
        return Finding(Health.PROGRESSING, "Its controller hasn't seen the newest spec yet.")
    return judge(spec, status)


def _deployment(spec: Mapping[str, Any], status: Mapping[str, Any]) -> Finding:
    stuck = _condition(status, "Progressing")
    if stuck.get("reason") == "ProgressDeadlineExceeded":
        return Finding(Health.DEGRADED, str(stuck.get("message") or "It made no progress within its deadline."))
    if spec.get("paused"):
        return Finding(Health.SUSPENDED, "It is paused.")
    return _replicated(spec, status)


def _replicated(spec: Mapping[str, Any], status: Mapping[str, Any]) -> Finding:
    want, updated = _count(spec.get("replicas"), 1), _count(status.get("updatedReplicas"))
    ready = _count(status.get("availableReplicas", status.get("readyReplicas")))
    if updated < want:
        return Finding(Health.PROGRESSING, f"{updated} of {want} replicas are updated.")
    if _count(status.get("replicas")) > updated:
        return Finding(Health.PROGRESSING, f"{_count(status.get('replicas')) - updated} old replicas are still there.")
    if ready < want:
        return Finding(Health.PROGRESSING, f"{ready} of {want} replicas are available.")
    return Finding(Health.HEALTHY)


def _daemons(spec: Mapping[str, Any], status: Mapping[str, Any]) -> Finding:
    want = _count(status.get("desiredNumberScheduled"))
    ready = min(_count(status.get("numberAvailable")), _count(status.get("updatedNumberScheduled")))
    return Finding(Health.HEALTHY) if ready >= want else Finding(Health.PROGRESSING, f"{ready} of {want} are up.")


def _rollout(spec: Mapping[str, Any], status: Mapping[str, Any]) -> Finding:
    phases = {
        "Healthy": Health.HEALTHY,
        "Progressing": Health.PROGRESSING,
        "Paused": Health.SUSPENDED,
        "Degraded": Health.DEGRADED,
    }
    health = phases.get(str(status.get("phase", "")), Health.UNKNOWN)
    reason = "" if health is Health.HEALTHY else str(status.get("message") or f"Its phase is {status.get('phase')}.")
    return Finding(health, reason)


def _job(spec: Mapping[str, Any], status: Mapping[str, Any]) -> Finding:
    failed = _condition(status, "Failed")
    if failed.get("status") == "True":
        return Finding(Health.DEGRADED, str(failed.get("message") or "It failed."))
    if _condition(status, "Complete").get("status") == "True":
        return Finding(Health.HEALTHY)
    return Finding(Health.SUSPENDED if spec.get("suspend") else Health.PROGRESSING, "It hasn't finished.")


def _pod(spec: Mapping[str, Any], status: Mapping[str, Any]) -> Finding:
    states = _maps(status.get("containerStatuses"))
    waiting = [_map(_map(s.get("state")).get("waiting")) for s in states]
    bad = next(
        (w for w in waiting if str(w.get("reason", "")).endswith(("BackOff", "Error", "InvalidImageName"))), None
    )
    if bad is not None:
        return Finding(Health.DEGRADED, f"{bad.get('reason')}: {bad.get('message', '')}".strip(": "))
    phase = str(status.get("phase", ""))
    if phase == "Failed":
        return Finding(Health.DEGRADED, str(status.get("message") or "It failed."))
    ready = phase == "Succeeded" or _condition(status, "Ready").get("status") == "True"
    return Finding(Health.HEALTHY) if ready else Finding(Health.PROGRESSING, "It isn't ready.")


def _claim(spec: Mapping[str, Any], status: Mapping[str, Any]) -> Finding:
    phase = str(status.get("phase", "Pending"))
    if phase == "Bound":
        return Finding(Health.HEALTHY)
    return Finding(Health.DEGRADED if phase == "Lost" else Health.PROGRESSING, f"It is {phase}.")


def _condition(status: Mapping[str, Any], kind: str) -> Mapping[str, Any]:
    return next((c for c in _maps(status.get("conditions")) if c.get("type") == kind), {})


def _map(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _maps(value: object) -> list[Mapping[str, Any]]:
    return [v for v in value if isinstance(v, Mapping)] if isinstance(value, list) else []


def _count(value: object, default: int = 0) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) else default
