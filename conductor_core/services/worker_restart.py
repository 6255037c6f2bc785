"""Restart of a worker whose queue is wedged: refused while a Change is in the middle of acting, and it says which one.

A restart is recognised by the annotation that it leaves in the Deployment's pod template, so a worker that restarts
itself with it finds out, when it is back, that it has happened.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from conductor_core.domain import changes as c
from conductor_core.domain import health, names
from conductor_core.domain.canonical import canonical_bytes
from conductor_core.domain.changes import Change
from conductor_core.domain.gates import Reason, Verdict, verdict
from conductor_core.domain.health import Health
from conductor_core.domain.manifests import Kind
from conductor_core.domain.operations import Observation, OperationState
from conductor_core.errors import NotFoundError, StateError
from conductor_core.ports.change_store import ChangeQuery, ChangeStore
from conductor_core.ports.cluster import Cluster, Object
from conductor_core.ports.operation_store import OperationStore
from conductor_core.services.checks import Look
from conductor_core.services.operations import Context, Facts
from conductor_core.services.planning import Draft

GATE = "worker-idle"
DEPLOYMENT = Kind("apps/v1", "Deployment")
MARK = "conductor.summit/restarted-by"
_WAIT = "Wait until it has ended; one that can't end is cancelled or settled on its page."


@dataclass(frozen=True)
class WorkerRestart:
    """Plan, gate, driver and probe of the runbook `restart_worker`."""

    store: ChangeStore
    operations: OperationStore
    cluster: Cluster

    def plan(self, change: Change) -> Draft:
        """Names the Deployment and what it runs; raises `NotFoundError` when there is none, `InputError`."""
        found = self._deployment(change)
        place = _place(change)
        pod = found["spec"]["template"]["spec"]
        images = ", ".join(sorted(str(one.get("image", "")) for one in pod.get("containers") or ()))
        replicas = found["spec"].get("replicas", 1)
        return Draft(
            {"patch.json": ("application/json", canonical_bytes(_patch(change)))},
            {"deployment": place, "uid": str(found["metadata"].get("uid", "")), "images": images},
            {"does": f"Every pod of {place} is replaced by a fresh one: {replicas} of {images}."},
        )

    def gate(self, change: Change, draft: Draft) -> list[Verdict]:
        """Denies while a Change is mid-flight, one reason for each."""
        found = [Reason("worker/mid-flight", text, id_, _WAIT) for id_, text in self._busy(change.id)]
        return [verdict(GATE, denials=found, warnings=(), rules_run=1)]

    def prepare(self, context: Context) -> Facts:
        """The last look before the act; raises `StateError` when a task has begun since the plan."""
        self._refuse(context.change)
        found = self._deployment(context.change)
        return {"uid": found["metadata"].get("uid", ""), "generation": found["metadata"].get("generation", 0)}

    def dispatch(self, context: Context, request: Mapping[str, object]) -> tuple[Observation, Facts]:
        """Write the mark, once; the Deployment's controller replaces the pods."""
        self._refuse(context.change)
        context.say(f"restarting {_place(context.change)}")
        self.cluster.apply(_patch(context.change), dry_run=False, field_manager="conductor-restart")
        return self.observe(context, request)

    def observe(self, context: Context, request: Mapping[str, object]) -> tuple[Observation, Facts]:
        """Whether the Deployment carries this Change's mark."""
        template = self._deployment(context.change)["spec"]["template"]
        mark = ((template.get("metadata") or {}).get("annotations") or {}).get(MARK, "")
        seen: Facts = {"seen": f"{_place(context.change)} was restarted by {mark or 'nobody'}"}
        return (Observation.DONE if mark == context.change.id else Observation.ABSENT), seen

    def rolled_out(self, context: Context) -> Look:
        """Every pod of the Deployment is a fresh one, and is available."""
        found = health.of(self._deployment(context.change))
        told = found.reason or f"every pod of {_place(context.change)} is fresh and available"
        return Look(found.health is Health.HEALTHY, told, found.health is Health.DEGRADED)

    def _busy(self, own: str) -> list[tuple[str, str]]:
        query = ChangeQuery(states=frozenset(c.RUNNING), limit=100)
        return [(x.id, self._told(x)) for x in self.store.find(query) if x.id != own]

    def _told(self, found: Change) -> str:
        acts = [op.key for op in self.operations.of(found.id) if op.state is OperationState.STARTED]
        inside = f", in the middle of {', '.join(acts)}" if acts else ""
        return f"{found.title} ({found.id}) is {found.state.value} since {found.updated_at:%H:%M:%S} UTC{inside}."

    def _refuse(self, change: Change) -> None:
        busy = self._busy(change.id)
        if busy:
            raise StateError("The worker is not restarted.", why=" ".join(text for _, text in busy), next=_WAIT)

    def _deployment(self, change: Change) -> Object:
        given = change.parameters
        namespace = names.namespace(str(given.get("namespace", "")))
        name = names.object_name(str(given.get("deployment", "")))
        found = self.cluster.get(DEPLOYMENT, namespace, name)
        if found is None:
            known = ", ".join(sorted(o["metadata"]["name"] for o in self.cluster.objects(DEPLOYMENT, namespace)))
            raise NotFoundError(
                f"There is no Deployment {name} in {namespace}.",
                why=f"There are: {known or 'none'}.",
                next="Name the worker's Deployment; on one machine `conductor down` and `conductor up` restart it.",
            )
        return found


def _place(change: Change) -> str:
    return f"{change.parameters.get('namespace')}/{change.parameters.get('deployment')}"


def _patch(change: Change) -> dict[str, Any]:
    """The part of the Deployment that is written: the mark in its pod template."""
    given = change.parameters
    return {
        "apiVersion": DEPLOYMENT.api_version,
        "kind": DEPLOYMENT.kind,
        "metadata": {"name": given.get("deployment"), "namespace": given.get("namespace")},
        "spec": {"template": {"metadata": {"annotations": {MARK: change.id}}}},
    }
