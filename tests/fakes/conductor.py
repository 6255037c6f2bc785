"""A `Conductor` without real systems: memory instead of a database, and a worker that works when it is told to."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, cast

from conductor_core.adapters.log_files import LogFolder
from conductor_core.adapters.yaml_documents import YamlDocuments
from conductor_core.domain import changes as c
from conductor_core.domain.actors import LOCAL_ACTORS, Actor
from conductor_core.domain.changes import Change, Check, Outcome, State
from conductor_core.domain.gates import Verdict
from conductor_core.domain.operations import Operation, OperationState
from conductor_core.domain.plans import Evidence, Plan
from conductor_core.domain.quarantine import Quarantine
from conductor_core.domain.runbooks import BrokenRunbook, Parameter, Runbook
from conductor_core.domain.smoke import Check as SmokeCheck
from conductor_core.domain.smoke import Suite
from conductor_core.errors import AccessDeniedError
from conductor_core.ports.locks import HeldLock
from conductor_core.ports.operation_store import OperationStore
from conductor_core.ports.runbook_files import Catalogue
from conductor_core.services.audit_pack import AuditPack
from conductor_core.services.changes import ChangeService
from conductor_core.services.compatibility import CompatibilityService
from conductor_core.services.emergencies import Emergencies
from conductor_core.services.escalation import Escalation
from conductor_core.services.evidence import EvidenceService
from conductor_core.services.identity import IdentityService
from conductor_core.services.ledger import Ledger
from conductor_core.services.notices import NoticeService
from conductor_core.services.operations import Context, OperationService
from conductor_core.services.quarantines import QuarantineService
from conductor_core.services.release_shelf import ReleaseShelf, release_shelf
from conductor_core.services.release_values import ReleaseValues
from conductor_core.services.releases import ReleaseReader
from conductor_core.services.report_schedules import ReportSchedules
from conductor_core.services.runbooks import RunbookService
from conductor_core.services.setting_rows import rows as rows_of
from conductor_core.services.setting_rows import secrets
from conductor_core.services.smoke import SmokeParts, SmokeService
from conductor_core.services.smoke_runner import SmokeRunner
from conductor_core.services.status import Probe, StatusService
from conductor_core.settings import Settings
from conductor_core.wiring import Conductor
from tests.fakes.argocd import FakeArgoCd
from tests.fakes.blobs import MemoryBlobs
from tests.fakes.change_store import MemoryChangeStore
from tests.fakes.clock import SteppingClock
from tests.fakes.cluster import FakeCluster
from tests.fakes.domain import ALLOW, DENY
from tests.fakes.helm import FakeHelm
from tests.fakes.identities import FakeIdentities
from tests.fakes.notebooks import FakeNotebooks
from tests.fakes.operation_store import MemoryOperationStore
from tests.fakes.policy import allowing
from tests.fakes.quarantines import MemoryQuarantines
from tests.fakes.repository import FakeRepository
from tests.fakes.run_log import MemoryRunLog
from tests.fakes.smoke_runs import MemorySmokeRuns
from tests.fakes.smoke_suites import FakeK6, ShelfOfSuites
from tests.fakes.web import FakeWeb

RUNBOOKS = {
    runbook.name: runbook
    for runbook in (
        Runbook(
            "deploy_release",
            "Deploy {release} to {channel}",
            "Installs or upgrades a release.",
            "deploy_release",
            "release_deploy",
            "release/{release}@{channel}",
            "{channel}",
            (
                Parameter("release", "str", "", "Release", required=True),
                Parameter("channel", "str", "", "Channel", required=True),
                Parameter("sets", "dict", {}, "Values"),
            ),
            approvals={"dev": 0, "staging": 1, "prod": 2},
        ),
        Runbook(
            "rollback_release",
            "Roll back {release} in {channel} to revision {to_revision}",
            "Goes back to an earlier revision.",
            "rollback_release",
            "release_rollback",
            "release/{release}@{channel}",
            "{channel}",
            (
                Parameter("release", "str", "", "Release", required=True),
                Parameter("channel", "str", "", "Channel", required=True),
                Parameter("to_revision", "int", 0, "Revision", required=True),
                Parameter("sets", "dict", {}, "Values"),
                Parameter("quarantine", "bool", True, "Quarantine"),
                Parameter("revert_git", "bool", True, "Git"),
            ),
            approvals={"dev": 0, "staging": 1, "prod": 2},
        ),
        Runbook(
            "quarantine_release",
            "Quarantine {release} {version}",
            "Keeps a version out.",
            "quarantine_release",
            "quarantine_add",
            "quarantine/{release}",
            "{channel}",
            (
                Parameter("release", "str", "", "Release", required=True),
                Parameter("channel", "str", "", "Channel", required=True),
                Parameter("version", "str", "", "Version", required=True),
            ),
            approvals={"default": 0},
        ),
        Runbook(
            "unquarantine_release",
            "Release {release} {version} from quarantine",
            "Lets a version in again.",
            "unquarantine_release",
            "quarantine_lift",
            "quarantine/{release}",
            "prod",
            (
                Parameter("release", "str", "", "Release", required=True),
                Parameter("version", "str", "", "Version", required=True),
            ),
            approvals={"dev": 0, "staging": 1, "prod": 2},
        ),
        Runbook(
            "try_types",
            "Try {word}",
            "Has a parameter of each type.",
            "try_types",
            "parameters_only",
            "types/{word}",
            "dev",
            (
                Parameter("word", "str", "it"),
                Parameter("count", "int", 1),
                Parameter("share", "float", 0.5),
                Parameter("really", "bool", False),
                Parameter("items", "list", []),
                Parameter("map", "dict", {}),
            ),
            approvals={"default": 0},
        ),
    )
}


CHANNELS = """releases:
  intelgraph:
    chart: helm/intelgraph
    channels:
      dev: {branch: dev, namespace: intelgraph-dev, values: [helm/intelgraph/values-dev.yaml], tier: dev}
      staging: {branch: staging, namespace: intelgraph-staging, values: [], tier: staging}
"""
MAP = """apiVersion: v1
kind: ConfigMap
metadata: {name: ${release}-settings}
data: {size: "${size}"}
"""
CHART: dict[str, bytes | None] = {
    "channels.yaml": CHANNELS.encode(),
    "helm/intelgraph/Chart.yaml": b"name: intelgraph\nversion: 1.2.3\nappVersion: 4.5.6\n",
    "helm/intelgraph/values.yaml": b"size: 1\n",
    "helm/intelgraph/values-dev.yaml": b"size: 2\n",
    "helm/intelgraph/templates/map.yaml": MAP.encode(),
}
"""An operations repository with one release in two channels, of which dev is installed as declared."""


def readable_releases(
    home: Path, quarantined: Callable[[], Sequence[Quarantine]]
) -> tuple[ReleaseReader, FakeCluster, FakeRepository, FakeHelm]:
    """The reader of that repository and of its cluster."""
    repository, cluster = FakeRepository(home / "copies"), FakeCluster()
    for branch in ("main", "dev", "staging"):
        repository.push(branch, CHART)
    for namespace in ("intelgraph-dev", "intelgraph-staging"):
        cluster.put({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}})
    helm = FakeHelm(cluster)
    reader = ReleaseReader(repository, helm, cluster, YamlDocuments(), mask_key=b"k" * 16, quarantined=quarantined)
    helm.upgrade(reader.chart_request("intelgraph", "dev"), "chg-first")
    for thing in reader.render("intelgraph", "channel:dev").objects.values():
        cluster.put({**thing, "metadata": {**thing["metadata"], "namespace": "intelgraph-dev"}})
    return reader, cluster, repository, helm


API = "http://api.test"
HEALTH = Suite(
    "health",
    "The API answers",
    "Health, once.",
    "intelgraph",
    "intelgraph",
    (SmokeCheck("healthz", "GET", "/healthz"),),
    before="warn",
    after=True,
    digest="sha256:" + "a" * 64,
)
SICK = Suite(
    "sick",
    "It answers what it never does",
    "A red suite.",
    "intelgraph",
    "other",
    (SmokeCheck("absent", "GET", "/absent"),),
    digest="sha256:" + "b" * 64,
)


class RunbookShelf:
    """`RunbookFiles` with three good runbooks and a broken file."""

    def catalogue(self) -> Catalogue:
        return Catalogue(dict(RUNBOOKS), (BrokenRunbook("runbooks/half.yaml", "notebook: missing"),))

    def notebook(self, runbook: Runbook) -> Path:
        return Path("notebooks") / f"{runbook.notebook}.ipynb"


class Worker:
    """`Workflows`: notes what is enqueued, and does it at once while `prompt`."""

    def __init__(self) -> None:
        self.prompt = False
        self.queued: list[tuple[str, str]] = []
        self.on_plan: Callable[[str], object] = lambda _: None
        self.on_execute: Callable[[str], object] = lambda _: None

    def plan(self, change_id: str, key: str) -> None:
        self.queued.append(("plan", change_id))
        if self.prompt:
            self.on_plan(change_id)

    def execute(self, change_id: str, target: str, key: str) -> None:
        self.queued.append(("execute", change_id))
        if self.prompt:
            self.on_execute(change_id)

    def depth(self) -> dict[str, int]:
        return {"changes queued": len(self.queued)}


@dataclass(frozen=True)
class FakeConductor(Conductor):
    """The Conductor with handles on its fakes; `people` are known beside the local identities."""

    memory: MemoryChangeStore = field(default_factory=MemoryChangeStore)
    worker: Worker = field(default_factory=Worker)
    blobs: MemoryBlobs = field(default_factory=MemoryBlobs)
    clock: SteppingClock = field(default_factory=SteppingClock)
    rows: OperationStore = field(kw_only=True)
    cluster: FakeCluster = field(default_factory=FakeCluster)
    shelf: ReleaseShelf = field(kw_only=True)
    repository: FakeRepository = field(kw_only=True)
    web: FakeWeb = field(kw_only=True)
    helm: FakeHelm = field(kw_only=True)
    people: dict[str, Actor] = field(default_factory=dict)
    identities: FakeIdentities = field(default_factory=FakeIdentities)

    def actor(self, name: str) -> Actor:
        if self.settings.identity_mode == "oidc":
            return super().actor(name)
        known = LOCAL_ACTORS | self.people
        if name not in known:
            raise AccessDeniedError(f"There is no identity {name!r}.", why=f"Known: {', '.join(known)}.")
        return known[name]

    def requested(self, by: str = "requester", channel: str = "staging", reason: str = "new image") -> Change:
        """A Change that waits to be planned."""
        self.clock.step(0.1)
        given: dict[str, object] = {"release": "intelgraph", "channel": channel, "sets": {}}
        return self.changes.request(self.actor(by), "deploy_release", given, reason)

    def plan(self, change_id: str, verdict: Verdict = ALLOW) -> Change:
        """Plan it, as a worker does; its tier decides how many must approve."""
        self.clock.step(0.1)
        change = self.changes.get(change_id)
        digest, size = self.blobs.put(f"kind: List # {change_id}\n".encode())
        plan = Plan(
            (Evidence("manifests.yaml", "application/yaml", digest, size),), {"commit": "c0ffee"}, {"changed": "3"}
        )
        needed = RUNBOOKS[change.runbook].approvals_for(change.tier)
        return self.changes.apply(change_id, c.Planned(plan, (verdict,), needed))

    def start(self, change_id: str) -> Change:
        """Start to execute: one line, one operation under way."""
        self.clock.step(0.1)
        change = self.changes.apply(change_id, c.Start(self.changes.get(change_id).plan_digest))
        self.run_log.write(change_id, "cell", "run.perform()", 0, 2)
        now = self.clock.now()
        self.rows.begin(Operation(change_id, "helm_upgrade", "helm_upgrade", {}, OperationState.STARTED, now))
        return change

    def finish(self, change_id: str, *, healthy: bool = True) -> Change:
        """End the run."""
        self.clock.step(0.1)
        started = self.rows.of(change_id)[0]
        self.rows.finish(started.finished(OperationState.SUCCEEDED, {"revision": 2}, self.clock.now()))
        self.run_log.write(change_id, "output", "revision 2\n", 0, 2)
        self.changes.apply(change_id, c.Validate())
        self.clock.step(0.1)
        notebook, _ = self.blobs.put(b'{"cells": [{"cell_type": "code", "source": "run.perform()", "outputs": []}]}')
        return self.changes.apply(change_id, c.Finish((Check("pods", healthy, "3 of 3"),), None, notebook))

    def carry_out(self, runbook: str, parameters: dict[str, object], kinds: Sequence[str]) -> Change:
        """Plan a new Change by its real plan function, then perform these operations on the fakes, as its notebook."""
        self.clock.step(1)
        change = self.changes.request(self.actor("requester"), runbook, parameters, "as asked")
        draft = self.shelf.plans[RUNBOOKS[runbook].plan](change)
        planned = c.Planned(Plan((), draft.facts, draft.summary), (ALLOW,), 0)
        change = self.changes.apply(change.id, planned)
        change = self.changes.apply(change.id, c.Start(change.plan_digest))
        acts = OperationService(self.rows, self.shelf.drivers, self.clock)
        context = Context(change, HeldLock("none", 0), lambda _: None)
        ended = [acts.perform(context, kind) for kind in kinds]
        broken = [op for op in ended if op.state is not OperationState.SUCCEEDED]
        error = Outcome(str(broken[0].result.get("what")), str(broken[0].result.get("why"))) if broken else None
        return self.changes.apply(change.id, c.Finish((), error, ""))

    def lose(self, change_id: str) -> Change:
        """Lose track of the run."""
        return self.changes.apply(change_id, c.LoseTrack(Outcome("It can't be told.", "The worker died.", "Look.")))

    def execute(self, change_id: str) -> None:
        """The whole run."""
        self.start(change_id)
        self.finish(change_id)

    def settled(self, state: State, by: str = "requester") -> Change:
        """A Change of a new requester's, brought to one of the states."""
        channel = "staging" if state in (State.AWAITING_APPROVAL, State.REJECTED) else "dev"
        change = self.requested(by, channel)
        if state is not State.REQUESTED:
            change = self.plan(change.id, DENY if state is State.DENIED else ALLOW)
        if state in (State.EXECUTING, State.UNKNOWN, State.SUCCEEDED, State.FAILED):
            self.start(change.id)
        if state is State.UNKNOWN:
            self.lose(change.id)
        if state in (State.SUCCEEDED, State.FAILED):
            self.finish(change.id, healthy=state is State.SUCCEEDED)
        return self.changes.get(change.id)


def build(home: Path, *, probes: Sequence[Probe] = (), **settings: Any) -> FakeConductor:
    """A Conductor whose data folder is `home`."""
    kept, identities = Settings(home=home, **settings), FakeIdentities()
    clock, memory, worker, blobs = SteppingClock(), MemoryChangeStore(), Worker(), MemoryBlobs()
    rows, ledger, runbooks = MemoryOperationStore(memory, clock), Ledger(memory, clock), RunbookService(RunbookShelf())
    quarantines = QuarantineService(MemoryQuarantines(memory), ledger, clock)
    releases, cluster, repository, helm = readable_releases(home, quarantines.active)
    web = FakeWeb({f"{API}/healthz": (200, "ok")})
    smoke = SmokeService(
        SmokeParts(
            ShelfOfSuites(HEALTH, SICK),
            MemorySmokeRuns(memory),
            SmokeRunner(web, time.monotonic),
            FakeK6(),
            lambda: {"intelgraph": API, "moon": ""},
            time.monotonic,
        ),
        releases,
        ledger,
        clock,
    )
    shelf = release_shelf(
        releases,
        quarantines,
        repository=repository,
        helm=helm,
        documents=YamlDocuments(),
        store=memory,
        mask_key=b"k" * 16,
        cluster=cluster,
        clock=clock,
    )
    given: dict[str, Any] = {
        "releases": releases,
        "cluster": cluster,
        "settings": kept,
        "identities": identities,
        "identity": IdentityService(kept, identities),
        "quarantines": quarantines,
        "emergencies": Emergencies(memory, runbooks, ledger),
        "release_history": shelf.history,
        "stuck": shelf.stuck,
        "smoke": smoke,
        "compatibility": CompatibilityService(releases, web, lambda: ""),
        "web": web,
        "shelf": shelf,
        "repository": repository,
        "helm": helm,
        "release_values": ReleaseValues(releases, YamlDocuments(), b"k" * 16),
        "changes": ChangeService(memory, runbooks, worker, ledger, clock),
        "runbooks": runbooks,
        "evidence": EvidenceService(blobs),
        "run_log": MemoryRunLog(clock),
        "operations": rows,
        "notebooks": FakeNotebooks(),
        "policy": allowing("workload"),
        "status": StatusService(probes or (Probe("database", lambda: "PostgreSQL 18"),), worker.depth),
        "ledger": ledger,
        "store": memory,
        "notices": NoticeService(memory, None, lambda: kept.address),
        "memory": memory,
        "worker": worker,
        "blobs": blobs,
        "clock": clock,
        "rows": rows,
        "people": {},
    }
    told = lambda change_id: {"id": change_id, "state": memory.get(change_id).state.value}  # noqa: E731  # a report's words
    given["escalation"] = Escalation(
        given["changes"],
        releases,
        cluster,
        FakeArgoCd(),
        smoke,
        lambda: [],
        told,
        lambda change_id: AuditPack(b"a pack of " + change_id.encode(), 1, (change_id,), ()),
        given["evidence"],
        LogFolder(kept.log_dir),
        lambda: rows_of(kept),
        lambda: secrets(kept),
        ledger,
        clock,
        "0.0.0",
        b"k" * 16,
    )
    given["report_schedules"] = ReportSchedules("", cast(Any, None), clock)
    conductor = FakeConductor(**{f.name: None for f in fields(FakeConductor) if f.init} | given)
    worker.on_plan, worker.on_execute = conductor.plan, conductor.execute
    return conductor
