"""The states in which the pages of environments are tried: some environments, none, and a cluster that is down."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from conductor_core.adapters.system import SystemCommands
from conductor_core.adapters.tofu import TofuProgram
from conductor_core.domain import changes as c
from conductor_core.domain.actors import LOCAL_ACTORS
from conductor_core.domain.changes import Check, Outcome
from conductor_core.domain.environments import Asked
from conductor_core.errors import UnreachableError
from conductor_core.localplane.programs import layout
from conductor_core.ports.drafts import EnvironmentDraft
from conductor_core.services.environment_objects import LABEL
from conductor_core.settings import Settings
from tests.fakes.environments import Estate
from tests.pages.support import FakeConductor

BLUEPRINT = "infra/terraform/blueprints/summit-local"
YAML = """title: Environment on the local control plane
purpose: Node pools, namespaces and IntelGraph's add-ons, to try a change here before others see it.
owner: platform
version: 1.1.0
tier: dev
minutes: 3
groups:
  - {title: Network, parameters: [network_cidr]}
  - {title: Nodes, parameters: [node_pools, kubernetes_version]}
parameters:
  network_cidr: {kind: cidr, placeholder: 10.40.0.0/16}
"""
TF = """variable "environment" { type = string }
variable "network_cidr" {
  type        = string
  description = "Addresses of the whole environment; no other environment may share one of them."
}
variable "node_pools" {
  type        = map(object({nodes = number, cpu = optional(number, 4), memory = optional(string, "16Gi")}))
  description = "Node pools by name: nodes in each zone, and what one node offers."
  default     = {general = {nodes = 2}}
}
variable "kubernetes_version" {
  type    = string
  default = "1.34.4"
}
# resource thing.{environment}
"""

LARGE = TF + "".join(f'variable "p{n}" {{\n  type = string\n  default = "{n}"\n}}\n' for n in range(100))


def over(made: FakeConductor, found: Estate) -> FakeConductor:
    """That workbench over an estate."""
    made.environments = found.service  # type: ignore[attr-defined]  # what this page asks for
    made.store = found.store
    return made


def estate() -> Estate:
    """Blueprints, and nothing made from them yet."""
    found = Estate(Path(tempfile.mkdtemp(prefix="environments-")))
    found.write(f"{BLUEPRINT}/blueprint.yaml", YAML)
    found.write(f"{BLUEPRINT}/main.tf", TF)
    pools = {"general": {"nodes": 2, "cpu": 4, "memory": "16Gi"}}
    found.tofu.defaults |= {"node_pools": pools, "kubernetes_version": "1.34.4"}
    found.clock.at = datetime.now(UTC) - timedelta(hours=9)
    return found


def empty(base: FakeConductor) -> FakeConductor:
    """Nobody has an environment, and one folder is no blueprint."""
    found = estate()
    found.write("infra/terraform/blueprints/half/main.tf", "variable {")
    return over(base, found)


def some(base: FakeConductor) -> FakeConductor:
    """One that is well, one that is ill, one that failed, one that waits, one that is gone, and a draft."""
    found = estate()
    made(found, "team-blue", "10.40.0.0/16", ())
    made(found, "team-green", "10.41.0.0/16", (Check("nodes", False, "1 of 3 nodes of pool general is not Ready"),))
    change = found.start(found.request(asked(found, "perf-lab", "10.42.0.0/16")))
    found.changes.apply(change.id, c.Finish((), Outcome("tofu_apply failed.", "The quota is used up."), "sha256:n"))
    found.request(asked(found, "team-red", "10.43.0.0/16"))
    draft = EnvironmentDraft("drf-2", LOCAL_ACTORS["requester"].key, "summit-local", "team-amber", {})
    found.service.save(LOCAL_ACTORS["requester"], draft)
    for name, pool, ready in (("a", "general", "True"), ("b", "general", "True"), ("c", "graph", "False")):
        found.cluster.put(node(f"team-blue-{pool}-{name}", pool, ready))
    for name in ("team-blue-app", "team-blue-data"):
        labels = {LABEL: "team-blue", "summit.example/owner": "blue"}
        found.cluster.put({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}})
    found.cluster.put(event("team-blue-app", "Pod", "api-7c9", "BackOff", "Back-off restarting the container"))
    return over(base, found)


def down(base: FakeConductor) -> FakeConductor:
    """There are environments, and the cluster doesn't answer."""
    found = estate()
    made(found, "team-blue", "10.40.0.0/16", ())
    found.cluster.failure = UnreachableError("The cluster does not answer.", next="Run `conductor doctor`.")
    return over(base, found)


def large(base: FakeConductor) -> FakeConductor:
    """A blueprint of a hundred parameters and more, whose values the real tofu judges."""
    found = estate()
    found.write(f"{BLUEPRINT}/main.tf", LARGE)
    found.reads.tofu = TofuProgram(SystemCommands(), str(tofu_program()), found.root)
    return over(base, found)


def tofu_program() -> Path:
    """The tofu that the local control plane has built."""
    return layout(Settings()).bin / "tofu"


def asked(found: Estate, name: str, cidr: str) -> Asked:
    """One of the blueprint."""
    return replace(found.asked(name, cidr), blueprint="summit-local")


def made(found: Estate, name: str, cidr: str, checks: tuple[Check, ...]) -> None:
    """Provision one, with what its post-flight checks said."""
    change = found.start(found.request(asked(found, name, cidr)))
    found.perform(change, "tofu_apply", "addons_apply")
    found.changes.apply(change.id, c.Finish(checks or (Check("nodes", True, "3 of 3 Ready"),), None, "sha256:notebook"))


def node(name: str, pool: str, ready: str) -> dict[str, Any]:
    """A node as the API server tells of it."""
    labels = {LABEL: "team-blue", "conductor.summit/pool": pool, "topology.kubernetes.io/zone": "local-a"}
    status = {"conditions": [{"type": "Ready", "status": ready}], "capacity": {"cpu": "4", "memory": "16Gi"}}
    return {"apiVersion": "v1", "kind": "Node", "metadata": {"name": name, "labels": labels}, "status": status}


def event(space: str, kind: str, name: str, reason: str, message: str) -> dict[str, Any]:
    """A warning about an object of that namespace."""
    return {
        "apiVersion": "v1", "kind": "Event", "metadata": {"name": f"{name}.1", "namespace": space}, "type": "Warning",
        "involvedObject": {"kind": kind, "name": name}, "reason": reason, "message": message,
        "lastTimestamp": "2026-01-01T00:00:00Z",
    }  # fmt: skip
