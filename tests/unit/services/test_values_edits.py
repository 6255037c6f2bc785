"""Edits of values in Git: the file that has the last word, its diff, one commit, and the waves' freeze."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from conductor_core.adapters.yaml_documents import YamlDocuments
from conductor_core.domain.changes import Change
from conductor_core.domain.operations import Observation
from conductor_core.domain.plans import Plan
from conductor_core.domain.rollout_acts import Act
from conductor_core.errors import ConflictError, InputError, StateError
from conductor_core.ports.rollouts import Rollouts
from conductor_core.services.operations import Context
from conductor_core.services.planning import Draft
from conductor_core.services.values_edits import ValuesCommit, ValuesEdits
from conductor_core.services.wave_freeze import INSTANCE, WaveFreeze
from tests.fakes.cluster import FakeCluster
from tests.fakes.conductor import readable_releases
from tests.fakes.domain import change as any_change
from tests.fakes.repository import FakeRepository
from tests.fakes.rollouts import fake, manifest

STEPS: list[Any] = [{"wave": "canary", "weight": 10}, {"wave": "full", "weight": 100}]
FILE = "helm/intelgraph/values-dev.yaml"


@dataclass
class World:
    """The edits of an operations repository, and Rollouts of the release in dev."""

    edits: ValuesEdits
    repository: FakeRepository
    rollouts: Rollouts
    cluster: FakeCluster
    play: Any

    def run(self, tag: str) -> None:
        """A version of the release in dev, as far as it goes."""
        found = manifest("intelgraph-dev", "intelgraph", tag)
        old = next((o for (k, _, n), o in self.cluster.store.items() if k.kind == "Rollout" and n == "intelgraph"), {})
        labels = {INSTANCE: "intelgraph"}
        metadata = {**old.get("metadata", {}), **found["metadata"], "labels": labels}
        self.cluster.put({**old, **found, "metadata": metadata})
        self.play()


@pytest.fixture
def world(tmp_path: Path) -> World:
    reader, _, repository, helm = readable_releases(tmp_path, tuple)
    cluster = FakeCluster()
    rollouts, _, player = fake(cluster)
    edits = ValuesEdits(reader, repository, helm, YamlDocuments(), rollouts)
    return World(edits, repository, rollouts, cluster, player.play)


def asked(runbook: str, **parameters: Any) -> Change:
    given = {"release": "intelgraph", "channel": "dev", **parameters}
    return replace(any_change(), runbook=runbook, parameters=given)


def carried_out(world: World, change: Change, draft: Draft) -> tuple[Context, dict[str, object], ValuesCommit]:
    context = Context(replace(change, plan=Plan((), draft.facts, draft.summary)), None, lambda _: None)  # type: ignore[arg-type]  # no program inherits the lock here
    driver = ValuesCommit(world.edits)
    return context, driver.prepare(context), driver


def test_waves_are_written_into_the_last_overlay_and_committed_once(world: World) -> None:
    change = asked("set_waves", steps=STEPS)
    draft = world.edits.set_waves(change)
    assert draft.facts["file"] == FILE
    assert draft.tier == "dev"
    assert b"- wave: canary" in draft.pieces["values.diff"][1]
    assert draft.values["rollout"]["steps"] == STEPS
    assert draft.manifests
    assert world.edits.set_waves(change) == draft
    context, request, driver = carried_out(world, change, draft)
    assert driver.observe(context, request)[0] is Observation.ABSENT
    assert driver.dispatch(context, request)[0] is Observation.DONE
    assert driver.observe(context, request)[0] is Observation.DONE
    world.edits.reader.refresh()
    assert [s.as_values() for s in world.edits.steps("intelgraph", "dev")] == STEPS
    with pytest.raises(StateError, match="say so already"):
        world.edits.set_waves(change)
    with pytest.raises(ConflictError):
        driver.dispatch(context, request)  # the branch has moved on: nothing is overwritten


def test_steps_that_would_not_work_make_no_plan(world: World) -> None:
    with pytest.raises(InputError, match="never gets full"):
        world.edits.set_waves(asked("set_waves", steps=STEPS[:1]))
    with pytest.raises(InputError, match="no values file"):
        world.edits.edit("intelgraph", "staging", ("a",), 1)


def test_only_a_steady_state_is_marked_as_stable(world: World) -> None:
    change = asked("mark_stable")
    with pytest.raises(StateError, match="not in a steady state"):
        world.edits.mark_stable(change)
    world.run("1.0.0")
    world.run("2.0.0")
    with pytest.raises(StateError) as moving:
        world.edits.mark_stable(change)
    assert "intelgraph-dev/intelgraph" in moving.value.why
    seen = world.rollouts.get("intelgraph-dev", "intelgraph")
    world.rollouts.act(seen, Act.PROMOTE_FULL)
    draft = world.edits.mark_stable(change)
    assert "2.0.0 is marked as stable" in draft.summary["does"]
    context, request, driver = carried_out(world, change, draft)
    assert driver.dispatch(context, request)[0] is Observation.DONE
    world.repository.fetch()
    assert b"stableTag: 2.0.0" in world.repository.read(world.repository.resolve("dev"), FILE)


def test_a_deploy_into_a_moving_wave_is_denied(world: World) -> None:
    """argo-cd #27577: what is measured must not change while a wave runs."""
    gate = WaveFreeze(world.rollouts, world.edits.reader)
    deploy = asked("deploy_release")
    world.run("1.0.0")
    assert gate(deploy, Draft())[0].result.value == "allow"
    world.run("2.0.0")
    (denied,) = gate(deploy, Draft())
    assert denied.result.value == "deny"
    assert "2.0.0" in denied.reasons[0].text
    assert denied.reasons[0].clears_by
