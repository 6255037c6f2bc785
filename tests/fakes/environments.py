"""A world of environments without real systems: blueprints in a folder, a tofu and a Helm in memory."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from conductor_core.adapters import hcl
from conductor_core.adapters.blueprint_files import FOLDER, BlueprintFolders
from conductor_core.adapters.secret_files import SecretFiles
from conductor_core.adapters.yaml_documents import YamlDocuments
from conductor_core.domain import changes as c
from conductor_core.domain.actors import LOCAL_ACTORS
from conductor_core.domain.changes import Change, State
from conductor_core.domain.environments import Asked
from conductor_core.domain.runbooks import Parameter, Runbook
from conductor_core.ports.locks import HeldLock
from conductor_core.services import environment_operations
from conductor_core.services.changes import ChangeService
from conductor_core.services.environment_addons import Addons
from conductor_core.services.environment_bundles import Bundles
from conductor_core.services.environment_checks import EnvironmentChecks
from conductor_core.services.environment_plans import EnvironmentPlans
from conductor_core.services.environment_reads import EnvironmentReads
from conductor_core.services.environments import EnvironmentService
from conductor_core.services.evidence import EvidenceService
from conductor_core.services.gates import PolicyGate
from conductor_core.services.ledger import Ledger
from conductor_core.services.operations import Context, OperationService
from conductor_core.services.planning import PlanningService
from conductor_core.services.runbooks import RunbookService
from tests.fakes.blobs import MemoryBlobs
from tests.fakes.change_store import MemoryChangeStore
from tests.fakes.clock import SteppingClock
from tests.fakes.cluster import FakeCluster
from tests.fakes.conductor import Worker
from tests.fakes.drafts import MemoryDrafts
from tests.fakes.helm import FakeHelm
from tests.fakes.helmfile import FakeHelmfile
from tests.fakes.operation_store import MemoryOperationStore
from tests.fakes.policy import allowing
from tests.fakes.runbook_files import FakeRunbookFiles
from tests.fakes.tofu import FakeTofu
from tests.fakes.web import FakeWeb

NAME = Parameter("environment", "str", "", "Name", required=True)
RUNBOOKS = (
    Runbook(
        "provision_environment", "Provision {environment} from {blueprint}", "Makes one.", "provision_environment",
        "environment_provision", "environment/{environment}", "{tier}",
        (
            NAME,
            Parameter("blueprint", "str", "", "Blueprint", required=True),
            Parameter("tier", "str", "", "Tier", required=True),
            Parameter("variables", "dict", {}, "Values"),
            Parameter("allow_destroy", "bool", False, "May destroy"),
            Parameter("replace", "list", [], "Made anew"),
        ),
        approvals={"dev": 1, "staging": 1, "prod": 2},
    ),
    Runbook(
        "destroy_environment", "Destroy {environment}", "Takes one away.", "destroy_environment",
        "environment_destroy", "environment/{environment}", "prod",
        (NAME, Parameter("confirm", "str", "", "Name", required=True)), approvals={"dev": 1, "staging": 2, "prod": 2},
    ),
    Runbook(
        "validate_environment", "Validate {environment}", "Looks.", "validate_environment",
        "environment_validate", "environment/{environment}", "dev", (NAME,), approvals={"default": 0},
    ),
)  # fmt: skip
YAML = """title: Small
version: 1.0.0
tier: dev
addons:
  - release: shop
    chart: helm/shop
    namespace: "${output.namespaces.app}"
    set: {size: "${var.size}"}
    when: "${var.shop}"
"""
TF = """variable "environment" { type = string }
variable "network_cidr" { type = string }
variable "size" {
  type    = number
  default = 1
}
variable "shop" {
  type    = bool
  default = false
}
variable "key" {
  type      = string
  default   = ""
  sensitive = true
}
# resource thing.{environment}
# resource thing.size-{size}
"""
MAP = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: ${release}-settings}\ndata: {size: '${size}'}\n"


@dataclass
class Estate:
    """Everything that a service of environments needs, with handles on the fakes."""

    root: Path
    tofu: FakeTofu = field(default_factory=lambda: FakeTofu(outputs={"namespaces": {"app": "blue-app"}}))
    cluster: FakeCluster = field(default_factory=FakeCluster)
    blobs: MemoryBlobs = field(default_factory=MemoryBlobs)
    clock: SteppingClock = field(default_factory=SteppingClock)
    families: tuple[str, ...] = ("environment", "workload")

    def __post_init__(self) -> None:
        self.cluster.put({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "blue-app"}})
        self.write(f"{FOLDER}/small/blueprint.yaml", YAML)
        self.write(f"{FOLDER}/small/main.tf", TF)
        self.write("helm/shop/Chart.yaml", "name: shop\nversion: 1.2.3\n")
        self.write("helm/shop/templates/map.yaml", MAP)
        self.tofu.defaults = {"size": 1, "shop": False, "key": ""}
        documents, ledger_store = YamlDocuments(), MemoryChangeStore()
        self.store, self.helm, self.policy = ledger_store, FakeHelm(self.cluster), allowing(*self.families)
        self.rows = MemoryOperationStore(self.store, self.clock)
        self.evidence, self.ledger = EvidenceService(self.blobs), Ledger(self.store, self.clock)
        runbooks = RunbookService(FakeRunbookFiles(RUNBOOKS, self.root))
        self.changes = ChangeService(self.store, runbooks, Worker(), self.ledger, self.clock)
        self.files = BlueprintFolders(
            lambda: self.root, documents, hcl.blocks, hcl.attributes, hcl.variable_lines, hcl.variable_texts
        )
        secrets = SecretFiles(self.root / "secrets", {})
        self.reads = EnvironmentReads(self.files, self.tofu, secrets, self.store, self.rows, self.cluster, lambda: 0.0)
        self.addons = Addons(self.files, self.helm, self.cluster, documents)
        self.helmfile = FakeHelmfile(self.helm)
        self.bundles = Bundles(self.files, self.helmfile, self.cluster, documents)
        self.plans = EnvironmentPlans(
            self.reads, self.addons, self.bundles, documents, self.policy, self.blobs, b"k" * 16
        )
        gate = PolicyGate(self.policy, self.ledger, self.clock.now)
        self.planning = PlanningService(
            runbooks,
            self.plans.functions(),
            {"policy": gate},
            self.evidence,
            lambda: {"policy": self.policy.bundle_digest()},
        )
        drivers = environment_operations.drivers(
            self.reads,
            self.addons,
            self.bundles,
            self.helm,
            self.evidence,
            b"k" * 16,
            self.cluster,
            lambda: 0.0,
        )
        self.acts = OperationService(self.rows, drivers, self.clock)
        self.checks = EnvironmentChecks(self.reads, self.cluster, FakeWeb({}), lambda: "")
        self.service = EnvironmentService(
            self.reads, self.plans, self.changes, self.policy, MemoryDrafts(), self.clock, gate.document
        )
        self.said: list[str] = []

    def write(self, name: str, text: str) -> Path:
        """Write a file of the root."""
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path

    def asked(self, name: str = "blue", cidr: str = "10.1.0.0/16", **more: Any) -> Asked:
        """What somebody asks for."""
        return Asked(name, "small", "dev", {"network_cidr": cidr, **more})

    def request(self, asked: Asked | None = None) -> Change:
        """A Change of it, planned as a worker does."""
        self.clock.step(1)
        change = self.service.request(LOCAL_ACTORS["requester"], asked or self.asked(), "team blue")
        return self.plan(change.id)

    def plan(self, change_id: str) -> Change:
        """Plan (again)."""
        self.clock.step(1)
        return self.changes.apply(change_id, self.planning.plan(self.changes.get(change_id)))

    def start(self, change: Change) -> Change:
        """Approve and start it."""
        for who in ("approver", "captain"):
            if self.changes.get(change.id).state is State.AWAITING_APPROVAL:
                self.changes.approve(LOCAL_ACTORS[who], change.id)
        return self.changes.apply(change.id, c.Start(change.plan_digest))

    def perform(self, change: Change, *kinds: str) -> list[Any]:
        """Carry out operations, as a notebook does."""
        context = Context(self.changes.get(change.id), HeldLock("x", 0), self.said.append)
        return [self.acts.perform(context, kind) for kind in kinds]

    def provision(self, asked: Asked | None = None) -> Change:
        """The whole way."""
        change = self.start(self.request(asked))
        self.perform(change, "tofu_apply", "addons_apply")
        return self.finish(change)

    def finish(self, change: Change) -> Change:
        """End the run well."""
        return self.changes.apply(change.id, c.Finish((), None, "sha256:notebook"))


def facts(change: Change) -> Mapping[str, str]:
    """The facts of its plan."""
    assert change.plan is not None, change.outcome
    return change.plan.facts
