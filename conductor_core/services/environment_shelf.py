"""Everything of environments on one shelf: plan functions, drivers, probes and the service, joined over their ports."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from conductor_core.domain.changes import Change
from conductor_core.ports.blobs import Blobs
from conductor_core.ports.blueprint_files import BlueprintFiles
from conductor_core.ports.change_store import ChangeStore
from conductor_core.ports.clock import Clock
from conductor_core.ports.cluster import Cluster
from conductor_core.ports.documents import Documents
from conductor_core.ports.drafts import Drafts
from conductor_core.ports.helm import Helm
from conductor_core.ports.helmfile import Helmfile
from conductor_core.ports.operation_store import OperationStore
from conductor_core.ports.policy import PolicyEngine
from conductor_core.ports.secrets import Secrets
from conductor_core.ports.tofu import Tofu
from conductor_core.ports.web import Web
from conductor_core.services import environment_operations
from conductor_core.services.changes import ChangeService
from conductor_core.services.checks import Probe
from conductor_core.services.environment_addons import Addons
from conductor_core.services.environment_bundles import Bundles
from conductor_core.services.environment_checks import EnvironmentChecks
from conductor_core.services.environment_plans import EnvironmentPlans
from conductor_core.services.environment_reads import EnvironmentReads
from conductor_core.services.environments import EnvironmentService
from conductor_core.services.evidence import EvidenceService
from conductor_core.services.operations import Driver
from conductor_core.services.planning import PlanFunction
from conductor_core.settings import Settings


class Ports(Protocol):
    """The ports that environments need, as the composition root has filled them."""

    @property
    def now(self) -> Callable[[], Settings]:
        """The settings with what the local plane offers."""

    @property
    def blueprint_files(self) -> BlueprintFiles:
        """Where blueprints lie."""

    @property
    def tofu(self) -> Tofu:
        """tofu or terraform."""

    @property
    def secrets(self) -> Secrets:
        """Secrets by name."""

    @property
    def drafts(self) -> Drafts:
        """Drafts of people."""

    @property
    def store(self) -> ChangeStore:
        """Changes."""

    @property
    def operations(self) -> OperationStore:
        """Operations."""

    @property
    def cluster(self) -> Cluster:
        """The cluster."""

    @property
    def helm(self) -> Helm:
        """Helm."""

    @property
    def helmfile(self) -> Helmfile:
        """helmfile."""

    @property
    def documents(self) -> Documents:
        """YAML."""

    @property
    def policy(self) -> PolicyEngine:
        """The policy engine."""

    @property
    def blobs(self) -> Blobs:
        """Content-addressed bytes."""

    @property
    def clock(self) -> Clock:
        """Time and ids."""

    @property
    def web(self) -> Web:
        """Health addresses."""

    @property
    def mask_key(self) -> bytes:
        """The key under which secrets are hidden."""

    @property
    def monotonic(self) -> Callable[[], float]:
        """Seconds that only grow."""


@dataclass(frozen=True)
class EnvironmentShelf:
    """What `join` hands on."""

    plans: dict[str, PlanFunction]
    drivers: dict[str, Driver]
    probes: dict[str, Probe]
    service: EnvironmentService


def environment_shelf(
    ports: Ports,
    evidence: EvidenceService,
    changes: ChangeService,
    document: Callable[[Change, Any], dict[str, Any]],
) -> EnvironmentShelf:
    """The shelf over these ports; `document` gives the policy input of a Change and its draft."""
    reads = EnvironmentReads(
        ports.blueprint_files,
        ports.tofu,
        ports.secrets,
        ports.store,
        ports.operations,
        ports.cluster,
        ports.monotonic,
    )
    addons = Addons(ports.blueprint_files, ports.helm, ports.cluster, ports.documents)
    bundles = Bundles(ports.blueprint_files, ports.helmfile, ports.cluster, ports.documents)
    plans = EnvironmentPlans(reads, addons, bundles, ports.documents, ports.policy, ports.blobs, ports.mask_key)
    checks = EnvironmentChecks(reads, ports.cluster, ports.web, lambda: ports.now().intelgraph_url)
    return EnvironmentShelf(
        plans.functions(),
        environment_operations.drivers(
            reads, addons, bundles, ports.helm, evidence, ports.mask_key, ports.cluster, ports.monotonic
        ),
        checks.probes(),
        EnvironmentService(reads, plans, changes, ports.policy, ports.drafts, ports.clock, document),
    )
