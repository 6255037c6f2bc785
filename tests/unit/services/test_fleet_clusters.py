"""Clusters are listed side by side; one that does not answer is named, and left alone for a while."""

from __future__ import annotations

from typing import Any, cast

from conductor_core.services.fleet_clusters import AGAIN_AFTER
from tests.unit.services.test_fleet_abort import ALL, World, world

__all__ = ["world"]


def test_rollouts_of_every_cluster_say_where_they_are(world: World) -> None:
    found = world.clusters.all()
    assert [r.id for r in found.rollouts] == list(ALL)
    assert [r.cluster for r in found.rollouts] == ["", "", "arn:eu/east"]
    assert found.silent == ()


def test_a_silent_cluster_is_named_and_not_asked_again_at_once(world: World) -> None:
    world.east.down = True
    assert world.clusters.all().silent == ("arn:eu/east",)
    asked = world.east.asked
    assert [r.cluster for r in world.clusters.all().rollouts] == ["", ""]
    assert world.east.asked == asked
    world.east.down = False
    world.clock += AGAIN_AFTER
    assert world.clusters.all().silent == ()


def test_a_place_leads_to_its_cluster(world: World) -> None:
    assert world.clusters.of("") is world.clusters.home
    assert world.clusters.of("arn:eu/east") is cast(Any, world.east)
