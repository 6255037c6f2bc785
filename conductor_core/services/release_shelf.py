"""What the composition of services needs of releases: their history, the plan functions, and the operations."""

from __future__ import annotations

from dataclasses import dataclass

from conductor_core.ports.change_store import ChangeStore
from conductor_core.ports.documents import Documents
from conductor_core.ports.helm import Helm
from conductor_core.ports.repository import Repository
from conductor_core.services.argo_sync import ArgoSync
from conductor_core.services.git_reverts import GitRevert, GitReverts
from conductor_core.services.helm_operations import HelmRollback, HelmUpgrade
from conductor_core.services.operations import Driver
from conductor_core.services.planning import PlanFunction
from conductor_core.services.quarantine_plans import QuarantinePlans
from conductor_core.services.quarantines import LiftQuarantine, QuarantineService, QuarantineVersion
from conductor_core.services.release_contents import ReleaseContents
from conductor_core.services.release_evidence import ReleaseEvidence
from conductor_core.services.release_history import ReleaseHistory
from conductor_core.services.release_plans import ReleasePlans
from conductor_core.services.releases import ReleaseReader
from conductor_core.services.rollback_plan import RollbackPlan


@dataclass(frozen=True)
class ReleaseShelf:
    """Plan functions and drivers by the name that a runbook or notebook gives."""

    history: ReleaseHistory
    plans: dict[str, PlanFunction]
    drivers: dict[str, Driver]


def release_shelf(
    reader: ReleaseReader,
    quarantines: QuarantineService,
    *,
    repository: Repository,
    helm: Helm,
    documents: Documents,
    store: ChangeStore,
    mask_key: bytes,
    argo: ArgoSync | None = None,
) -> ReleaseShelf:
    """Everything of releases, joined over its ports."""
    contents = ReleaseContents(reader, repository, mask_key)
    evidence = ReleaseEvidence(reader, documents, quarantines, mask_key)
    history = ReleaseHistory(reader, contents, store, quarantines)
    reverts = GitReverts(reader, repository)
    quarantine = QuarantinePlans(quarantines, lambda release, channel: reader.channel(release, channel)[1].tier)
    return ReleaseShelf(
        history,
        {
            **ReleasePlans(reader, contents, evidence, helm).functions(),
            "release_rollback": RollbackPlan(reader, history, contents, evidence, reverts, helm),
            "quarantine_add": quarantine.add,
            "quarantine_lift": quarantine.lift,
        },
        {
            "helm_upgrade": HelmUpgrade(helm, reader, argo),
            "helm_rollback": HelmRollback(helm, reader),
            "quarantine_version": QuarantineVersion(quarantines),
            "lift_quarantine": LiftQuarantine(quarantines),
            "git_revert": GitRevert(reverts),
        },
    )
