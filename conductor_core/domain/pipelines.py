"""Pipelines: Argo CD's ApplicationSets with their Applications, as Argo CD's API gives them.

Fields: https://argo-cd.readthedocs.io/en/stable/operator-manual/application.yaml and .../applicationset/.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from conductor_core.domain.fields import listing, mapping, moment, number

OPERATION = "conductor"
"""The name under which a sync's `infos` carry the operation that asked for it."""
HEALTH_ORDER = ("Healthy", "Suspended", "Progressing", "Missing", "Unknown", "Degraded")
"""Argo CD's health words, from best to worst."""
_ANONYMOUS = "(none)"


@dataclass(frozen=True)
class Source:
    """Where an Application comes from: repository, path or chart, and the revision that it follows."""

    repository: str
    path: str
    chart: str
    target: str


@dataclass(frozen=True)
class Deployed:
    """One entry of an Application's sync history."""

    id: int
    revision: str
    started: datetime | None
    finished: datetime | None
    by: str


@dataclass(frozen=True)
class SyncOperation:
    """What Argo CD does to an Application now or did last. `phase` is Running, Succeeded, Failed, Error or
    Terminating; `operation_id` is ours when we asked for it.
    """

    phase: str
    message: str
    revision: str
    started: datetime | None
    finished: datetime | None
    by: str
    operation_id: str
    results: tuple[tuple[str, str, str], ...] = ()
    """What did not sync: resource, status, message."""

    @property
    def running(self) -> bool:
        """Whether it goes on."""
        return self.phase in ("Running", "Terminating")


@dataclass(frozen=True)
class Application:
    """One Application. `sync` and `health` are Argo CD's words; `revision` is what was last compared or synced to."""

    name: str
    namespace: str
    project: str
    pipeline: str
    cluster: str
    target_namespace: str
    sources: tuple[Source, ...]
    sync: str
    health: str
    health_message: str
    revision: str
    automated: bool
    self_heal: bool
    operation: SyncOperation | None
    history: tuple[Deployed, ...]
    conditions: tuple[tuple[str, str], ...]
    rollouts: tuple[tuple[str, str], ...]
    """Namespace and name of each Rollout among its resources."""
    images: tuple[str, ...]
    labels: tuple[tuple[str, str], ...] = ()
    resource_version: str = ""
    wave: int | None = None
    """Step of the pipeline's progressive sync, from 1; None when it has none."""
    wave_status: str = ""
    release_names: tuple[str, ...] = ()
    """The Helm release names that its sources give; Helm's default is the Application's own name."""

    @property
    def last_error(self) -> str:
        """The newest thing that went wrong: a failed operation, an error condition, or a bad health's message."""
        if self.operation and self.operation.phase in ("Failed", "Error"):
            return self.operation.message
        wrong = [message for kind, message in self.conditions if kind.endswith(("Error", "Warning"))]
        return wrong[0] if wrong else self.health_message if self.health == "Degraded" else ""


@dataclass(frozen=True)
class Pipeline:
    """One ApplicationSet with its Applications; `name` is `(none)` for Applications that no set makes."""

    name: str
    namespace: str
    generators: tuple[str, ...]
    steps: tuple[str, ...]
    """The steps of its progressive sync, each as its selector; empty: all at once."""
    conditions: tuple[tuple[str, str, str], ...]
    applications: tuple[Application, ...] = field(default_factory=tuple)
    waves: tuple[tuple[str, str, str, str], ...] = ()
    """Application, step (text of a whole number), status and message, as the set's controller writes them."""

    @property
    def health(self) -> str:
        """The worst health of its Applications; Unknown for an empty one that failed."""
        words = [a.health for a in self.applications]
        if not words:
            return "Degraded" if self.error else "Missing"
        return max(words, key=lambda w: HEALTH_ORDER.index(w) if w in HEALTH_ORDER else len(HEALTH_ORDER))

    @property
    def sync(self) -> str:
        """Synced when every Application is; else the first other word."""
        return next((a.sync for a in self.applications if a.sync != "Synced"), "Synced") if self.applications else ""

    @property
    def error(self) -> str:
        """What keeps its controller from making Applications; '' when nothing does."""
        return next(
            (message for kind, status, message in self.conditions if kind == "ErrorOccurred" and status == "True"), ""
        )

    @property
    def moving(self) -> bool:
        """Whether a progressive sync is under way (argo-cd writes one row an Application)."""
        return any(status in ("Waiting", "Pending", "Progressing") for _, _, status, _ in self.waves)


def application(raw: Mapping[str, Any]) -> Application:
    """An Application as the API gives it."""
    metadata, spec, status = mapping(raw.get("metadata")), mapping(raw.get("spec")), mapping(raw.get("status"))
    owners = [o for o in listing(metadata.get("ownerReferences")) if o.get("kind") == "ApplicationSet"]
    where, policy = mapping(spec.get("destination")), mapping(mapping(spec.get("syncPolicy")).get("automated"))
    compared, summary = mapping(status.get("sync")), mapping(status.get("summary"))
    sources = listing(spec.get("sources")) or [s for s in (mapping(spec.get("source")),) if s]
    revisions = [str(r) for r in compared.get("revisions") or []]
    health = mapping(status.get("health"))
    return Application(
        name=str(metadata.get("name", "")),
        namespace=str(metadata.get("namespace", "")),
        project=str(spec.get("project", "")),
        pipeline=str(owners[0].get("name", "")) if owners else "",
        cluster=str(where.get("name") or where.get("server") or ""),
        target_namespace=str(where.get("namespace", "")),
        sources=tuple(
            Source(*(str(s.get(k, "")) for k in ("repoURL", "path", "chart", "targetRevision"))) for s in sources
        ),
        release_names=tuple(str(n) for s in sources if (n := mapping(s.get("helm")).get("releaseName"))),
        sync=str(compared.get("status") or "Unknown"),
        health=str(health.get("status") or "Unknown"),
        health_message=str(health.get("message", "")),
        revision=str(compared.get("revision") or (revisions[0] if revisions else "")),
        automated=isinstance(mapping(spec.get("syncPolicy")).get("automated"), Mapping)
        and policy.get("enabled") is not False,
        self_heal=bool(policy.get("selfHeal")),
        operation=_operation(status, raw),
        history=tuple(_deployed(h) for h in listing(status.get("history"))),
        conditions=tuple(
            (str(c.get("type", "")), str(c.get("message", ""))) for c in listing(status.get("conditions"))
        ),
        rollouts=tuple(
            (str(r.get("namespace", "")), str(r.get("name", "")))
            for r in listing(status.get("resources"))
            if r.get("kind") == "Rollout" and r.get("group") == "argoproj.io"
        ),
        images=tuple(str(i) for i in summary.get("images") or []),
        labels=tuple(sorted((str(k), str(v)) for k, v in mapping(metadata.get("labels")).items())),
        resource_version=str(metadata.get("resourceVersion", "")),
    )


def pipeline(raw: Mapping[str, Any]) -> Pipeline:
    """An ApplicationSet as the API gives it, without its Applications."""
    metadata, spec, status = mapping(raw.get("metadata")), mapping(raw.get("spec")), mapping(raw.get("status"))
    strategy = mapping(spec.get("strategy"))
    steps = listing(mapping(strategy.get("rollingSync")).get("steps")) if strategy.get("type") == "RollingSync" else []
    return Pipeline(
        str(metadata.get("name", "")),
        str(metadata.get("namespace", "")),
        tuple(_generator(g) for g in listing(spec.get("generators"))),
        tuple(_selector(s) for s in steps),
        tuple(
            (str(c.get("type", "")), str(c.get("status", "")), str(c.get("message", "")))
            for c in listing(status.get("conditions"))
        ),
        waves=tuple(
            (str(a.get("application", "")), str(a.get("step", "")), str(a.get("status", "")), str(a.get("message", "")))
            for a in listing(status.get("applicationStatus"))
        ),
    )


def assemble(pipelines: Iterable[Pipeline], applications: Iterable[Application]) -> tuple[Pipeline, ...]:
    """The pipelines with their Applications, by name; Applications that no set makes come last, as `(none)`."""
    owned: dict[str, list[Application]] = {}
    for found in applications:
        owned.setdefault(found.pipeline, []).append(found)
    out: list[Pipeline] = []
    for one in sorted(pipelines, key=lambda p: p.name):
        told = {name: (number(step, -1), status) for name, step, status, _ in one.waves}
        mine = [_in_wave(a, told) for a in sorted(owned.pop(one.name, []), key=lambda a: a.name)]
        out.append(_with(one, tuple(mine)))
    rest = sorted((a for group in owned.values() for a in group), key=lambda a: a.name)
    if rest:
        out.append(Pipeline(_ANONYMOUS, "", (), (), (), tuple(rest)))
    return tuple(out)


def _with(one: Pipeline, applications: tuple[Application, ...]) -> Pipeline:
    return Pipeline(one.name, one.namespace, one.generators, one.steps, one.conditions, applications, one.waves)


def _in_wave(found: Application, told: Mapping[str, tuple[int, str]]) -> Application:
    step, status = told.get(found.name, (-1, ""))
    if step < 1:
        return found
    return Application(**{**vars(found), "wave": step, "wave_status": status})


def _operation(status: Mapping[str, Any], raw: Mapping[str, Any]) -> SyncOperation | None:
    state = mapping(status.get("operationState"))
    asked = mapping(raw.get("operation"))
    if asked and not state:  # asked for, and not taken up yet
        state = {"phase": "Running", "operation": asked}
    if not state:
        return None
    operation, result = mapping(state.get("operation")), mapping(state.get("syncResult"))
    by = mapping(operation.get("initiatedBy"))
    infos = {str(i.get("name", "")): str(i.get("value", "")) for i in listing(operation.get("info"))}
    failed = [r for r in listing(result.get("resources")) if r.get("status") not in ("Synced", "Pruned", None)]
    return SyncOperation(
        str(state.get("phase", "")),
        str(state.get("message", "")),
        str(result.get("revision") or mapping(operation.get("sync")).get("revision") or ""),
        moment(state.get("startedAt")),
        moment(state.get("finishedAt")),
        str(by.get("username", "")) or ("automation" if by.get("automated") else ""),
        infos.get(OPERATION, ""),
        tuple((f"{r.get('kind')}/{r.get('name')}", str(r.get("status")), str(r.get("message", ""))) for r in failed),
    )


def _deployed(raw: Mapping[str, Any]) -> Deployed:
    by = mapping(raw.get("initiatedBy"))
    revisions = [str(r) for r in raw.get("revisions") or []]
    return Deployed(
        number(raw.get("id")),
        str(raw.get("revision") or (revisions[0] if revisions else "")),
        moment(raw.get("deployStartedAt")),
        moment(raw.get("deployedAt")),
        str(by.get("username", "")) or ("automation" if by.get("automated") else ""),
    )


def _generator(raw: Mapping[str, Any]) -> str:
    kinds = [k for k in raw if k not in ("selector", "template")]
    kind = kinds[0] if kinds else "empty"
    inner = listing(mapping(raw.get(kind)).get("generators"))
    word = re.sub(r"(?<=[a-z])([A-Z])", r" \1", kind).lower()
    return f"{word} ({' × '.join(_generator(g) for g in inner)})" if inner else word


def _selector(raw: Mapping[str, Any]) -> str:
    parts = []
    for expression in listing(raw.get("matchExpressions")):
        wanted = ", ".join(str(v) for v in expression.get("values") or [])
        parts.append(f"{expression.get('key')} {str(expression.get('operator', 'In')).lower()} {wanted}".strip())
    return " and ".join(parts) or "everything"
