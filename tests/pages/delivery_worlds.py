"""Worlds of progressive delivery: rollouts at rest, held, moving, red and stuck, over a played controller."""

from __future__ import annotations

import math
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast

from conductor_core.adapters.argo_rollouts import ArgoRollouts
from conductor_core.adapters.duckdb_audit.answer_files import AuditAnswerFiles
from conductor_core.adapters.report_files import ReportFiles
from conductor_core.adapters.yaml_documents import YamlDocuments
from conductor_core.domain import compatibility
from conductor_core.domain.compatibility import Matrix
from conductor_core.domain.metric_queries import MetricQuery
from conductor_core.domain.metric_queries import parse as parse_query
from conductor_core.domain.rollout_parts import Detail
from conductor_core.domain.rollouts import ROLLOUT, Rollout
from conductor_core.domain.runbooks import Parameter, Runbook
from conductor_core.errors import UnreachableError
from conductor_core.ports.rollouts import Rollouts
from conductor_core.services.delivery import DeliveryReader
from conductor_core.services.delivery_desk import DeliveryDesk
from conductor_core.services.delivery_measures import DeliveryMeasures
from conductor_core.services.fleet_clusters import FleetClusters
from conductor_core.services.metric_windows import MetricWindows
from conductor_core.services.partial_rollback import PartialRollback
from conductor_core.services.pipeline_board import PipelineBoard
from conductor_core.services.pipeline_waves import PipelineWaves
from conductor_core.services.rollout_recorder import RolloutRecorder
from conductor_core.services.set_promotions import SetPromotions
from conductor_core.services.timeline_exports import TimelineExports
from conductor_core.services.timelines import Timelines
from conductor_core.services.values_edits import ValuesEdits
from conductor_core.services.wave_freeze import QueuedPromotions, WaveFreeze
from conductor_core.services.ways_back import WaysBack
from conductor_core.settings import PROJECT_ROOT
from tests.fakes.argocd import FakeArgoCd, raw_application, raw_pipeline
from tests.fakes.cluster import FakeCluster
from tests.fakes.conductor import CHART, RUNBOOKS, FakeConductor, build
from tests.fakes.ledger import SIGNER
from tests.fakes.object_patches import FakePatches
from tests.fakes.prometheus import FakePrometheus
from tests.fakes.rollouts import Player, fake, manifest
from tests.pages.support import NoLedger

PLACE = (Parameter("namespace", "str", "", required=True), Parameter("rollout", "str", "", required=True))
ACT = Runbook(
    "rollout_act",
    "Rollout {rollout} in {namespace}: {act}",
    "Acts.",
    "rollout_act",
    "rollout_act",
    "rollout/{namespace}/{rollout}",
    "dev",
    (*PLACE, Parameter("act", "str", "", required=True), Parameter("to_revision", "int", 0)),
    approvals={"default": 0},
)
EMERGENCY = replace(
    ACT, name="emergency_abort", title="EMERGENCY abort of rollout {rollout}", parameters=PLACE, emergency=True
)
WHERE = (Parameter("release", "str", "", required=True), Parameter("channel", "str", "", required=True))
ROLLBACK = RUNBOOKS["rollback_release"]
EMERGENCY_ROLLBACK = replace(
    ROLLBACK,
    name="emergency_rollback",
    title="EMERGENCY rollback of {release} in {channel} to revision {to_revision}",
    parameters=tuple(p for p in ROLLBACK.parameters if p.name != "sets"),
    approvals={"default": 0},
    emergency=True,
)
REVERT = replace(
    ROLLBACK,
    name="revert_release",
    title="Revert {release} in {channel} by Git",
    notebook="revert_release",
    plan="release_revert",
    parameters=(*WHERE, Parameter("to_commit", "str", ""), Parameter("quarantine", "bool", True)),
)
EMERGENCY_REVERT = replace(
    REVERT,
    name="emergency_revert",
    title="EMERGENCY revert of {release} in {channel} by Git",
    approvals={"default": 0},
    emergency=True,
)
FLEET = Runbook(
    "fleet_abort",
    "Abort fleet {fleet}",
    "Aborts.",
    "fleet_abort",
    "fleet_abort",
    "fleet/{fleet}",
    "dev",
    (Parameter("fleet", "str", "", required=True), Parameter("members", "list", []), Parameter("silent", "list", [])),
    approvals={"default": 0},
)
EMERGENCY_FLEET = replace(
    FLEET, name="emergency_fleet_abort", title="EMERGENCY abort of every rollout of {fleet}", emergency=True
)
SYNC = Runbook(
    "sync_application",
    "Sync the Application {application}",
    "Syncs.",
    "sync_application",
    "application_sync",
    "application/{application}",
    "dev",
    (Parameter("application", "str", "", required=True), Parameter("namespace", "str", "")),
    approvals={"default": 0},
)
MARK = Runbook(
    "mark_stable",
    "Mark {release} in {channel} as stable",
    "Marks.",
    "mark_stable",
    "stable_mark",
    "release/{release}@{channel}",
    "{channel}",
    WHERE,
    approvals={"default": 0},
)
SET_WAVES = Runbook(
    "set_pipeline_waves",
    "Set the waves of pipeline {pipeline}",
    "Sets.",
    "set_pipeline_waves",
    "pipeline_waves",
    "pipeline/{pipeline}",
    "dev",
    (
        Parameter("pipeline", "str", "", required=True),
        Parameter("steps", "list", []),
        Parameter("branch", "str", "main", required=True),
    ),
    approvals={"default": 0},
)
OURS = {
    r.name: r
    for r in (
        SET_WAVES,
        MARK,
        ACT,
        EMERGENCY,
        EMERGENCY_ROLLBACK,
        REVERT,
        EMERGENCY_REVERT,
        FLEET,
        EMERGENCY_FLEET,
        SYNC,
    )
}
"""The runbooks that the page asks for."""
STEPS: tuple[Mapping[str, Any], ...] = (
    {"setWeight": 10},
    {"pause": {"duration": "30s"}},
    {"analysis": {"templates": [{"templateName": "success-rate"}]}},
    {"setWeight": 50},
    {"pause": {}},
    {"setWeight": 100},
)
VALUES = b"""size: 1
rollout:
  # who walks first
  steps:
    - {wave: canary, weight: 10}
    - {wave: canary, pause: {duration: 30s}}
    - {wave: full, weight: 100}
"""
NOW = 1_764_000_000.0


class Queries:
    """`MetricFiles` with the product's own queries; `named` of them, all when empty."""

    def __init__(self, *named: str) -> None:
        self.named = named

    def queries(self) -> tuple[tuple[MetricQuery, ...], tuple[str, ...]]:
        files = sorted((PROJECT_ROOT / "data" / "queries").glob("*.promql"))
        found = tuple(parse_query(f.stem, f.read_text()) for f in files)
        return tuple(q for q in found if not self.named or q.name in self.named), ()

    def matrix(self) -> bytes:
        return (PROJECT_ROOT / "data" / "compatibility.yaml").read_bytes()


@dataclass
class World:
    """A conductor over rollouts that are played."""

    conductor: FakeConductor
    cluster: FakeCluster
    player: Player
    argocd: FakeArgoCd
    prometheus: FakePrometheus
    others: dict[str, Rollouts]
    """The further clusters of fleets, by context."""

    def put(self, namespace: str, tag: str, name: str = "api", steps: Any = None, instance: str = "") -> dict[str, Any]:
        """A version, as far as it goes."""
        found = manifest(namespace, name, tag, **({"steps": steps} if steps else {}))
        if instance:
            found["metadata"]["labels"] = {"app.kubernetes.io/instance": instance}
        old: dict[str, Any] = self.cluster.store.get((ROLLOUT, namespace, name), {})
        self.cluster.put({**old, **found, "metadata": {**old.get("metadata", {}), **found["metadata"]}})
        self.player.play()
        return self.cluster.store[(ROLLOUT, namespace, name)]


def world(home: Path, files: object | None = None) -> World:
    """Nothing runs yet."""
    built = build(home)
    cluster, argocd, prometheus = FakeCluster(), FakeArgoCd(), FakePrometheus()
    rollouts, _, player = fake(cluster)
    others: dict[str, Rollouts] = {}
    reader: Any = files or Queries("none")
    delivery = DeliveryReader(
        PipelineBoard(argocd, lambda: 0.0, lambda _: None, lambda _: None),
        rollouts,
        built.releases,
        MetricWindows(prometheus, lambda: NOW),
        reader,
        built.memory,
        FleetClusters(rollouts, others, lambda: 0.0),
    )
    edits = ValuesEdits(built.releases, built.repository, built.helm, YamlDocuments(), rollouts)
    timelines = Timelines(delivery, argocd, built.memory)
    desk = DeliveryDesk(
        WaysBack(delivery, built.release_history, built.shelf.synced, argocd, built.changes),
        TimelineExports(
            timelines, AuditAnswerFiles(), lambda: SIGNER, built.ledger, built.clock, ReportFiles(home / "reports")
        ),
        RolloutRecorder(delivery, built.memory, built.ledger),
        SetPromotions(edits, built.release_history, rollouts, built.quarantines, matrix),
        QueuedPromotions(WaveFreeze(rollouts, built.releases, lambda: True), built.changes),
        PipelineWaves(argocd, built.repository, YamlDocuments(), cluster, lambda _: "dev", built.releases.refresh),
        DeliveryMeasures(built.memory, built.repository, built.clock),
    )
    conductor = replace(
        built,
        desk=desk,
        delivery=delivery,
        timelines=timelines,
        values_edits=edits,
        partial=PartialRollback(built.releases, built.changes, built.memory, YamlDocuments(), matrix),
        local_progress=lambda: None,
        ledger_reader=cast(Any, NoLedger()),
    )
    return World(conductor, cluster, player, argocd, prometheus, others)


def matrix() -> Matrix:
    """The product's own compatibility file."""
    return compatibility.parse(YamlDocuments().load(Queries().matrix(), "compatibility.yaml"), "compatibility.yaml")


def busy(home: Path) -> World:
    """A rollout in each state, pipelines of each kind of generator, and curves for the charts."""
    made = world(home, Queries())
    for branch in ("main", "dev", "staging"):
        made.conductor.repository.push(branch, {**CHART, "helm/intelgraph/values-dev.yaml": VALUES})
    made.conductor.releases.refresh()
    tail: tuple[Mapping[str, Any], ...] = ({"setWeight": 20}, {"pause": {}}, {"setWeight": 100})
    for namespace in ("shop-eu", "shop-us"):
        made.put(namespace, "2.3.9", "cart", tail)
        made.put(namespace, "2.4.0", "cart", tail)
    made.put("search-prod", "0.19.1", "search", tail)
    made.put("intelgraph-dev", "1.4.2", "intelgraph", STEPS, "intelgraph")
    made.player.verdicts["success-rate"] = "Failed"
    made.put("intelgraph-dev", "1.4.4", "intelgraph", STEPS, "intelgraph")
    made.put("ledger-prod", "3.0.0", "ledger", tail)
    stuck = made.put("ledger-prod", "3.1.0", "ledger", tail)
    stuck["status"].update(phase="Degraded", message="ProgressDeadlineExceeded: ReplicaSet has timed out progressing.")
    stuck["status"].update(pauseConditions=[], controllerPause=False, availableReplicas=4)
    _pipelines(made)
    _curves(made)
    return made


def owned(home: Path) -> World:
    """As `busy`, and the failed release is owned by an Application that was synced to a good commit before."""
    made = busy(home)
    good = made.conductor.repository.remote["dev"]
    newer = {"helm/intelgraph/Chart.yaml": b"name: intelgraph\nversion: 1.2.4\nappVersion: 1.4.4\n"}
    made.conductor.repository.push("dev", newer)
    made.conductor.releases.refresh()
    bad = made.conductor.repository.remote["dev"]
    raw = made.cluster.store[(ROLLOUT, "intelgraph-dev", "intelgraph")]
    raw["metadata"]["annotations"] = {
        **raw["metadata"].get("annotations", {}),
        "argocd.argoproj.io/tracking-id": "platform-0:argoproj.io/Rollout:intelgraph-dev/intelgraph",
    }
    made.argocd.store["platform-0"]["status"].update(
        sync={"status": "Synced", "revision": bad},
        history=[{"id": 0, "revision": good}, {"id": 1, "revision": bad}],
    )
    return made


def _pipelines(made: World) -> None:
    kinds = {"shop": ("list",), "platform": ("git",), "edge": ("clusters",)}
    for name, generators in kinds.items():
        made.argocd.sets[name] = raw_pipeline(name, generators)
        for at in range(3):
            made.argocd.put(raw_application(f"{name}-{at}", name))
    inner: dict[str, Any] = {"matrix": {"generators": [{"git": {}}, {"clusters": {}}]}}
    step = {"matchExpressions": [{"key": "env", "operator": "In", "values": ["canary"]}]}
    rolling = {"type": "RollingSync", "rollingSync": {"steps": [step]}}
    made.argocd.sets["regions"] = {
        **raw_pipeline("regions"),
        "spec": {"generators": [inner], "strategy": rolling},
        "status": {"applicationStatus": [{"application": "regions-0", "step": "1", "status": "Progressing"}]},
    }
    made.argocd.put(raw_application("regions-0", "regions"))
    texts = []
    for name, raw in made.argocd.sets.items():
        made.cluster.put({"apiVersion": "argoproj.io/v1alpha1", "kind": "ApplicationSet", **raw})
        texts.append(
            f"apiVersion: argoproj.io/v1alpha1\nkind: ApplicationSet\nmetadata: {{name: {name}}}\nspec:\n"
            "  generators: []\n"
        )
    made.conductor.repository.push("main", {"infra/argocd/sets.yaml": "---\n".join(texts).encode()})
    made.conductor.repository.fetch()
    made.argocd.store["shop-1"]["status"].update(
        sync={"status": "OutOfSync", "revision": "c" * 40},
        health={"status": "Degraded", "message": "Deployment cart exceeded its progress deadline"},
    )


def _curves(made: World) -> None:
    detail = made.conductor.delivery.detail("shop-eu", "cart")
    shapes = {"success_rate": 0.995, "error_rate": 0.005, "latency_p50": 0.04, "latency_p95": 0.12, "requests": 40}
    queries = {q.name: q for q in Queries().queries()[0]}
    for role, worse in (("stable", 1.0), ("canary", 1.4)):
        for name, level in shapes.items():
            scale = level * (1.0 if name in ("success_rate", "requests") else worse)
            text = queries[name].filled("shop-eu", "cart", detail.hash_of(role))
            made.prometheus.curves[text] = lambda t, s=scale: s * (1 + 0.05 * math.sin(t / 90))  # type: ignore[misc]  # the default binds the loop's value


def _home() -> Path:
    """A folder for the world of a browser's server, a process of its own that may have further runbooks."""
    RUNBOOKS.update(OURS)
    return Path(tempfile.mkdtemp(prefix="delivery-world-"))


def delivery() -> FakeConductor:
    """For a browser: everything that can move."""
    made = busy(_home()).conductor
    for number, (api, ui) in enumerate((("1.3.9", "1.9.0"), ("1.4.2", "2.3.0"), ("1.4.4", "2.3.0"))):
        sets = {"image.tag": api, "ui.image.tag": ui}
        made.helm.upgrade(made.releases.chart_request("intelgraph", "dev", "", sets), f"chg-{number}")
    return made


def delivery_owned() -> FakeConductor:
    """For a browser: as `delivery`, and an Argo CD Application owns what has failed."""
    return owned(_home()).conductor


def delivery_clusters() -> FakeConductor:
    """For a browser: as `delivery`, in a further cluster the same and more of it, and one that does not answer."""
    made, far = busy(_home()), busy(_home())
    far.put("shop-eu", "2.4.1", "cart", ({"setWeight": 20}, {"pause": {}}, {"setWeight": 100}))
    for namespace in ("shop-ap", "shop-us"):
        far.put(namespace, "2.4.0", "cart")
    context = "arn:aws:eks:eu-west-1:4711:cluster/prod@east"
    made.others[context] = ArgoRollouts(far.cluster, FakePatches(far.cluster), context)
    made.others["west"] = cast(Rollouts, Away("west"))
    return made.conductor


class Away:
    """The Rollouts of a cluster that does not answer."""

    def __init__(self, name: str) -> None:
        self.name, self.asked = name, 0

    def all(self, namespace: str = "") -> tuple[Rollout, ...]:
        self.asked += 1
        raise UnreachableError(f"The cluster of the context {self.name} did not answer.", why="no route to host")

    def detail(self, namespace: str, name: str) -> Detail:
        self.all(namespace)
        raise AssertionError


def delivery_down() -> FakeConductor:
    """For a browser: Argo CD and Prometheus are out of reach."""
    made = busy(_home())
    made.argocd.failure = UnreachableError("Argo CD did not answer.", why="refused", next="Is argocd-server running?")
    made.prometheus.failure = UnreachableError("Prometheus did not answer.", why="refused", next="Is it running?")
    return made.conductor


def delivery_empty() -> FakeConductor:
    """For a browser: nothing runs."""
    return world(_home()).conductor
