"""Acts on Rollouts as operations: sent once, read back, observed after a crash, refused without an effect."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

import pytest

from conductor_core.domain.changes import Change
from conductor_core.domain.operations import Observation
from conductor_core.errors import ConflictError, StateError
from conductor_core.ports.rollouts import Rollouts
from conductor_core.services.checks import Patience
from conductor_core.services.operations import Context
from conductor_core.services.rollout_operations import RolloutAct
from conductor_core.services.rollout_plans import RolloutPlans
from tests.fakes.cluster import FakeCluster
from tests.fakes.conductor import readable_releases
from tests.fakes.domain import change as any_change
from tests.fakes.object_patches import FakePatches
from tests.fakes.rollouts import Player, fake, manifest


@dataclass
class World:
    """A played cluster with Rollouts held at 20 %, and the drivers on it."""

    rollouts: Rollouts
    writes: FakePatches
    player: Player
    plans: RolloutPlans
    said: list[str] = field(default_factory=list)
    clock: float = 0.0

    def sleep(self, seconds: float) -> None:
        self.clock += seconds
        self.player.play()

    @property
    def patience(self) -> Patience:
        return Patience(lambda: self.clock, self.sleep, 20)

    @property
    def driver(self) -> RolloutAct:
        return RolloutAct(self.rollouts, self.plans, self.patience, lambda: datetime(2026, 11, 24, tzinfo=UTC))

    def context(self, **parameters: object) -> Context:
        given = {"namespace": "intelgraph-dev", "rollout": "api", **parameters}
        return Context(asked(given), None, self.said.append)  # type: ignore[arg-type]  # no program inherits the lock here


def asked(parameters: dict[str, Any], runbook: str = "rollout_act") -> Change:
    return replace(any_change(), runbook=runbook, parameters=parameters)


@pytest.fixture
def world(tmp_path: Any) -> World:
    releases = readable_releases(tmp_path, tuple)[0]
    cluster = FakeCluster()
    rollouts, writes, player = fake(cluster)
    for namespace in ("intelgraph-dev", "intelgraph-staging", "elsewhere"):
        for tag in ("1.0.0", "2.0.0"):
            found = manifest(namespace, tag=tag)
            old = cluster.store.get(next((k for k in cluster.store if k[1] == namespace and k[2] == "api"), None))  # type: ignore[arg-type]  # None finds nothing
            cluster.put({**(old or {}), **found, "metadata": {**(old or {}).get("metadata", {}), **found["metadata"]}})
            player.play()
    return World(rollouts, writes, player, RolloutPlans(rollouts, releases))


@pytest.mark.parametrize("act", ["promote", "promote-full", "skip", "pause", "resume", "abort", "restart", "undo"])
def test_an_act_is_sent_once_and_keeps_its_promise(world: World, act: str) -> None:
    context = world.context(act=act)
    request = world.driver.prepare(context)
    observation, facts = world.driver.dispatch(context, request)
    assert observation is Observation.DONE, facts
    assert len(world.writes.sent) == 1
    assert str(facts["detail"]).startswith("as promised")
    assert world.driver.observe(context, request)[0] is Observation.DONE


def test_an_abort_with_nothing_in_progress_sends_nothing(world: World) -> None:
    """argo-rollouts #1292: such an abort scaled the stable version to nothing."""
    first = world.context(act="promote-full")
    world.driver.dispatch(first, world.driver.prepare(first))
    before = world.rollouts.detail("intelgraph-dev", "api")
    with pytest.raises(StateError, match="would have no effect") as refused:
        world.driver.prepare(world.context(act="abort"))
    assert "must not touch" in refused.value.why
    assert len(world.writes.sent) == 1
    assert world.rollouts.detail("intelgraph-dev", "api").replica_sets == before.replica_sets


def test_a_controller_that_does_nothing_makes_an_act_without_effect(world: World) -> None:
    context = world.context(act="abort")
    request = world.driver.prepare(context)
    world.player.stuck = True
    observation, facts = world.driver.dispatch(context, request)
    assert observation is Observation.FAILED
    assert "is not finished" in str(facts["what"])
    assert "Promised: 0 %" in str(facts["why"])
    assert [kind for kind, *_ in world.writes.sent] == ["Rollout", "Rollout"]  # the act, and one nudge
    assert any("shown the rollout again" in line for line in world.said)


def test_a_read_back_is_not_waited_for_while_an_emergency_waits(world: World) -> None:
    context = replace(world.context(act="abort"), overtaken=lambda: "chg-urgent")
    request = world.driver.prepare(context)
    world.player.stuck = True
    observation, facts = world.driver.dispatch(context, request)
    assert (observation, world.clock) == (Observation.FAILED, 0.0)
    assert "is not finished" in str(facts["what"])
    assert str(facts["why"]).endswith("Not waited for: it gives way to the emergency chg-urgent.")


def test_half_done_it_is_observed_and_not_repeated(world: World) -> None:
    context = world.context(act="promote")
    request = world.driver.prepare(context)
    assert world.driver.observe(context, request)[0] is Observation.ABSENT  # it died before it was sent
    world.driver.dispatch(context, request)
    assert world.driver.observe(context, request)[0] is Observation.DONE
    gone = {**request, "uid": "another"}
    assert world.driver.observe(context, gone)[0] is Observation.UNCLEAR


def test_what_was_not_approved_is_not_touched(world: World) -> None:
    context = world.context(act="promote")
    request = world.driver.prepare(context)
    for changed, why in (({"current_hash": "other"}, "not what was approved"), ({"step": 0}, "has left step")):
        with pytest.raises(StateError, match=why):
            world.driver.dispatch(context, {**request, **changed})
    assert world.writes.sent == []


def test_a_controller_that_writes_first_is_waited_for(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    real, tries = world.writes.patch, []

    def racing(*args: Any, **more: Any) -> Any:
        tries.append(args)
        if len(tries) < 3:
            raise ConflictError("the object has been modified")
        return real(*args, **more)

    world.writes.patch = racing  # type: ignore[method-assign]  # the fake's own method
    context = world.context(act="abort")
    assert world.driver.dispatch(context, world.driver.prepare(context))[0] is Observation.DONE
    assert (len(tries), len(world.writes.sent)) == (3, 1)


Planned = Callable[[Change], Any]


def test_a_plan_names_what_must_not_have_changed(world: World) -> None:
    change = asked({"namespace": "intelgraph-dev", "rollout": "api", "act": "promote", "to_revision": 0})
    draft = world.plans.act(change)
    assert draft.tier == "dev"
    assert set(draft.facts) == {"rollout", "stable", "wanted", "step"}
    assert world.plans.act(change) == draft
    assert world.plans.judge(change, draft)[0].result.value == "allow"
    elsewhere = world.plans.act(replace(change, parameters=change.parameters | {"namespace": "elsewhere"}))
    assert elsewhere.tier == "prod"  # no channel declares it
    undo = world.plans.act(replace(change, parameters=change.parameters | {"act": "undo"}))
    assert undo.facts["to"] == undo.facts["stable"]
    told = "The template goes back to revision 1 (1.0.0) at once: it is the stable version."
    assert undo.summary["promises"] == told


def test_a_plan_without_an_effect_is_denied_with_what_to_do(world: World) -> None:
    change = asked({"namespace": "intelgraph-dev", "rollout": "api", "act": "retry"})
    (denied,) = world.plans.judge(change, world.plans.act(change))
    assert denied.result.value == "deny"
    assert "is not aborted" in denied.reasons[0].text
    assert denied.reasons[0].clears_by


def test_of_two_releases_in_one_namespace_the_stricter_channel_decides(world: World, tmp_path: Any) -> None:
    releases, _, repository, _ = readable_releases(tmp_path / "shared", tuple)
    channel = "{{branch: {1}, namespace: both, values: [], tier: {1}}}"
    entry = f"  {{0}}:\n    chart: helm/intelgraph\n    channels:\n      {{1}}: {channel}\n"
    text = "releases:\n" + entry.format("intelgraph", "dev") + entry.format("cart", "staging")
    repository.push("main", {"channels.yaml": text.encode()})
    releases.refresh()
    assert RolloutPlans(world.rollouts, releases).tier_of("both") == "staging"
