"""What the composition of services needs of progressive delivery: services, plan functions, gates, drivers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from conductor_core.domain import compatibility
from conductor_core.domain.compatibility import Matrix
from conductor_core.services import fleet_plans
from conductor_core.services.application_sync import ApplicationSync, ApplicationSyncPlan
from conductor_core.services.argo_sync import ArgoSync
from conductor_core.services.changes import ChangeService
from conductor_core.services.checks import Patience
from conductor_core.services.delivery import DeliveryReader
from conductor_core.services.fleet_abort import FleetAbort
from conductor_core.services.fleet_clusters import FleetClusters
from conductor_core.services.fleet_plans import FleetPlans
from conductor_core.services.metric_windows import MetricWindows
from conductor_core.services.operations import Driver
from conductor_core.services.partial_rollback import PartialRollback
from conductor_core.services.pipeline_board import PipelineBoard
from conductor_core.services.pipeline_waves import PipelineWaves, PipelineWavesSet
from conductor_core.services.planning import Gate, PlanFunction
from conductor_core.services.quarantines import QuarantineService
from conductor_core.services.release_contents import ReleaseContents
from conductor_core.services.release_history import ReleaseHistory
from conductor_core.services.releases import ReleaseReader
from conductor_core.services.rollout_operations import RolloutAct
from conductor_core.services.rollout_plans import RolloutPlans
from conductor_core.services.set_promotions import SetCommit, SetPromotions
from conductor_core.services.timelines import Timelines
from conductor_core.services.values_edits import ValuesCommit, ValuesEdits
from conductor_core.services.wave_freeze import WAVES, WaveFreeze

if TYPE_CHECKING:
    from conductor_core.services.parts import Parts

READ_BACK = 90.0
"""Seconds in which an act must show the weight and the replicas that it promises."""
MATRIX = "compatibility.yaml"


@dataclass(frozen=True)
class DeliveryShelf:
    """Services; and plan functions, gates and drivers by the name that runbooks and notebooks use."""

    reader: DeliveryReader
    timelines: Timelines
    edits: ValuesEdits
    partial: PartialRollback
    promotions: SetPromotions
    freeze: WaveFreeze
    pipeline_waves: PipelineWaves
    plans: Mapping[str, PlanFunction]
    gates: Mapping[str, Gate]
    drivers: Mapping[str, Driver]


def delivery_shelf(
    parts: Parts, releases: ReleaseReader, changes: ChangeService, quarantines: QuarantineService
) -> DeliveryShelf:
    """Everything of progressive delivery, joined over its ports."""
    rollouts = parts.rollouts
    clusters = FleetClusters(rollouts, parts.fleet_rollouts, parts.monotonic)
    reader = DeliveryReader(
        PipelineBoard(parts.argocd, parts.monotonic, parts.sleep),
        rollouts,
        releases,
        MetricWindows(parts.prometheus, lambda: parts.clock.now().timestamp()),
        parts.metric_files,
        parts.store,
        clusters,
    )

    def matrix() -> Matrix:
        return compatibility.parse(parts.documents.load(parts.metric_files.matrix(), MATRIX), MATRIX)

    plans = RolloutPlans(rollouts, releases)
    fleets = FleetPlans(clusters, plans.tier_of, parts.blobs.get)
    argo = ArgoSync(parts.argocd, parts.monotonic, parts.sleep)
    patience = Patience(parts.monotonic, parts.sleep, READ_BACK)
    edits = ValuesEdits(releases, parts.repository, parts.helm, parts.documents, rollouts)
    contents = ReleaseContents(releases, parts.repository, parts.mask_key)
    history = ReleaseHistory(releases, contents, parts.store, quarantines)
    promotions = SetPromotions(edits, history, rollouts, quarantines, matrix)
    pipelines = PipelineWaves(
        parts.argocd,
        parts.repository,
        parts.documents,
        parts.cluster,
        plans.tier_of,
        lambda: releases.refresh(force=False),
    )
    freeze = WaveFreeze(rollouts, releases, lambda: parts.settings.frozen_sets == "queue")
    return DeliveryShelf(
        reader,
        Timelines(reader, parts.argocd, parts.store),
        edits,
        PartialRollback(releases, changes, parts.store, parts.documents, matrix),
        promotions,
        freeze,
        pipelines,
        {
            **plans.functions(),
            "fleet_abort": fleets.plan,
            **edits.functions(),
            "set_promote": promotions.plan,
            "pipeline_waves": pipelines.plan,
            "application_sync": ApplicationSyncPlan(argo, plans.tier_of, parts.mask_key),
        },
        {**plans.gates(), fleet_plans.GATE: fleets.judge, WAVES: freeze},
        {
            "rollout_act": RolloutAct(rollouts, plans, patience, parts.clock.now),
            "fleet_abort": FleetAbort(clusters, patience),
            "values_commit": ValuesCommit(edits),
            "set_commit": SetCommit(promotions),
            "pipeline_waves": PipelineWavesSet(pipelines, parts.patches, patience),
            "application_sync": ApplicationSync(argo),
        },
    )
