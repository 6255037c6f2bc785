"""The connections that `status` asks: each says what answered, or why it is off and which setting turns it on."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from conductor_core.errors import OffError, PolicyError, UnreachableError
from conductor_core.ports.blobs import Blobs
from conductor_core.ports.change_store import ChangeStore
from conductor_core.ports.cluster import Cluster
from conductor_core.ports.helm import Helm
from conductor_core.ports.policy import PolicyEngine
from conductor_core.ports.web import Web
from conductor_core.services.releases import ReleaseReader
from conductor_core.services.status import Probe
from conductor_core.settings import Settings

LATE = 15.0
"""Seconds without a sign of life after which a worker counts as dead."""


def core(store: ChangeStore, blobs: Blobs, policy: PolicyEngine, worker: Callable[[], datetime | None]) -> list[Probe]:
    """The parts that every installation has."""

    def database() -> str:
        store.events(limit=1, newest=True)
        return "answers"

    def evidence() -> str:
        digest, _ = blobs.put(b"status\n")
        blobs.get(digest)
        return "can be written and read"

    def rules() -> str:
        families = policy.families()
        for family in families:
            broken = [r for r in policy.decide(family, {}).denials if r.rule.startswith("engine/")]
            if broken:
                raise PolicyError(f"The family {family} can't decide.", why=broken[0].text, next=broken[0].clears_by)
        return f"{len(policy.rules())} rules in {', '.join(families)}"

    return [
        Probe("database", database),
        Probe("evidence", evidence),
        Probe("policy", rules),
        Probe("worker", lambda: late_worker(worker())),
    ]


def late_worker(seen: datetime | None) -> str:
    """How long ago a worker gave a sign of life; raises `UnreachableError` when that is too long."""
    ago = (datetime.now(seen.tzinfo) - seen).total_seconds() if seen else None
    if ago is None or ago > LATE:
        raise UnreachableError(
            "No worker answers.",
            why=f"Its last sign of life is {ago:.0f} s old." if ago is not None else "None has ever started.",
            next="Start one with `conductor up`; look into maestro-worker.log in the logs folder. Nothing is lost.",
        )
    return f"alive {ago:.0f} s ago"


def outside(
    reach: Callable[[], Settings], cluster: Cluster, helm: Helm, releases: ReleaseReader, web: Web
) -> list[Probe]:
    """The systems of others, as far as settings or the local control plane name them now."""

    def kubernetes() -> str:
        _on(reach().kube_context, "CONDUCTOR_KUBE_CONTEXT")
        found = cluster.version()
        return f"{found.version} at {found.server}"

    def operations_repository() -> str:
        _on(reach().ops_repo, "CONDUCTOR_OPS_REPO")
        found = releases.catalogue()
        return f"{len(found.releases)} releases" + (f", {len(found.problems)} broken" if found.problems else "")

    def argocd() -> str:
        now = reach()
        _on(now.argocd_url, "CONDUCTOR_ARGOCD_URL")
        token = now.argocd_token.get_secret_value()
        answer = web.get(f"{now.argocd_url.rstrip('/')}/api/version", headers={"Authorization": f"Bearer {token}"})
        return _ok("Argo CD", answer.status)

    def prometheus() -> str:
        now = reach()
        _on(now.prometheus_url, "CONDUCTOR_PROMETHEUS_URL")
        return _ok("Prometheus", web.get(f"{now.prometheus_url.rstrip('/')}/-/ready").status)

    def helm_program() -> str:
        _on(reach().kube_context, "CONDUCTOR_KUBE_CONTEXT")  # the local control plane brings its own Helm
        return f"helm {helm.version()}"

    return [
        Probe("kubernetes", kubernetes),
        Probe("helm", helm_program),
        Probe("operations repository", operations_repository),
        Probe("argo cd", argocd),
        Probe("prometheus", prometheus),
    ]


def _on(value: str, setting: str) -> None:
    if not value:
        raise OffError(
            f"{setting} is not set.", next=f"Start the local control plane (`conductor up`) or set {setting}."
        )


def _ok(name: str, status: int) -> str:
    if status != 200:
        raise UnreachableError(f"{name} answers with status {status}.", next="Check its address and token.")
    return "answers"
