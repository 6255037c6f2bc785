"""A release that a killed Helm left pending: diagnosed, left alone while anything works on it, and mended."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from conductor_core.domain.changes import State
from conductor_core.domain.manifests import Kind
from conductor_core.domain.operations import OperationState
from conductor_core.domain.plans import Plan
from conductor_core.errors import NotFoundError, StateError
from conductor_core.ports.locks import HeldLock
from conductor_core.services.operations import Context, OperationService
from tests.fakes.cluster import release_secret
from tests.fakes.conductor import FakeConductor, build
from tests.fakes.domain import change

WHERE: dict[str, object] = {"release": "intelgraph", "channel": "dev"}
JOB = {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "migrate", "namespace": "intelgraph-dev"}}


@pytest.fixture
def conductor(tmp_path: Path) -> FakeConductor:
    return build(tmp_path)


def killed(conductor: FakeConductor, ago: timedelta, description: str = "Preparing upgrade", revision: int = 2) -> None:
    """Helm was killed in the middle of an upgrade, that long ago."""
    at = (conductor.clock.now() - ago).isoformat()
    info = {"status": "pending-upgrade", "description": description, "last_deployed": at}
    hooks = [{"path": "x", "manifest": json.dumps(JOB)}]
    status = "pending-upgrade"
    secret = release_secret("intelgraph-dev", "intelgraph", revision, "", status=status, info=info, hooks=hooks)
    conductor.cluster.put(secret)
    known = conductor.helm._revisions[("intelgraph-dev", "intelgraph")]
    known[revision] = known[1]


def test_nothing_is_stuck_and_an_unknown_channel_is_said(conductor: FakeConductor) -> None:
    assert conductor.stuck.of("intelgraph", "dev") is None
    assert conductor.stuck.of("intelgraph", "staging") is None
    with pytest.raises(NotFoundError):
        conductor.stuck.of("intelgraph", "moon")
    with pytest.raises(StateError, match="not in the middle of anything"):
        conductor.shelf.plans["release_mend"](change(parameters=dict(WHERE)))


def test_who_since_when_and_what_is_at_work(conductor: FakeConductor) -> None:
    killed(conductor, timedelta(minutes=2))
    found = conductor.stuck.of("intelgraph", "dev")
    assert found is not None
    assert isinstance(found.since, datetime)
    assert "a Helm outside Conductor (Preparing upgrade)" in found.told
    assert (found.back_to, len(found.running)) == (1, 1)
    conductor.cluster.put(JOB)
    found = conductor.stuck.of("intelgraph", "dev")
    assert found is not None
    assert "its hook Job migrate" in found.running
    with pytest.raises(StateError, match="still being worked on") as caught:
        conductor.shelf.plans["release_mend"](change(parameters=dict(WHERE)))
    assert "Job migrate" in caught.value.why


def test_a_change_that_executes_is_at_work_and_one_that_ended_is_not(conductor: FakeConductor) -> None:
    asked = conductor.plan(conductor.requested(channel="dev").id)
    conductor.start(asked.id)
    killed(conductor, timedelta(minutes=1), f"conductor:{asked.id}")
    found = conductor.stuck.of("intelgraph", "dev")
    assert found is not None
    assert found.change == asked.id
    assert f"requester with {asked.id}" in found.told
    assert [asked.id in words for words in found.running] == [True]
    assert conductor.lose(asked.id).state is State.UNKNOWN
    found = conductor.stuck.of("intelgraph", "dev")
    assert found is not None
    assert found.running == ()


def test_it_goes_back_to_the_newest_that_ran_as_a_whole(conductor: FakeConductor) -> None:
    killed(conductor, timedelta(hours=1))
    draft = conductor.shelf.plans["release_mend"](change(parameters=dict(WHERE)))
    assert draft.summary["does"] == "helm rollback to revision 1"
    mended(conductor, draft.facts, 1)
    newest = conductor.releases.history("intelgraph", "dev")[-1]
    assert newest.description == "Rollback to 1"


def test_what_never_ran_is_uninstalled(conductor: FakeConductor) -> None:
    key = next(k for k in conductor.cluster.store if k[0] == Kind("v1", "Secret") and "helm" in k[2])
    del conductor.cluster.store[key]
    killed(conductor, timedelta(hours=1), revision=1)
    draft = conductor.shelf.plans["release_mend"](change(parameters=dict(WHERE)))
    assert draft.summary["does"].startswith("helm uninstall")
    mended(conductor, draft.facts, 1)
    assert conductor.cluster.store[key]["metadata"]["labels"]["status"] == "uninstalled"


def test_where_all_failed_it_goes_back_to_the_newest_rather_than_remove_what_runs(conductor: FakeConductor) -> None:
    killed(conductor, timedelta(hours=1))
    for name, secret in conductor.cluster.store.items():
        if name[2].endswith("intelgraph.v1"):
            conductor.cluster.put(
                release_secret("intelgraph-dev", "intelgraph", 1, "", status="failed")
                | {"metadata": {**secret["metadata"], "labels": secret["metadata"]["labels"] | {"status": "failed"}}}
            )
            break
    found = conductor.stuck.of("intelgraph", "dev")
    assert found is not None
    assert found.back_to == 1


def mended(conductor: FakeConductor, facts: dict[str, str], dispatches: int) -> None:
    asked = change(parameters=dict(WHERE), plan=Plan((), facts, {}))
    acts = OperationService(conductor.rows, conductor.shelf.drivers, conductor.clock)
    done = acts.perform(Context(asked, HeldLock("x", 0), lambda _: None), "helm_mend")
    assert (done.state, done.dispatches) == (OperationState.SUCCEEDED, dispatches), done.result
