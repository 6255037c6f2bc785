"""Restart of a worker: refused while a Change is mid-flight, by name, and recognised by its mark."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from conductor_core.domain import changes as c
from conductor_core.domain.changes import Change, State
from conductor_core.domain.gates import Result
from conductor_core.domain.manifests import Kind
from conductor_core.domain.operations import Observation, Operation, OperationState
from conductor_core.errors import NotFoundError, StateError
from conductor_core.ports.locks import HeldLock
from conductor_core.services.operations import Context
from conductor_core.services.planning import Draft
from conductor_core.services.worker_restart import MARK, WorkerRestart
from tests.fakes.conductor import FakeConductor, build

PLACE = {"namespace": "maestro-system", "deployment": "maestro-worker"}


@pytest.fixture
def conductor(tmp_path: Path) -> FakeConductor:
    made = build(tmp_path)
    made.cluster.put({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "maestro-system"}}, deployment())
    return made


@pytest.fixture
def restart(conductor: FakeConductor) -> WorkerRestart:
    return WorkerRestart(conductor.store, conductor.rows, conductor.cluster)


def deployment(**status: Any) -> dict[str, Any]:
    template = {"metadata": {"labels": {"app": "worker"}}, "spec": {"containers": [{"image": "maestro:1"}]}}
    metadata = {"name": "maestro-worker", "namespace": "maestro-system", "uid": "u-1", "generation": 1}
    spec = {"replicas": 2, "template": template}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": metadata, "spec": spec, "status": status}


def asked(conductor: FakeConductor, **more: str) -> Change:
    change = conductor.requested()
    return Change(**{**vars(change), "id": "chg-mine", "parameters": {**PLACE, **more}})


def context(change: Change) -> Context:
    return Context(change, HeldLock("x", 0), lambda _: None)


def test_an_idle_worker_is_restarted_once_and_known_by_its_mark(
    conductor: FakeConductor, restart: WorkerRestart
) -> None:
    change = asked(conductor)
    draft = restart.plan(change)
    assert (
        draft.summary["does"]
        == "Every pod of maestro-system/maestro-worker is replaced by a fresh one: 2 of maestro:1."
    )
    [verdict] = restart.gate(change, draft)
    assert verdict.result is Result.ALLOW
    request = restart.prepare(context(change))
    assert restart.observe(context(change), request)[0] is Observation.ABSENT
    assert restart.dispatch(context(change), request)[0] is Observation.DONE
    live = conductor.cluster.get(Kind("apps/v1", "Deployment"), "maestro-system", "maestro-worker")
    assert live is not None
    assert live["spec"]["template"]["metadata"] == {"labels": {"app": "worker"}, "annotations": {MARK: "chg-mine"}}
    assert live["spec"]["replicas"] == 2
    assert not restart.rolled_out(context(change)).passed
    conductor.cluster.put(deployment(observedGeneration=1, updatedReplicas=2, replicas=2, availableReplicas=2))
    assert restart.rolled_out(context(change)).passed


def test_a_change_that_is_mid_flight_is_named_by_gate_and_act(conductor: FakeConductor, restart: WorkerRestart) -> None:
    busy = conductor.settled(State.EXECUTING)
    change = asked(conductor)
    [verdict] = restart.gate(change, Draft())
    assert verdict.result is Result.DENY
    [reason] = verdict.reasons
    assert busy.id in reason.text
    assert "Deploy intelgraph to dev" in reason.text
    assert "in the middle of helm_upgrade" in reason.text
    for act in (restart.prepare, lambda c: restart.dispatch(c, {})):
        with pytest.raises(StateError, match="not restarted") as refused:
            act(context(change))
        assert busy.id in refused.value.why
    assert not any(asked.startswith("apply Deployment") for asked in conductor.cluster.requests)
    conductor.finish(busy.id)
    assert restart.gate(change, Draft())[0].result is Result.ALLOW


def test_its_own_change_does_not_stand_in_its_way(conductor: FakeConductor, restart: WorkerRestart) -> None:
    own = conductor.requested(channel="dev")
    conductor.plan(own.id)
    conductor.changes.apply(own.id, c.Start(conductor.changes.get(own.id).plan_digest))
    row = Operation(own.id, "worker_restart", "worker_restart", {}, OperationState.STARTED, conductor.clock.now())
    conductor.rows.begin(row)
    assert restart.gate(conductor.changes.get(own.id), Draft())[0].result is Result.ALLOW


def test_a_deployment_that_is_not_there_is_told_with_those_that_are(
    conductor: FakeConductor, restart: WorkerRestart
) -> None:
    with pytest.raises(NotFoundError, match="no Deployment other") as missing:
        restart.plan(asked(conductor, deployment="other"))
    assert missing.value.why == "There are: maestro-worker."
