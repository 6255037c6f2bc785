"""Which releases of the channels Argo CD Applications install, by where they deploy to and what.

https://argo-cd.readthedocs.io/en/stable/operator-manual/application.yaml
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from conductor_core.domain import pipelines
from conductor_core.domain.manifests import Kind

KIND = Kind("argoproj.io/v1alpha1", "Application")
_OWN = frozenset({"", "in-cluster", "https://kubernetes.default.svc"})
"""How a destination names the cluster that Argo CD runs in."""


@dataclass(frozen=True)
class Here:
    """The cluster that the channels are installed in: its API server's URL, the name of the context (by which `argocd
    cluster add` knows it), and whether Argo CD runs in it.
    """

    server: str = ""
    context: str = ""
    argo: bool = True

    def is_destination(self, cluster: str) -> bool:
        """Whether a destination's server or name means this cluster."""
        own = self.argo and cluster in _OWN
        named = bool(self.context) and cluster == self.context
        return own or named or (bool(self.server) and _plain(cluster) == _plain(self.server))


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


def owned(
    applications: Iterable[pipelines.Application], wanted: Iterable[Wanted], here: Here = Here()
) -> dict[Wanted, Owned]:
    """The owner of each wanted release that has one: an Application that installs into its namespace `here`, under its
    name or from its chart. One that can't be read owns nothing.
    """
    read = [a for a in applications if here.is_destination(a.cluster)]
    out: dict[Wanted, Owned] = {}
    for want in wanted:
        fitting = [a for a in read if a.target_namespace == want.namespace]
        named = [a for a in fitting if want.release in (a.release_names or (a.name,))]
        charted = [a for a in fitting if any(s.path and s.path == want.chart for s in a.sources)]
        found = [*named, *charted]
        if found:
            out[want] = _standing(found[0])
    return out


def _standing(found: pipelines.Application) -> Owned:
    past = [d for d in found.history if d.revision]
    now, at = (past[-1].revision, past[-1].finished) if past else (found.revision, None)
    before = next((d.revision for d in reversed(past) if d.revision != now), "")
    return Owned(found.name, found.sync, found.health, now, before, at, found.health_message)


def _plain(server: str) -> str:
    """A server's URL as it compares: without the default port and a slash at its end."""
    return server.strip().lower().rstrip("/").removesuffix(":443")
