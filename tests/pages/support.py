"""A workbench on fakes: real services over stores in memory, in the states empty, full and broken."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from conductor_core.domain import changes as c
from conductor_core.domain.actors import LOCAL_ACTORS, Actor
from conductor_core.domain.canonical import canonical_bytes
from conductor_core.domain.changes import Change, Check, Outcome
from conductor_core.domain.channels import Problem
from conductor_core.domain.comparison import Basis, Comparison, ResourceDiff, Side
from conductor_core.domain.doctor import Finding, Symptom
from conductor_core.domain.field_changes import FieldChange, KeptField
from conductor_core.domain.gates import Reason, Result, Verdict
from conductor_core.domain.manifests import Identity
from conductor_core.domain.operations import Operation, OperationState
from conductor_core.domain.plans import Plan
from conductor_core.domain.quarantine import blocking
from conductor_core.domain.releases import Revision, Status
from conductor_core.domain.runbooks import BrokenRunbook, Parameter, Runbook
from conductor_core.domain.smoke import Measured, SmokeRun, Suite
from conductor_core.domain.value_sources import Origin, Sourced
from conductor_core.domain.versions import Claim, Compatibility
from conductor_core.errors import AccessDeniedError, UnreachableError
from conductor_core.localplane.progress import BuildProgress
from conductor_core.ports.runbook_files import Catalogue
from conductor_core.ports.smoke import BrokenSuite, Suites
from conductor_core.services.changes import ChangeService
from conductor_core.services.emergencies import Emergencies
from conductor_core.services.evidence import EvidenceService
from conductor_core.services.ledger import Ledger
from conductor_core.services.notices import NoticeService
from conductor_core.services.quarantines import QuarantineService
from conductor_core.services.release_history import Past
from conductor_core.services.release_inventory import Inventory, Row
from conductor_core.services.runbooks import RunbookService
from conductor_core.services.status import Probe, StatusService
from conductor_core.settings import Settings
from tests.fakes.blobs import MemoryBlobs
from tests.fakes.change_store import MemoryChangeStore
from tests.fakes.operation_store import MemoryOperationStore
from tests.fakes.quarantines import MemoryQuarantines
from tests.fakes.run_log import MemoryRunLog

REQUESTER, APPROVER, CAPTAIN = (LOCAL_ACTORS[name] for name in ("requester", "approver", "captain"))


class TickingClock:
    """Starts two hours ago; each reading is four seconds later; ids count up."""

    def __init__(self, start: datetime | None = None) -> None:
        self.at = start or datetime.now(UTC) - timedelta(hours=2)
        self.count = 0

    def now(self) -> datetime:
        """The next moment, never later than the true one."""
        self.at = min(self.at + timedelta(seconds=4), datetime.now(UTC))
        return self.at

    def new_id(self, prefix: str) -> str:
        """An id with the shape of a ULID."""
        self.count += 1
        return f"{prefix}-01KB{self.count:022d}"


class Queue:
    """Work that nobody does."""

    def __init__(self) -> None:
        self.planned: list[str] = []
        self.executed: list[str] = []

    def plan(self, change_id: str, key: str) -> None:
        self.planned.append(change_id)

    def execute(self, change_id: str, target: str, key: str) -> None:
        self.executed.append(change_id)

    def depth(self) -> dict[str, int]:
        return {"changes queued": len(self.planned) % 7, "changes running": len(self.executed) % 5}


class Files:
    """A catalogue of runbooks."""

    def __init__(self, runbooks: Sequence[Runbook], broken: Sequence[BrokenRunbook]) -> None:
        self._catalogue = Catalogue({r.name: r for r in runbooks}, tuple(broken))

    def catalogue(self) -> Catalogue:
        return self._catalogue

    def notebook(self, runbook: Runbook) -> Path:
        return Path("notebooks") / f"{runbook.notebook}.ipynb"


class Pages:
    """Notebooks that are already pages."""

    def page(self, notebook: bytes) -> str:
        return notebook.decode()


class NoLedger:
    """A ledger in which every fact of a Change waits for its place."""

    def of_change(self, change_id: str) -> list[int | None]:
        return [None]


class Unreachable:
    """Whatever is asked of it, it does not answer."""

    @property
    def names(self) -> tuple[str, ...]:
        """The names of connections, which can't be asked either."""
        return tuple(self.ask_names())

    def __getattr__(self, name: str) -> Any:
        def fail(*args: object, **kwargs: object) -> Any:
            raise UnreachableError(
                "The database does not answer.",
                why="connection refused on 127.0.0.1:5432 <b>after</b> 3 attempts",
                next="Start it with `make up`, then try again.",
            )

        return fail


@dataclass
class FakeConductor:
    """What pages get instead of the wiring; the same names."""

    settings: Settings
    changes: Any
    runbooks: Any
    releases: Any
    evidence: Any
    run_log: Any
    operations: Any
    notebooks: Any
    policy: Any
    status: Any
    ledger: Any
    store: Any
    progress: BuildProgress | None = None
    ledger_reader: Any = field(default_factory=NoLedger)
    release_history: Any = None
    quarantines: Any = None
    smoke: Any = None
    doctor: Any = None
    compatibility: Any = None
    release_values: Any = None

    def actor(self, name: str) -> Actor:
        if name not in LOCAL_ACTORS:
            raise AccessDeniedError(f"There is no local identity {name!r}.", why=f"Known: {', '.join(LOCAL_ACTORS)}.")
        return LOCAL_ACTORS[name]

    @property
    def notices(self) -> NoticeService:
        """The notices of the Changes in its store."""
        return NoticeService(self.store, None, lambda: "http://workbench.test")

    @property
    def emergencies(self) -> Emergencies:
        """The emergencies among the Changes in its store."""
        return Emergencies(self.store, self.runbooks, self.ledger)

    def local_progress(self) -> BuildProgress | None:
        return self.progress


TEXT = Parameter("release", "str", "", "Release, as channels.yaml names it", required=True)
CHANNEL = Parameter("channel", "str", "", "Channel to act on", required=True)
APPROVALS = {"dev": 0, "staging": 1, "prod": 2}
RUNBOOKS = (
    Runbook(
        "deploy_release",
        "Deploy {release} to {channel}",
        "Installs or upgrades a Helm release with the chart and values of its channel.",
        "deploy_release",
        "release_deploy",
        "release/{release}@{channel}",
        "{channel}",
        (TEXT, CHANNEL, Parameter("sets", "dict", {}, "Values that override the overlays")),
        ("policy", "server"),
        APPROVALS,
        1800,
        "rollback_release",
        1,
        ("docs/runbooks.md#deploy_release", "https://example.com/deploy"),
        "sha256:" + "ab" * 32,
    ),
    Runbook(
        "rollback_release",
        "Roll back {release} in {channel} to revision {to_revision}",
        "Makes a new revision with the manifests and values of an earlier one.",
        "rollback_release",
        "release_rollback",
        "release/{release}@{channel}",
        "{channel}",
        (
            TEXT,
            CHANNEL,
            Parameter("to_revision", "int", 0, "Revision to go back to", required=True),
            Parameter("sets", "dict", {}, "Chosen values"),
            Parameter("quarantine", "bool", True, "Quarantine what is left"),
            Parameter("revert_git", "bool", True, "Revert Git"),
        ),
        ("policy", "server"),
        APPROVALS,
        1800,
        "deploy_release",
    ),
    Runbook(
        "revert_release",
        "Revert {release} in {channel} by Git",
        "Gives the branch an earlier content back, then syncs.",
        "revert_release",
        "release_revert",
        "release/{release}@{channel}",
        "{channel}",
        (
            TEXT,
            CHANNEL,
            Parameter("to_commit", "str", "", "Commit"),
            Parameter("quarantine", "bool", True, "Quarantine what is left"),
        ),
        ("policy",),
        APPROVALS,
    ),
    Runbook(
        "unquarantine_release",
        "Release {release} {version} from quarantine",
        "Lets a version be deployed again.",
        "unquarantine_release",
        "quarantine_lift",
        "quarantine/{release}",
        "prod",
        (TEXT, Parameter("version", "str", "", "Version", required=True)),
        ("policy",),
        APPROVALS,
    ),
    Runbook(
        "drain_node",
        "Drain {node}",
        "Moves every pod off a node, politely.",
        "drain_node",
        "parameters_only",
        "node/{node}",
        "prod",
        (
            Parameter("node", "str", "", "Name of the node", required=True, pattern="[a-z0-9-]+"),
            Parameter("grace", "int", 30, "Seconds"),
            Parameter("ratio", "float", 0.5, "Share of pods at once"),
            Parameter("force", "bool", False, "Also pods without a controller"),
            Parameter("mode", "str", "evict", "How", choices=("evict", "delete")),
            Parameter("skip", "list", [], "Namespaces to leave alone"),
        ),
        level=2,
    ),
)
BROKEN = (
    BrokenRunbook("runbooks/restart_worker.yaml", "line 4: 'aprovals' is not a known field; did you mean approvals?"),
)


def comparison(resources: int = 9, lines: int = 18) -> Comparison:
    """A comparison of that many resources with about `lines` lines each; every third is changed."""
    found = [_resource(n, lines) for n in range(resources)]
    return Comparison(
        Side("live:staging", "revision 37", ("2 Secrets could not be read: their contents are not compared.",)),
        Side("channel:staging", "release/1.8 at 4f2c9d1"),
        tuple(sorted(found, key=lambda r: r.identity)),
    )


RISK = (
    "Risk: the server refuses it. The API server refuses to patch Ingress intelgraph-api-3: spec.selector: Invalid: "
    '{"matchLabels": {"app.kubernetes.io/name": "intelgraph-api-3"}}: field is immutable'
)
CONTAINERS = [
    {"name": name, "image": f"registry.summit/{name}:1.0", "ports": [{"containerPort": port}]}
    for name, port in (("proxy", 8080), ("exporter", 9100), ("log", 9000))
]


def _resource(n: int, lines: int) -> ResourceDiff:
    kinds = (("argoproj.io", "Rollout"), ("", "ConfigMap"), ("", "Service"), ("networking.k8s.io", "Ingress"))
    group, kind = kinds[n % 4]
    identity = Identity(group, kind, "intelgraph", f"intelgraph-{('api', 'ui', 'ingest')[n % 3]}-{n}")
    old: dict[str, Any] = {
        "apiVersion": f"{group}/v1" if group else "v1",
        "kind": kind,
        "metadata": {"name": identity.name, "namespace": "intelgraph", "labels": {"app": "intelgraph", "on": "yes"}},
        "spec": {
            "replicas": 4,
            "image": f"registry.summit/intelgraph-api:1.8.{n}",
            "script": "set -e\necho <b>not markup</b>\nexit 0\n",
            "env": [{"name": f"KEY_{i:03d}", "value": f"value {i}"} for i in range(max(0, (lines - 12) // 2))],
        },
    }
    new = {**old, "spec": {**old["spec"], "image": f"registry.summit/intelgraph-api:1.9.{n}", "replicas": 6}}
    if n % 3 == 0:
        at = "2030-01-02T03:04:05Z"
        fields = (
            FieldChange("changed", "/spec/image", "a", "b", "us"),
            FieldChange("changed", "/spec/replicas", 4, 6, "both", 3, "kubectl (scale)", at),
        )
        kept = (KeptField("/metadata/annotations/team", "core", "kubectl-annotate", at),)
        if n == 3:
            sides = (CONTAINERS, [CONTAINERS[2], *CONTAINERS[:2]])
            for side, containers in zip((old, new), sides, strict=True):
                side["spec"] = {**side["spec"], "containers": containers}
            before, after = ([f"name={c['name']}" for c in side] for side in sides)
            found = (*fields, FieldChange("reordered", "/spec/containers", before, after))
            return ResourceDiff(identity, "changed", found, "x", "y", 3, (RISK,), old, new, kept)
        return ResourceDiff(identity, "changed", fields, "x", "y", 3, (), old, new, kept)
    if n % 7 == 1:
        return ResourceDiff(identity, "added", (), "", "y", 0, (), None, new)
    if n % 7 == 2:
        return ResourceDiff(identity, "removed", (), "x", "", 0, ("kept by helm.sh/resource-policy",), old, None)
    return ResourceDiff(identity, "unchanged", (), "x", "x", 12)


NAMES = ("intelgraph", "gateway", "graph-ingest", "search", "notifier", "conductor")


def rows(count: int) -> tuple[Row, ...]:
    """That many releases in dev, staging and prod, in every condition; and one that no channel owns."""
    out: list[Row] = []
    for n in range(count):
        name = NAMES[n] if n < len(NAMES) else f"service-{n:03d}"
        for m, tier in enumerate(("dev", "staging", "prod")):
            row = Row(name, tier, f"{name}-{tier}", tier)
            if n % 5 == 4 and tier == "prod":
                out.append(replace(row, reason="It isn't installed."))
                continue
            health = ("healthy", "healthy", "progressing", "degraded", "healthy", "unknown")[(n + m) % 6]
            out.append(
                replace(
                    row,
                    revision=41 - m * 4 - n % 3,
                    status="deployed",
                    chart=name,
                    chart_version=f"0.{n % 9}.{m}",
                    app_version=f"1.{8 - m}.{n % 7}",
                    updated=datetime.now(UTC) - timedelta(hours=7 * m + n, minutes=4),
                    description="Upgrade complete",
                    health=health,
                    reason="" if health == "healthy" else "1 of 4 replicas are available.",
                    in_step=(n + m) % 4 != 1,
                )
            )
    if count > 3:
        out[9] = replace(
            Row(out[9].release, "dev", out[9].namespace, "dev", status="Synced", health="healthy", in_step=True),
            version="4f2c9d1b03ae",
            application=f"{out[9].release}-dev",
            earlier="77ab1c2" + "0" * 33,
        )
    out.append(Row("legacy-cron", "", "batch", "", 3, "deployed", "cron", "2.0.0", "2.0.0", health="healthy"))
    return tuple(out)


class Releases:
    """`ReleaseReader` on rows that a test gives."""

    def __init__(self, found: Sequence[Row], size: int = 9, lines: int = 18) -> None:
        self._rows, self._size, self._lines = tuple(found), size, lines
        self.asked: list[tuple[str, str, str, dict[str, str]]] = []
        self.wishes: list[tuple[bool, bool]] = []

    def inventory(self, *, check_step: bool = True) -> Inventory:
        broken = (Problem("broken-one", "Its channel dev has no branch."),) if self._rows else ()
        return Inventory(self._rows, broken, ())

    def compare(
        self,
        release: str,
        from_ref: str,
        to_ref: str,
        sets: Mapping[str, str] | None = None,
        *,
        all_fields: bool = False,
        confirm: bool = False,
    ) -> Comparison:
        self.asked.append((release, from_ref, to_ref, dict(sets or {})))
        self.wishes.append((all_fields, confirm))
        found = comparison(0 if from_ref == to_ref else self._size, self._lines)
        basis: Basis = "server" if confirm else "prediction" if from_ref.startswith("live:") else ""
        told = [replace(r, confirmed=r.identity.kind != "Ingress" if confirm else None) for r in found.resources]
        sides = {"old": replace(found.old, ref=from_ref), "new": replace(found.new, ref=to_ref)}
        return replace(found, **sides, resources=tuple(told), basis=basis, all_fields=all_fields)

    def history(self, release: str, channel: str) -> tuple[Revision, ...]:
        row = next(r for r in self._rows if r.release == release and r.channel == channel)
        return tuple(_revision(row, n) for n in range(max(1, row.revision - 6), row.revision + 1) if row.revision)


SMOKE = Suite(
    "intelgraph-api", "IntelGraph answers", "Health and GraphQL.", "intelgraph", "", before="warn", after=True
)


class Smoke:
    """A `SmokeService` with one suite and a few runs."""

    def suites(self) -> Suites:
        return Suites({SMOKE.name: SMOKE}, (BrokenSuite("half.yaml", "Line 1: it has no title"),))

    def of(self, release: str) -> list[Suite]:
        return [SMOKE]

    def runs(self, *, suite: str = "", release: str = "", channel: str = "", limit: int = 100) -> list[SmokeRun]:
        return [_run(number, release, channel) for number in range(12, 0, -1)] if channel == "staging" else []


def _run(number: int, release: str, channel: str) -> SmokeRun:
    bad = number in (12, 5)
    check = Measured(
        "graphql", 400, 31 if bad else 0, 9, 40 + number * 7, 90, 200, ("status 500, not 200",) if bad else ()
    )
    told = ("graphql: 31 of 400 failed: status 500, not 200",) if bad else ()
    at = datetime.now(UTC) - timedelta(hours=13 - number)
    return SmokeRun(
        f"smk-{number}", SMOKE.name, "", release, channel, "http://api", at, 2.0, (check,), told, "requester"
    )


class Looked:
    """A `Doctor` that has looked."""

    def look(self) -> list[Symptom]:
        return [
            Symptom("tools", "helm", Finding.GOOD, "3.19.5"),
            Symptom("tools", "kubectl", Finding.OLD, "1.27.0; 1.29 is needed", "Install kubectl 1.29 or newer."),
            Symptom("tools", "k6", Finding.OPTIONAL, "not found", "Install k6."),
            Symptom("contexts", "kubernetes", Finding.MISSING, "no context is chosen", "Set CONDUCTOR_KUBE_CONTEXT."),
        ]


class Versions:
    """A `CompatibilityService`; in prod the API says something else."""

    def of(self, release: str, channel: str) -> Compatibility:
        said = "1.6.9" if channel == "prod" else "1.7.0"
        return Compatibility((Claim("image.tag of the values", "1.7.0"), Claim("the API itself", said)))


class Values:
    """A `ReleaseValues` with one value."""

    def of(self, release: str, ref: str) -> tuple[Sourced, ...]:
        below = (Origin("helm/intelgraph/values.yaml", 8, "1.4.2"),)
        return (Sourced(("image", "tag"), "1.7.0", Origin("helm/intelgraph/values-staging.yaml", 3, "1.7.0"), below),)


class History:
    """`ReleaseHistory` over those rows."""

    def __init__(self, releases: Any, quarantines: QuarantineService) -> None:
        self._releases, self._quarantines = releases, quarantines

    def of(self, release: str, channel: str) -> tuple[Past, ...]:
        active = self._quarantines.active(release)
        return tuple(
            Past(r, r.app_version, quarantine=blocking(active, r.app_version), good=r.status is not Status.FAILED)
            for r in reversed(self._releases.history(release, channel))
        )


def _revision(row: Row, number: int) -> Revision:
    last = number == row.revision
    return Revision(
        row.namespace,
        row.release,
        number,
        Status.DEPLOYED if last else Status.FAILED if number % 5 == 0 else Status.SUPERSEDED,
        row.chart,
        row.chart_version,
        row.app_version if last else f"1.7.{number % 8}",
        "conductor:chg-01KB0000000000000000000001" if number % 2 else "Upgrade complete",
        datetime.now(UTC) - timedelta(days=row.revision - number, hours=1),
        {"replicas": 4, "image": {"tag": row.app_version}, "database": {"password": "hunter2-canary"}},
        "",
        "",
        "",
    )


class World:
    """Builds a full workbench by walking Changes through real transitions."""

    def __init__(self, settings: Settings) -> None:
        self.clock = TickingClock()
        self.store, self.blobs, self.log = MemoryChangeStore(), MemoryBlobs(), MemoryRunLog(self.clock)
        self.operations = MemoryOperationStore(self.store, self.clock)
        self.evidence = EvidenceService(self.blobs)
        self.files = RunbookService(Files(RUNBOOKS, BROKEN))
        self.ledger = Ledger(self.store, self.clock)
        self.queue = Queue()
        self.quarantines = QuarantineService(MemoryQuarantines(self.store), self.ledger, self.clock)
        self.service = ChangeService(self.store, self.files, self.queue, self.ledger, self.clock)
        self.settings = settings

    def conductor(self, releases: Any, probes: Sequence[Probe], progress: BuildProgress | None = None) -> FakeConductor:
        return FakeConductor(
            self.settings,
            self.service,
            self.files,
            releases,
            self.evidence,
            self.log,
            self.operations,
            Pages(),
            None,
            StatusService(probes, self.queue.depth),
            self.ledger,
            self.store,
            progress,
            release_history=History(releases, self.quarantines),
            quarantines=self.quarantines,
            smoke=Smoke(),
            doctor=Looked(),
            compatibility=Versions(),
            release_values=Values(),
        )

    def quarantine(self, change_id: str, release: str, channel: str, version: str) -> None:
        """Put a version into quarantine on behalf of a Change."""
        self.quarantines.add(self.service.get(change_id), release, channel, version)

    def plan(self, size: int = 9, commit: str = "4f2c9d1") -> Plan:
        body = canonical_bytes(comparison(size).as_json())
        pieces = [
            self.evidence.put("comparison.json", "application/json", body),
            self.evidence.put("manifests.yaml", "application/yaml", b"apiVersion: v1\nkind: ConfigMap\n" * 40),
            self.evidence.put("values.yaml", "application/yaml", b"image:\n  tag: 1.8.2\n"),
        ]
        return Plan(
            tuple(pieces), {"commit": commit, "policy bundle": "sha256:" + "cd" * 32}, {"changed": "3", "added": "2"}
        )

    def ask(self, release: str, channel: str, actor: Actor = REQUESTER, why: str = "ticket OPS-142") -> Change:
        return self.service.request(actor, "deploy_release", {"release": release, "channel": channel, "sets": {}}, why)

    def judge(self, change: Change, needed: int, *, deny: bool = False, plan: Plan | None = None) -> Change:
        verdicts = [
            Verdict("policy/workload", Result.ALLOW, (), 14),
            Verdict(
                "policy/deploy_gate",
                Result.WARN,
                (
                    Reason(
                        "freeze_soon", "A freeze starts in 3 h.", "/calendar", "Deploy before it, or ask for a waiver."
                    ),
                ),
                6,
            ),
            Verdict("server", Result.ALLOW, (), 9),
        ]
        if deny:
            found = Reason(
                "workload/limits",
                "Container api has no memory limit.",
                "/spec/template/spec/containers/name=api",
                "Set resources.limits.memory in values-staging.yaml.",
            )
            verdicts[0] = Verdict("policy/workload", Result.DENY, (found, replace(found, rule="workload/root")), 14)
        return self.service.apply(change.id, c.Planned(plan or self.plan(), tuple(verdicts), needed))

    def start(self, change: Change) -> Change:
        change = self.service.apply(change.id, c.Start(change.plan_digest))
        for cell, (kind, text) in enumerate(
            (
                ("cell", "show_plan"),
                ("output", "3 changed, 2 added, 0 removed"),
                ("cell", "perform helm_upgrade"),
                ("operation", "helm_upgrade: started"),
                ("cluster", "Rollout intelgraph-api: step 2 of 6, weight 25"),
                ("note", "pods not ready yet: 1 of 4"),
            )
        ):
            self.log.write(change.id, kind, text, cell // 2, 4)
        self.operations.begin(
            Operation(change.id, "helm_upgrade", "helm_upgrade", {}, OperationState.STARTED, self.clock.now())
        )
        return change

    def finish(self, change: Change, *, ok: bool) -> Change:
        row = self.operations.of(change.id)[0]
        state = OperationState.SUCCEEDED if ok else OperationState.FAILED
        result: dict[str, object] = {"revision": 38} if ok else {"what": "helm failed.", "why": "timed out waiting"}
        self.operations.finish(row.finished(state, result, self.clock.now()))
        self.log.write(change.id, "operation", f"helm_upgrade: {state.value}", 2, 4)
        digest, _ = self.blobs.put(
            b"<html><body><h1>Deploy a Helm release</h1><p>helm upgrade: revision 38</p>"
            b"<script>parent.document.title='owned'</script></body></html>"
        )
        if not ok:
            error = Outcome("helm upgrade failed.", "timed out waiting for the condition", "Look at the pods.")
            return self.service.apply(change.id, c.Finish((), error, digest))
        checks = (Check("workloads", True, "4 of 4 ready"), Check("pods", True, "6 pods ready"))
        self.service.apply(change.id, c.Validate())
        return self.service.apply(change.id, c.Finish(checks, None, digest))


def settings(**values: object) -> Settings:
    """Settings that read no file and no environment."""
    given: Mapping[str, Any] = {"home": Path("/nonexistent/home"), "cache": Path("/nonexistent/cache"), **values}
    return Settings(_env_file=None, **given)  # type: ignore[call-arg]  # pydantic-settings takes it, its types don't say


def _up(text: str) -> Any:
    return lambda: text


def _down() -> str:
    raise UnreachableError(
        "The API server does not answer.",
        why="connection refused on https://127.0.0.1:6443",
        next="Run `conductor local up`, or set CONDUCTOR_KUBE_CONTEXT.",
    )


PROBES = (
    Probe("database", _up("PostgreSQL 18.4")),
    Probe("kubernetes", _down),
    Probe("helm", _up("3.19.5")),
    Probe("policy", _up("14 rules, bundle sha256:cdcd")),
    Probe("argocd", _up(""), "CONDUCTOR_ARGOCD_URL turns it on."),
)
