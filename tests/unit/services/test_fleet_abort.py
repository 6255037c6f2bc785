"""A fleet over two clusters is aborted as one; a cluster that is down keeps nobody from it, and is named."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any, cast

import pytest

from conductor_core.adapters.argo_rollouts import ArgoRollouts
from conductor_core.domain.canonical import digest_bytes
from conductor_core.domain.changes import Change, State
from conductor_core.domain.operations import Observation
from conductor_core.domain.plans import Evidence, Plan
from conductor_core.errors import InputError, NotFoundError, StateError, UnreachableError
from conductor_core.ports.rollouts import Rollouts
from conductor_core.services.checks import Patience
from conductor_core.services.fleet_abort import FleetAbort
from conductor_core.services.fleet_clusters import FleetClusters
from conductor_core.services.fleet_plans import FleetPlans
from conductor_core.services.operations import Context
from tests.fakes.cluster import FakeCluster
from tests.fakes.domain import change as any_change
from tests.fakes.object_patches import FakePatches
from tests.fakes.rollouts import Player, manifest

HOME = ("one/api", "two/api")
EAST = "arn:eu/east/one/api"
"""In a cluster whose context has a slash in its name."""
ALL = (*HOME, EAST)


class Switched:
    """Rollouts of a cluster that can be switched off, as for a cable that is pulled."""

    def __init__(self, real: Rollouts) -> None:
        self._real, self.down, self.asked = real, False, 0

    def __getattr__(self, name: str) -> Any:
        self.asked += 1
        if self.down:
            raise UnreachableError("The cluster of the context east did not answer.", why="no route to host")
        return getattr(self._real, name)


@dataclass
class World:
    """Two played clusters with Rollouts held at 20 %, and what acts on them."""

    clusters: FleetClusters
    east: Switched
    players: tuple[Player, ...]
    writes: tuple[FakePatches, ...]
    blobs: dict[str, bytes] = field(default_factory=dict)
    said: list[str] = field(default_factory=list)
    clock: float = 0.0

    def sleep(self, seconds: float) -> None:
        self.clock += seconds
        for player in self.players:
            player.play()

    @property
    def plans(self) -> FleetPlans:
        return FleetPlans(self.clusters, {"one": "dev", "two": "staging"}.__getitem__, self.blobs.__getitem__)

    @property
    def driver(self) -> FleetAbort:
        return FleetAbort(self.clusters, Patience(lambda: self.clock, self.sleep, 20), pool=1)

    def context(self, change: Change) -> Context:
        return Context(change, cast(Any, None), self.said.append)  # no program inherits the lock here

    def planned(self, change: Change) -> Change:
        """The Change with the plan that is made of it now."""
        draft = self.plans.plan(change)
        pieces = []
        for name, (media, data) in draft.pieces.items():
            self.blobs[digest_bytes(data)] = data
            pieces.append(Evidence(name, media, digest_bytes(data), len(data)))
        return replace(change, plan=Plan(tuple(pieces), draft.facts, draft.summary))


def asked(*members: str, silent: tuple[str, ...] = ()) -> Change:
    given: dict[str, Any] = {"fleet": "shop", "members": list(members), "silent": list(silent)}
    return replace(any_change(), runbook="fleet_abort", parameters=given)


@pytest.fixture
def world() -> World:
    made: list[tuple[FakeCluster, FakePatches, Player, ArgoRollouts]] = []
    for name, namespaces in (("", ("one", "two")), ("arn:eu/east", ("one",))):
        cluster = FakeCluster()
        player = Player(cluster)
        writes = FakePatches(cluster, player.play)
        for namespace in namespaces:
            for tag in ("1.0.0", "2.0.0"):
                found = manifest(namespace, tag=tag)
                old = next((o for k, o in cluster.store.items() if k[1:] == (namespace, "api")), {})
                cluster.put({**old, **found, "metadata": {**old.get("metadata", {}), **found["metadata"]}})
                player.play()
        made.append((cluster, writes, player, ArgoRollouts(cluster, writes, name)))
    east = Switched(made[1][3])
    world = World(cast(Any, None), east, tuple(m[2] for m in made), tuple(m[1] for m in made))
    world.clusters = FleetClusters(made[0][3], {"arn:eu/east": cast(Any, east)}, lambda: world.clock)
    return world


def aborted(world: World) -> dict[str, bool]:
    return {r.id: r.aborted for r in world.clusters.all().rollouts}


def test_all_clusters_are_aborted_together_and_each_member_is_read_back(world: World) -> None:
    context = world.context(asked(*ALL))
    observation, facts = world.driver.dispatch(context, world.driver.prepare(context))
    assert observation is Observation.DONE, facts
    back = cast("dict[str, Any]", facts["read_back"])
    assert set(back) == set(ALL)
    assert all(row["reached"] for row in back.values())
    assert aborted(world) == dict.fromkeys(ALL, True)


def test_a_cluster_that_is_down_is_named_and_keeps_nobody_from_it(world: World) -> None:
    context = world.context(asked(*ALL, silent=("west",)))
    world.east.down = True
    observation, facts = world.driver.dispatch(context, world.driver.prepare(context))
    assert observation is Observation.FAILED
    assert "2 of 4 are back on their stable version" in str(facts["what"])
    assert f"{EAST}: not reached. The cluster of the context east did not answer. no route to host" in str(facts["why"])
    assert "west: not reached. Its cluster did not answer when the members were listed." in str(facts["why"])
    back = cast("dict[str, Any]", facts["read_back"])
    assert [back[name]["reached"] for name in (*HOME, EAST, "west")] == [True, True, False, False]
    world.east.down, world.clock = False, 100.0
    assert aborted(world) == {HOME[0]: True, HOME[1]: True, EAST: False}


def test_one_that_goes_down_between_is_named_after_a_crash_too(world: World) -> None:
    context = world.context(asked(*ALL))
    request = world.driver.prepare(context)
    world.east.down = True
    assert world.driver.observe(context, request)[0] is Observation.ABSENT  # those that answer are not aborted yet
    observation, facts = world.driver.dispatch(context, request)
    assert observation is Observation.FAILED
    assert EAST in str(facts["why"])
    again, told = world.driver.observe(context, request)
    assert (again, "2 of 3" in str(told["what"])) == (Observation.FAILED, True)


def test_half_a_fleet_is_finished_and_nobody_is_aborted_twice(world: World) -> None:
    whole, part = world.context(asked(*ALL)), world.context(asked(HOME[0]))
    request = world.driver.prepare(whole)
    world.driver.dispatch(part, world.driver.prepare(part))
    assert world.driver.observe(whole, request)[0] is Observation.ABSENT
    assert world.driver.dispatch(whole, request)[0] is Observation.DONE
    assert [len([1 for *_, sub in writes.sent if sub == "status"]) for writes in world.writes] == [2, 1]
    assert world.driver.observe(whole, request)[0] is Observation.DONE


def test_one_that_its_own_analysis_aborts_in_between_is_as_promised(world: World) -> None:
    context = world.context(asked(HOME[0]))
    request = world.driver.prepare(context)
    home, real = world.clusters.home, world.clusters.home.act

    def first(*args: Any, **more: Any) -> Any:
        real(*args, **more)
        raise StateError("It is aborted already.")

    home.act = first  # type: ignore[method-assign]  # the controller is quicker
    observation, facts = world.driver.dispatch(context, request)
    assert observation is Observation.DONE, facts


def test_a_member_that_is_gone_does_not_keep_the_others(world: World) -> None:
    context = world.context(asked(*ALL))
    request = world.driver.prepare(context)
    store = world.writes[0].cluster.store
    del store[next(k for k in store if k[0].kind == "Rollout" and k[1] == "two")]
    observation, facts = world.driver.dispatch(context, request)
    assert observation is Observation.FAILED
    assert "2 of 3" in str(facts["what"])
    assert aborted(world) == {HOME[0]: True, EAST: True}


def test_a_fleet_at_rest_has_nothing_to_abort(world: World) -> None:
    context = world.context(asked(HOME[0]))
    world.driver.dispatch(context, world.driver.prepare(context))
    with pytest.raises(StateError, match="None of the Rollouts"):
        world.driver.dispatch(context, world.driver.prepare(context))
    (denied,) = world.plans.judge(asked(HOME[0]), world.plans.plan(asked(HOME[0])))
    assert denied.result.value == "deny"


def test_the_plan_holds_while_a_cluster_is_down_and_says_so(world: World) -> None:
    change = world.planned(asked(*ALL))
    draft = world.plans.plan(change)
    assert draft.tier == "prod"  # what a channel says of a namespace holds for its own cluster only
    assert world.plans.plan(asked(*HOME)).tier == "staging"
    assert draft.summary["in progress"] == ", ".join(ALL)
    world.east.down = True
    assert world.plans.plan(change) == draft
    (verdict,) = world.plans.judge(change, draft)
    assert verdict.result.value == "warn"
    assert f"{EAST} can't be read" in verdict.reasons[0].text


def test_a_member_that_could_not_be_reached_when_it_was_approved_may_come_back(world: World) -> None:
    world.east.down = True
    change = world.planned(asked(*ALL, silent=("west",)))
    assert change.plan is not None
    assert change.plan.summary["not reached"] == EAST
    assert change.plan.summary["clusters that did not answer"] == "west"
    world.east.down = False
    approved = replace(change, state=State.APPROVED)
    assert world.plans.plan(approved).facts == change.plan.facts
    assert world.plans.plan(change).facts != change.plan.facts  # a plan that is asked for is a fresh one
    context = world.context(approved)
    back = cast("dict[str, Any]", world.driver.dispatch(context, world.driver.prepare(context))[1]["read_back"])
    assert [key for key, row in back.items() if row["reached"]] == list(ALL)


def test_bad_members_are_said_to_be(world: World) -> None:
    for members in ((), ("api",), ("one/",), ("/one/api",)):
        with pytest.raises(InputError):
            world.plans.plan(asked(*members))
    with pytest.raises(InputError, match="There is no cluster 'mars' for fleets"):
        world.plans.plan(asked(*HOME, "mars/one/api"))
    with pytest.raises(NotFoundError):
        world.plans.plan(asked("one/other"))
