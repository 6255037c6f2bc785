"""Clusters are listed side by side; one that does not answer is named, left alone for a while, and slows nobody."""

from __future__ import annotations

import time
from threading import Event
from typing import Any, cast

import pytest

from conductor_core.domain.fleets import Member
from conductor_core.errors import NotFoundError, UnreachableError
from conductor_core.services.fleet_clusters import AGAIN_AFTER, FleetClusters
from tests.unit.services.test_fleet_abort import ALL, World, world

__all__ = ["world"]
FAR = "arn:eu/east"


def test_rollouts_of_every_cluster_say_where_they_are(world: World) -> None:
    found = world.clusters.all()
    assert [r.id for r in found.rollouts] == list(ALL)
    assert [r.cluster for r in found.rollouts] == ["", "", FAR]
    assert (found.clusters, found.silent) == ((FAR,), ())


def test_a_silent_cluster_is_named_and_not_asked_again_at_once(world: World) -> None:
    world.east.down = True
    assert world.clusters.all().why == {FAR: "The cluster of the context east did not answer. no route to host"}
    asked = world.east.asked
    assert [r.cluster for r in world.clusters.all().rollouts] == ["", ""]
    assert world.east.asked == asked
    world.east.down = False
    world.clock += AGAIN_AFTER
    assert world.clusters.all().silent == ()


def test_a_place_leads_to_its_cluster(world: World) -> None:
    assert world.clusters.of("") is world.clusters.home
    assert world.clusters.of(FAR) is cast(Any, world.east)


class Slow:
    """A cluster that answers when it is let."""

    def __init__(self, real: Any) -> None:
        self.real, self.let, self.asked = real, Event(), 0

    def all(self, namespace: str = "") -> Any:
        self.asked += 1
        assert self.let.wait(10)
        return self.real.all(namespace)

    def detail(self, namespace: str, name: str) -> Any:
        assert self.let.wait(10)
        return self.real.detail(namespace, name)


def test_a_slow_cluster_is_waited_for_once_and_listed_with_its_answer(world: World) -> None:
    slow = Slow(world.east)
    clusters = FleetClusters(world.clusters.home, {FAR: cast(Any, slow)}, lambda: world.clock)
    began = time.monotonic()
    found = clusters.all(patience=0.05)
    assert time.monotonic() - began < 5
    assert ([r.cluster for r in found.rollouts], found.silent) == (["", ""], (FAR,))
    assert found.why == {FAR: "It has not answered within 0.05 s."}
    world.clock += 1  # its time is up: it is not waited for again, nor asked once more
    assert clusters.all(patience=0.5).silent == (FAR,)
    assert slow.asked == 1
    slow.let.set()
    assert clusters.all().silent == ()  # an act waits for the answer itself
    slow.let.clear()
    late = clusters.all(patience=0.05)
    assert [r.cluster for r in late.rollouts] == ["", "", FAR]  # as it was a moment ago
    world.clock += AGAIN_AFTER
    assert clusters.all(patience=0.05).silent == (FAR,)
    slow.let.set()


def test_one_that_failed_before_is_asked_again_behind_the_list(world: World) -> None:
    world.east.down = True
    slow = Slow(world.east)
    slow.let.set()
    clusters = FleetClusters(world.clusters.home, {FAR: cast(Any, slow)}, lambda: world.clock)
    assert clusters.all(patience=5).silent == (FAR,)
    slow.let.clear()
    world.east.down = False
    world.clock += AGAIN_AFTER
    began = time.monotonic()
    assert clusters.all(patience=5).silent == (FAR,)
    assert time.monotonic() - began < 1
    slow.let.set()
    assert clusters.all().silent == ()


def test_a_detail_of_a_silent_cluster_fails_at_once_for_a_while(world: World) -> None:
    place = Member(FAR, "one", "api")
    assert world.clusters.detail(place).rollout.id == f"{FAR}/one/api"
    world.east.down = True
    for _ in range(2):
        with pytest.raises(UnreachableError, match="context east did not answer"):
            world.clusters.detail(place)
    assert world.east.asked == 2
    world.east.down = False
    with pytest.raises(UnreachableError):
        world.clusters.detail(place)
    assert world.clusters.all().silent == ()  # what answers a list is looked at again
    assert world.clusters.detail(place).rollout.cluster == FAR
    with pytest.raises(NotFoundError):
        world.clusters.detail(Member(FAR, "one", "nobody"))
    assert world.clusters.detail(place).rollout.cluster == FAR
    assert world.clusters.detail(Member("", "two", "api")).rollout.id == "two/api"


def test_a_detail_of_a_cluster_that_hangs_is_waited_for_so_long_and_no_longer(world: World) -> None:
    slow = Slow(world.east)
    clusters = FleetClusters(world.clusters.home, {FAR: cast(Any, slow)}, lambda: world.clock, look=0.05)
    place, began = Member(FAR, "one", "api"), time.monotonic()
    with pytest.raises(UnreachableError, match=r"within 0\.05 s"):
        clusters.detail(place)
    assert time.monotonic() - began < 5
    slow.let.set()
    world.clock += AGAIN_AFTER
    assert clusters.detail(place).rollout.id == f"{FAR}/one/api"


def test_a_bug_in_a_cluster_is_raised_and_not_taken_for_silence(world: World) -> None:
    class Broken:
        def all(self, namespace: str = "") -> Any:
            raise ZeroDivisionError

    clusters = FleetClusters(world.clusters.home, {FAR: cast(Any, Broken())}, lambda: world.clock)
    with pytest.raises(ZeroDivisionError):
        clusters.all()
