"""The post-flight checks of a release: its workloads, its pods, and the API that it serves."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from conductor_core.domain import health, running_versions
from conductor_core.domain.health import Health
from conductor_core.domain.manifests import Kind, Object, kind_of
from conductor_core.errors import UnreachableError
from conductor_core.ports.cluster import Cluster
from conductor_core.ports.web import Web
from conductor_core.services.argo_sync import APPLICATION
from conductor_core.services.checks import Look, Probe
from conductor_core.services.operations import Context
from conductor_core.services.releases import ReleaseReader

POD = Kind("v1", "Pod")
LONG_LIVED = frozenset({"Deployment", "StatefulSet", "DaemonSet", "Rollout"})


@dataclass(frozen=True)
class ReleaseChecks:
    """Looks at what became of the release; `api` gives the format of its address, empty: not asked."""

    source: ReleaseReader
    cluster: Cluster
    web: Web
    api: Callable[[], str]

    def probes(self) -> dict[str, Probe]:
        """The checks by name."""
        return {"workloads": self.workloads, "pods": self.pods, "api": self.api_health}

    def workloads(self, context: Context) -> Look:
        """Every Deployment, StatefulSet, DaemonSet and Rollout of the release is healthy by its own status, and has the
        version that was installed.
        """
        release, channel = _named(context)
        namespace = self.source.namespace(release, channel)
        wanted = [m for m in installed(self.source, context) if m.get("kind") in LONG_LIVED]
        found = {f"{m['kind']}/{m['metadata']['name']}": self._finding(m, namespace) for m in wanted}
        return _judged(found, _counted(len(found), "workload is healthy", "workloads are healthy"))

    def pods(self, context: Context) -> Look:
        """Every pod that a workload of the release selects, or that carries its instance label, is ready."""
        release, channel = _named(context)
        namespace = self.source.namespace(release, channel)
        workloads = [m for m in installed(self.source, context) if m.get("kind") in LONG_LIVED]
        wanted = {(m["metadata"].get("namespace") or namespace, _selected(m)) for m in workloads}
        wanted = {(where, labels) for where, labels in wanted if labels}
        wanted.add((namespace, f"app.kubernetes.io/instance={release}"))
        pods = [p for where, labels in sorted(wanted) for p in self.cluster.objects(POD, where, labels=labels)]
        alive = {_place(p): p for p in pods if "deletionTimestamp" not in p["metadata"]}
        found = {f"pod {name}": health.of(p) for (_, name), p in alive.items()}
        return _judged(found, _counted(len(alive), "pod is ready", "pods are ready"))

    def api_health(self, context: Context) -> Look:
        """The release's API answers its health URL with 200; passes with a word when no URL is configured."""
        address = self.api()
        if not address:
            return Look.skipped("CONDUCTOR_INTELGRAPH_URL is not set")
        release, channel = _named(context)
        served = any(m.get("kind") == "Rollout" for m in installed(self.source, context))
        if not served:
            return Look.skipped("the release has no API workload")
        url = address.format(namespace=self.source.namespace(release, channel), release=release) + "/healthz"
        try:
            answer = self.web.get(url)
        except UnreachableError as silent:
            return Look(False, f"{url}: {silent}")
        return Look(answer.status == 200, f"{url} answers {answer.status} in {answer.milliseconds} ms")

    def _finding(self, manifest: Mapping[str, Any], namespace: str) -> health.Finding:
        metadata = manifest["metadata"]
        live = self.cluster.get(kind_of(manifest), metadata.get("namespace") or namespace, metadata["name"])
        if live is None:
            return health.Finding(Health.MISSING, "It is not there.")
        return running_versions.finding(manifest, live)


def installed(source: ReleaseReader, context: Context) -> tuple[Object, ...]:
    """What the release consists of: the manifests of its revision, or those of the planned commit where an Argo CD
    Application owns it, since Helm has no revision of what Argo CD installs.
    """
    release, channel = _named(context)
    plan = context.change.plan
    if plan and plan.facts.get(APPLICATION):
        return tuple(source.render(release, f"commit:{plan.facts['commit']}/{channel}").objects.values())
    return source.manifests(release, channel)


def _selected(workload: Object) -> str:
    """The labels by which a workload finds its pods, as a label selector; '' when it goes by no plain labels."""
    labels = ((workload.get("spec") or {}).get("selector") or {}).get("matchLabels") or {}
    return ",".join(f"{name}={value}" for name, value in sorted(labels.items()))


def _place(pod: Object) -> tuple[str, str]:
    return str(pod["metadata"].get("namespace") or ""), str(pod["metadata"]["name"])


def _counted(count: int, one: str, more: str) -> str:
    return f"{count} {one if count == 1 else more}"


def _judged(found: Mapping[str, health.Finding], healthy: str) -> Look:
    bad = {name: f for name, f in found.items() if f.health is not Health.HEALTHY}
    if not bad:
        return Look(True, healthy)
    shown = "; ".join(f"{name}: {f.health.value}. {f.reason}" for name, f in sorted(bad.items())[:4])
    more = f"; and {len(bad) - 4} more" if len(bad) > 4 else ""
    return Look(False, shown + more, any(f.health is Health.DEGRADED for f in bad.values()))


def _named(context: Context) -> tuple[str, str]:
    return str(context.change.parameters["release"]), str(context.change.parameters["channel"])
