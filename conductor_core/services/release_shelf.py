"""What the composition of services needs of releases: their history, the plan functions, and the operations."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from conductor_core.domain import chart_addresses, post_renderers
from conductor_core.ports.argocd import ArgoCd
from conductor_core.ports.change_store import ChangeStore
from conductor_core.ports.clock import Clock
from conductor_core.ports.cluster import Cluster
from conductor_core.ports.documents import Documents
from conductor_core.ports.helm import Helm
from conductor_core.ports.object_patches import ObjectPatches
from conductor_core.ports.repository import Repository
from conductor_core.services.argo_reverts import ArgoRevertPlan, ArgoRevertSync
from conductor_core.services.argo_sync import ArgoSync
from conductor_core.services.git_reverts import GitRevert, GitReverts
from conductor_core.services.helm_operations import HelmRollback, HelmUpgrade
from conductor_core.services.hook_failures import HookFailures
from conductor_core.services.operations import Driver
from conductor_core.services.planning import PlanFunction
from conductor_core.services.quarantine_plans import QuarantinePlans
from conductor_core.services.quarantines import LiftQuarantine, QuarantineService, QuarantineVersion
from conductor_core.services.release_contents import ReleaseContents
from conductor_core.services.release_dry_runs import DryRuns
from conductor_core.services.release_evidence import ReleaseEvidence
from conductor_core.services.release_history import ReleaseHistory
from conductor_core.services.release_plans import ReleasePlans
from conductor_core.services.release_renders import ChartPlaces
from conductor_core.services.release_stuck import HelmMend, ReleaseStuck
from conductor_core.services.releases import ReleaseReader
from conductor_core.services.rollback_plan import RollbackPlan
from conductor_core.services.synced_commits import SyncedCommits
from conductor_core.settings import Settings


@dataclass(frozen=True)
class ReleaseShelf:
    """Plan functions and drivers by the name that a runbook or notebook gives."""

    history: ReleaseHistory
    stuck: ReleaseStuck
    synced: SyncedCommits
    plans: dict[str, PlanFunction]
    drivers: dict[str, Driver]


class ReaderParts(Protocol):
    """What the composition of services has for the reader of releases."""

    @property
    def settings(self) -> Settings: ...
    @property
    def repository(self) -> Repository: ...
    @property
    def helm(self) -> Helm: ...
    @property
    def cluster(self) -> Cluster: ...
    @property
    def patches(self) -> ObjectPatches: ...
    @property
    def argocd(self) -> ArgoCd: ...
    @property
    def documents(self) -> Documents: ...
    @property
    def mask_key(self) -> bytes: ...


def release_reader(parts: ReaderParts, quarantines: QuarantineService) -> ReleaseReader:
    """The reader of releases over these parts; charts come from where the settings say."""
    settings = parts.settings
    places = ChartPlaces(
        lambda: chart_addresses.sources(settings.chart_sources),
        settings.chart_roots,
        lambda: post_renderers.allowed(settings.post_renderers),
    )
    return ReleaseReader(
        parts.repository,
        parts.helm,
        parts.cluster,
        parts.documents,
        mask_key=parts.mask_key,
        channels_file=settings.channels_file,
        quarantined=quarantines.active,
        charts=places,
        dry_runs=DryRuns(parts.cluster, parts.patches),
        elsewhere=parts.argocd.applications if settings.argocd_url else None,
    )


def release_shelf(
    reader: ReleaseReader,
    quarantines: QuarantineService,
    *,
    repository: Repository,
    helm: Helm,
    documents: Documents,
    store: ChangeStore,
    mask_key: bytes,
    cluster: Cluster,
    clock: Clock,
    argo: ArgoSync | None = None,
) -> ReleaseShelf:
    """Everything of releases, joined over its ports."""
    contents = ReleaseContents(reader, repository, mask_key)
    evidence = ReleaseEvidence(reader, documents, quarantines, mask_key)
    history = ReleaseHistory(reader, contents, store, quarantines)
    reverts = GitReverts(reader, repository, documents)
    quarantine = QuarantinePlans(quarantines, lambda release, channel: reader.channel(release, channel)[1].tier)
    synced = SyncedCommits(reader, contents, evidence, quarantines)
    by_git: dict[str, PlanFunction] = {}
    syncs: dict[str, Driver] = {}
    if argo is not None:
        by_git["release_revert"] = ArgoRevertPlan(reader, contents, evidence, reverts, helm, argo, synced)
        syncs["argo_sync"] = ArgoRevertSync(reader, contents, argo)
    failures = HookFailures(cluster, mask_key)
    stuck = ReleaseStuck(reader, store, failures, clock, helm)
    return ReleaseShelf(
        history,
        stuck,
        synced,
        {
            "release_mend": stuck.plan,
            **by_git,
            **ReleasePlans(reader, contents, evidence, helm, synced, argo).functions(),
            "release_rollback": RollbackPlan(reader, history, contents, evidence, reverts, helm),
            "quarantine_add": quarantine.add,
            "quarantine_lift": quarantine.lift,
        },
        {
            **syncs,
            "helm_upgrade": HelmUpgrade(helm, reader, argo, failures),
            "helm_rollback": HelmRollback(helm, reader),
            "helm_mend": HelmMend(helm, reader),
            "quarantine_version": QuarantineVersion(quarantines),
            "lift_quarantine": LiftQuarantine(quarantines),
            "git_revert": GitRevert(reverts),
        },
    )
