"""Which releases of the channels Argo CD Applications install, seen from the Applications' own manifests.

https://argo-cd.readthedocs.io/en/stable/operator-manual/application.yaml
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from conductor_core.domain import pipelines
from conductor_core.domain.manifests import Kind, Object

KIND = Kind("argoproj.io/v1alpha1", "Application")
_HERE = ("", "in-cluster", "https://kubernetes.default.svc")
"""How a destination names the cluster that Argo CD runs in."""


@dataclass(frozen=True)
class Wanted:
    """A release that a channel declares: its name, namespace, and chart as a path or an address."""

    release: str
    namespace: str
    chart: str


@dataclass(frozen=True)
class Owned:
    """How a release stands by its Application: `sync` and `health` in Argo CD's words, the commit or version that was
    synced last and the one before ('' when there is none), and when.
    """

    application: str
    sync: str
    health: str
    revision: str
    earlier: str
    at: datetime | None
    message: str = ""


def owned(applications: Iterable[Object], wanted: Iterable[Wanted]) -> dict[Wanted, Owned]:
    """The owner of each wanted release that has one: an Application that installs into its namespace, under its name or
    from its chart. One that can't be read owns nothing.
    """
    read = [(raw, pipelines.application(raw)) for raw in applications]
    out: dict[Wanted, Owned] = {}
    for want in wanted:
        fitting = [(raw, a) for raw, a in read if a.cluster in _HERE and a.target_namespace == want.namespace]
        named = [a for raw, a in fitting if want.release in _names(raw)]
        charted = [a for _, a in fitting if any(s.path and s.path == want.chart for s in a.sources)]
        found = [*named, *charted]
        if found:
            out[want] = _standing(found[0])
    return out


def _standing(found: pipelines.Application) -> Owned:
    past = [d for d in found.history if d.revision]
    now, at = (past[-1].revision, past[-1].finished) if past else (found.revision, None)
    before = next((d.revision for d in reversed(past) if d.revision != now), "")
    return Owned(found.name, found.sync, found.health, now, before, at, found.health_message)


def _names(raw: Mapping[str, Any]) -> list[str]:
    """The release names that an Application's sources give; Helm's default is the Application's own name."""
    spec = raw.get("spec")
    spec = spec if isinstance(spec, Mapping) else {}
    sources = [spec.get("source"), *(spec.get("sources") or [])]
    helm = [s.get("helm") for s in sources if isinstance(s, Mapping)]
    given = [str(h["releaseName"]) for h in helm if isinstance(h, Mapping) and h.get("releaseName")]
    return given or [str((raw.get("metadata") or {}).get("name", ""))]
