"""The doctor: is every tool, context, login and setting there, and what exactly mends each miss (guide, section 2)."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from conductor_core.domain.doctor import TOOLS, Finding, Symptom, Tool, about_tool
from conductor_core.errors import ConductorError
from conductor_core.ports.cluster import Cluster
from conductor_core.ports.commands import CommandRunner
from conductor_core.ports.logins import Logins
from conductor_core.services.releases import ReleaseReader
from conductor_core.services.status import Connection, Health
from conductor_core.settings import Settings

FEATURES = (
    ("argocd_url", "Argo CD", "CONDUCTOR_ARGOCD_URL and CONDUCTOR_ARGOCD_TOKEN"),
    ("prometheus_url", "Prometheus", "CONDUCTOR_PROMETHEUS_URL"),
    ("grafana_url", "Grafana", "CONDUCTOR_GRAFANA_URL"),
    ("slack_webhook", "Slack", "CONDUCTOR_SLACK_WEBHOOK"),
    ("jira_url", "Jira", "CONDUCTOR_JIRA_URL and CONDUCTOR_JIRA_TOKEN"),
    ("oidc_issuer", "single sign-on", "CONDUCTOR_OIDC_ISSUER"),
)
"""Settings that turn a feature on (guide 2.4); a missing one is no miss."""


@dataclass(frozen=True)
class Doctor:
    """Looks around; changes nothing. `connections` asks every configured system, as `status` does."""

    now: Callable[[], Settings]
    runner: CommandRunner
    cluster: Cluster
    releases: ReleaseReader
    logins: Logins
    connections: Callable[[], list[Connection]]

    def look(self) -> list[Symptom]:
        """Every symptom in the order of the guide: tools, contexts, logins, settings, connections."""
        settings = self.now()
        parts: list[Callable[[], list[Symptom]]] = [
            lambda: [self._tool(tool, settings) for tool in TOOLS],
            lambda: self._contexts(settings),
            self._registries,
            lambda: _features(settings),
            lambda: [_connection(found) for found in self.connections()],
        ]
        with ThreadPoolExecutor(len(parts), thread_name_prefix="doctor") as pool:
            return [symptom for part in pool.map(lambda ask: ask(), parts) for symptom in part]

    def _tool(self, tool: Tool, settings: Settings) -> Symptom:
        program = getattr(settings, tool.name, "") or tool.name
        try:
            result = self.runner.run([program, *tool.arguments], timeout=15.0)
        except ConductorError:
            return about_tool(tool, None)
        return about_tool(tool, result.stdout or result.stderr, "" if program == tool.name else program)

    def _contexts(self, settings: Settings) -> list[Symptom]:
        wanted = settings.kube_context
        if not wanted:
            act = "Set CONDUCTOR_KUBE_CONTEXT to one of `kubectl config get-contexts`, or run `conductor local up`."
            return [Symptom("contexts", "kubernetes", Finding.MISSING, "no context is chosen", act)]
        try:
            found = self.cluster.version()
        except ConductorError as bad:
            said = bad.diagnostics()
            act = said.next or "Log in to the cluster again."
            act += " On EKS: aws eks update-kubeconfig --name CLUSTER; on AKS: az aks get-credentials; on GKE: gcloud "
            act += "container clusters get-credentials."
            return [Symptom("contexts", wanted, Finding.MISSING, f"{said.what} {said.why}", act)]
        return [Symptom("contexts", wanted, Finding.GOOD, f"{found.version} at {found.server}")]

    def _registries(self) -> list[Symptom]:
        hosts = set(self.logins.hosts())
        try:
            charts = [chart for spec in self.releases.catalogue().releases for chart in spec.charts]
        except ConductorError:
            charts = []
        wanted = {chart.removeprefix("oci://").split("/")[0] for chart in charts if chart.startswith("oci://")}
        out = [Symptom("logins", host, Finding.GOOD, "logged in") for host in sorted(hosts)]
        for host in sorted(wanted - hosts):
            text = "no login; charts come from it, which works only while it lets everybody read"
            out.append(Symptom("logins", host, Finding.OPTIONAL, text, f"helm registry login {host}"))
        if not out:
            act = "helm registry login HOST; az acr login; gcloud auth configure-docker; aws ecr get-login-password."
            out.append(Symptom("logins", "registries", Finding.OPTIONAL, "no login; no chart needs one", act))
        return out


def _features(settings: Settings) -> list[Symptom]:
    out = []
    for field, name, variables in FEATURES:
        value = getattr(settings, field)
        text = value.get_secret_value() if hasattr(value, "get_secret_value") else value
        if text:
            out.append(Symptom("settings", name, Finding.GOOD, "set"))
        else:
            out.append(Symptom("settings", name, Finding.OPTIONAL, "off", f"Set {variables} in .env to turn it on."))
    return out


def _connection(found: Connection) -> Symptom:
    if found.health is Health.HEALTHY:
        return Symptom("connections", found.name, Finding.GOOD, found.detail)
    if found.health is Health.OFF:
        return Symptom("connections", found.name, Finding.OPTIONAL, found.detail, found.why)
    return Symptom(
        "connections", found.name, Finding.MISSING, ": ".join(filter(None, (found.detail, found.why))), found.next
    )
