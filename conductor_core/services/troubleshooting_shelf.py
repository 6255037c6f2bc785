"""What the composition of services needs of troubleshooting: plan functions, gate, drivers and probes (feature E10)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from conductor_core.services.checks import Probe
from conductor_core.services.evidence import EvidenceService
from conductor_core.services.namespace_repair import NamespaceRepair
from conductor_core.services.operations import Driver
from conductor_core.services.planning import Gate, PlanFunction
from conductor_core.services.policy_logs import PolicyLogs
from conductor_core.services.releases import ReleaseReader
from conductor_core.services.ui_assets import AssetsPurge, UiAssets
from conductor_core.services.ui_builds import UiBuild
from conductor_core.services.worker_restart import GATE, WorkerRestart

if TYPE_CHECKING:
    from conductor_core.services.parts import Parts


@dataclass(frozen=True)
class TroubleshootingShelf:
    """By the name that runbooks and notebooks use."""

    plans: Mapping[str, PlanFunction]
    gates: Mapping[str, Gate]
    drivers: Mapping[str, Driver]
    probes: Mapping[str, Probe]
    ui_assets: UiAssets


def troubleshooting_shelf(parts: Parts, evidence: EvidenceService, reader: ReleaseReader) -> TroubleshootingShelf:
    """The runbooks `restart_worker`, `repair_namespace`, `policy_logs`, `purge_assets` and `rebuild_assets`."""
    assets = UiAssets(reader, parts.web, parts.now, parts.sleep)
    build = UiBuild(assets, parts.builds)
    restart = WorkerRestart(parts.store, parts.operations, parts.cluster)
    repair = NamespaceRepair(parts.blueprint_files, parts.cluster, parts.documents, evidence, parts.mask_key)
    logs = PolicyLogs(parts.store, parts.cluster, parts.mask_key)
    return TroubleshootingShelf(
        {
            "worker_restart": restart.plan,
            "namespace_repair": repair.plan,
            "policy_logs": logs.plan,
            "assets_purge": assets.plan,
            "ui_build": build.plan,
        },
        {GATE: restart.gate},
        {
            "worker_restart": restart,
            "namespace_apply": repair,
            "policy_logs": logs,
            "assets_purge": AssetsPurge(assets),
            "ui_build": build,
        },
        {"worker_rolled_out": restart.rolled_out, "namespace_whole": repair.whole, "assets": assets.probe},
        assets,
    )
