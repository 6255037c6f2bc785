"""A workbench on fakes: real services over stores in memory, in the states empty, full and broken."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

from conductor_core.domain import changes as c
from conductor_core.domain.actors import LOCAL_ACTORS, Actor
from conductor_core.domain.canonical import canonical_bytes
from conductor_core.domain.changes import Change, Check, Outcome
from conductor_core.domain.comparison import Comparison, FieldChange, ResourceDiff, Side
from conductor_core.domain.events import Event
from conductor_core.domain.gates import Reason, Result, Verdict
from conductor_core.domain.manifests import Identity
from conductor_core.domain.operations import Operation, OperationState
from conductor_core.domain.plans import Plan
from conductor_core.domain.runbooks import BrokenRunbook, Parameter, Runbook
from conductor_core.errors import AccessDeniedError, ConflictError, NotFoundError, UnreachableError
from conductor_core.ports.change_store import ChangeQuery, RecordedEvent
from conductor_core.ports.run_log import RunLine
from conductor_core.ports.runbook_files import Catalogue
from conductor_core.services.changes import ChangeService
from conductor_core.services.evidence import EvidenceService
from conductor_core.services.ledger import Ledger
from conductor_core.services.runbooks import RunbookService
from conductor_core.services.status import Probe, StatusService
from conductor_core.settings import Settings

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


class Store:
    """Changes and events in memory."""

    def __init__(self) -> None:
        self.changes: dict[str, Change] = {}
        self.outbox: list[RecordedEvent] = []

    def create(self, change: Change, events: Sequence[Event]) -> None:
        self.changes[change.id] = change
        self.record(events)

    def save(self, change: Change, expected_version: int, events: Sequence[Event]) -> None:
        if self.changes[change.id].version != expected_version:
            raise ConflictError("Somebody else wrote first.")
        self.create(change, events)

    def get(self, change_id: str) -> Change:
        if change_id not in self.changes:
            raise NotFoundError(f"There is no Change {change_id}.", next="Run `conductor change list`.")
        return self.changes[change_id]

    def find(self, query: ChangeQuery) -> list[Change]:
        return sorted(self.changes.values(), key=lambda change: change.created_at, reverse=True)[: query.limit]

    def record(self, events: Sequence[Event]) -> None:
        self.outbox.extend(RecordedEvent(len(self.outbox) + n, event) for n, event in enumerate(events, 1))

    def events(
        self, subject: str = "", after: int = 0, kind: str = "", limit: int = 1000, newest: bool = False
    ) -> list[RecordedEvent]:
        found = [
            r
            for r in self.outbox
            if r.sequence > after and (not subject or r.event.subject == subject) and r.event.type.startswith(kind)
        ]
        return (found[::-1] if newest else found)[:limit]


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


class BlobBox:
    """Evidence in memory."""

    def __init__(self) -> None:
        self.kept: dict[str, bytes] = {}

    def put(self, data: bytes | Path) -> tuple[str, int]:
        body = data.read_bytes() if isinstance(data, Path) else data
        digest = f"sha256:{sha256(body).hexdigest()}"
        self.kept[digest] = body
        return digest, len(body)

    def get(self, digest: str) -> bytes:
        if digest not in self.kept:
            raise NotFoundError(f"There is no evidence {digest}.")
        return self.kept[digest]

    def stream(self, digest: str, chunk: int = 1 << 20) -> Iterator[bytes]:
        yield self.get(digest)


class Files:
    """A catalogue of runbooks."""

    def __init__(self, runbooks: Sequence[Runbook], broken: Sequence[BrokenRunbook]) -> None:
        self._catalogue = Catalogue({r.name: r for r in runbooks}, tuple(broken))

    def catalogue(self) -> Catalogue:
        return self._catalogue

    def notebook(self, runbook: Runbook) -> Path:
        return Path("notebooks") / f"{runbook.notebook}.ipynb"


class Log:
    """Lines of runs."""

    def __init__(self) -> None:
        self.lines: dict[str, list[RunLine]] = {}

    def write(self, change_id: str, kind: str, text: str, cell: int = -1, cells: int = 0) -> None:
        lines = self.lines.setdefault(change_id, [])
        at = datetime.now(UTC) - timedelta(minutes=3) + timedelta(seconds=2 * len(lines))
        lines.append(RunLine(len(lines) + 1, at, kind, text, cell, cells))

    def read(self, change_id: str, after: int = 0, limit: int = 2000) -> list[RunLine]:
        return [line for line in self.lines.get(change_id, []) if line.sequence > after][:limit]


class Operations:
    """Rows of operations."""

    def __init__(self) -> None:
        self.rows: dict[str, list[Operation]] = {}

    def begin(self, operation: Operation) -> Operation | None:
        self.rows.setdefault(operation.change_id, []).append(operation)
        return None

    def again(self, operation: Operation) -> None:
        raise AssertionError("the workbench dispatches nothing")

    def finish(self, operation: Operation) -> None:
        raise AssertionError("the workbench finishes nothing")

    def of(self, change_id: str) -> list[Operation]:
        return list(self.rows.get(change_id, []))


class Pages:
    """Notebooks that are already pages."""

    def page(self, notebook: bytes) -> str:
        return notebook.decode()


@dataclass(frozen=True)
class Progress:
    """How far the local control plane is."""

    program: str
    position: int
    total: int
    seconds_left: int
    running: bool


class Unreachable:
    """Whatever is asked of it, it does not answer."""

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
    progress: Progress | None = None

    def actor(self, name: str) -> Actor:
        if name not in LOCAL_ACTORS:
            raise AccessDeniedError(f"There is no local identity {name!r}.", why=f"Known: {', '.join(LOCAL_ACTORS)}.")
        return LOCAL_ACTORS[name]

    def local_progress(self) -> Progress | None:
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
        (TEXT, CHANNEL, Parameter("to_revision", "int", 0, "Revision to go back to", required=True)),
        ("policy", "server"),
        APPROVALS,
        1800,
        "deploy_release",
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
        fields = (FieldChange("changed", "/spec/image", "a", "b"), FieldChange("changed", "/spec/replicas", 4, 6))
        return ResourceDiff(identity, "changed", fields, "x", "y", 3, (), old, new)
    if n % 7 == 1:
        return ResourceDiff(identity, "added", (), "", "y", 0, (), None, new)
    if n % 7 == 2:
        return ResourceDiff(identity, "removed", (), "x", "", 0, ("kept by helm.sh/resource-policy",), old, None)
    return ResourceDiff(identity, "unchanged", (), "x", "x", 12)


class World:
    """Builds a full workbench by walking Changes through real transitions."""

    def __init__(self, settings: Settings) -> None:
        self.clock = TickingClock()
        self.store, self.blobs, self.log, self.operations = Store(), BlobBox(), Log(), Operations()
        self.evidence = EvidenceService(self.blobs)
        self.files = RunbookService(Files(RUNBOOKS, BROKEN))
        self.ledger = Ledger(self.store, self.clock)
        self.queue = Queue()
        self.service = ChangeService(self.store, self.files, self.queue, self.ledger, self.clock)
        self.settings = settings

    def conductor(self, releases: Any, probes: Sequence[Probe], progress: Progress | None = None) -> FakeConductor:
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
        )

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
        rows = self.operations.rows[change.id]
        state = OperationState.SUCCEEDED if ok else OperationState.FAILED
        result: dict[str, object] = {"revision": 38} if ok else {"what": "helm failed.", "why": "timed out waiting"}
        rows[0] = rows[0].finished(state, result, self.clock.now())
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
    return Settings(_env_file=None, **given)


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
