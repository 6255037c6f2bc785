"""What the recorder keeps of rollouts: each step, measurement and sync once, also over a restart."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from conductor_core.domain.rollout_facts import MEASURED, STEPPED, SYNCED
from conductor_core.domain.rollouts import ROLLOUT
from conductor_core.ports.audit_database import Position
from conductor_core.services.audit_projection import project
from conductor_core.services.rollout_recorder import RolloutRecorder
from tests.fakes.argocd import raw_application
from tests.pages import delivery_worlds
from tests.pages.delivery_worlds import STEPS, World


@pytest.fixture
def world(tmp_path: Path) -> World:
    made = delivery_worlds.world(tmp_path)
    made.put("shop", "1.0.0", steps=STEPS)
    return made


def recorder(world: World) -> RolloutRecorder:
    return RolloutRecorder(world.conductor.delivery, world.conductor.memory, world.conductor.ledger, live=False)


def types(world: World, subject: str = "rollout/shop/api") -> list[str]:
    return [row.event.type for row in world.conductor.memory.events(subject=subject)]


def test_steps_and_measurements_are_kept_once_and_a_restart_knows_them(world: World) -> None:
    first = recorder(world)
    assert first.once() == 1
    assert first.once() == 0
    world.player.verdicts["success-rate"] = "Failed"
    world.put("shop", "2.0.0", steps=STEPS)
    assert first.once() == 2
    assert types(world) == [STEPPED, MEASURED, STEPPED]
    assert recorder(world).once() == 0
    measured, now = (row.event.data for row in world.conductor.memory.events(subject="rollout/shop/api")[1:])
    assert (measured["value"], measured["threshold"], measured["missed_by"]) == ("0.7", "0.99", "0.29")
    assert (now["version"], now["phase"], now["weight"]) == ("2.0.0", "aborted", 0)


def test_a_step_that_comes_again_is_a_step(world: World) -> None:
    tail: tuple[dict[str, Any], ...] = ({"setWeight": 20}, {"pause": {}}, {"setWeight": 100})
    world.put("shop", "1.0.0", "lock", tail)
    world.put("shop", "2.0.0", "lock", tail)
    kept = recorder(world)
    kept.once()
    raw = world.cluster.store[(ROLLOUT, "shop", "lock")]
    for change in ({"abort": True}, {"abort": False, "currentStepIndex": 0}):
        raw["status"].update(change)
        raw["metadata"]["resourceVersion"] += "1"
        world.player.play()
        assert kept.once() == 1
    told = [row.event.data["phase"] for row in world.conductor.memory.events(subject="rollout/shop/lock")]
    assert told == ["paused", "aborted", "paused"]


def test_an_abort_is_told_until_nobody_has_the_new_version(world: World) -> None:
    tail: tuple[dict[str, Any], ...] = ({"setWeight": 20}, {"pause": {}}, {"setWeight": 100})
    world.put("shop", "1.0.0", "lock", tail)
    raw = world.put("shop", "2.0.0", "lock", tail)
    kept = recorder(world)
    kept.once()
    raw["status"].update(abort=True, phase="Degraded")  # seen while the pods of the new version still serve
    raw["metadata"]["resourceVersion"] += "1"
    assert kept.once() == 1
    world.player.play()
    raw["metadata"]["resourceVersion"] += "1"
    assert (kept.once(), kept.once()) == (1, 0)
    told = [row.event.data for row in world.conductor.memory.events(subject="rollout/shop/lock")]
    assert [(d["phase"], d["weight"]) for d in told] == [("paused", 20), ("aborted", 20), ("aborted", 0)]
    assert recorder(world).once() == 0


def test_syncs_are_kept_with_who_asked(world: World) -> None:
    state: dict[str, Any] = {"phase": "Succeeded", "finishedAt": "2026-11-24T10:00:00Z", "message": "ok"}
    state |= {"operation": {"initiatedBy": {"username": "ada"}}, "syncResult": {"revision": "c" * 40}}
    world.argocd.put(raw_application("shop-dev", "shop", operationState=state))
    kept = recorder(world)
    kept.once()
    assert kept.once() == 0
    assert types(world, "application/argocd/shop-dev") == [SYNCED]
    (row,) = world.conductor.memory.events(subject="application/argocd/shop-dev")
    assert (row.event.data["by"], row.event.data["pipeline"]) == ("ada", "shop")


def test_the_read_model_and_the_timeline_have_what_the_cluster_forgot(world: World) -> None:
    world.player.verdicts["success-rate"] = "Failed"
    world.put("shop", "2.0.0", steps=STEPS)
    recorder(world).once()
    rows = project(world.conductor.memory.events(), Position(), lambda *_: {}).rows
    (sample,) = rows["metric_samples"]
    assert (sample[-3], sample[-2], sample[-1]) == (0.7, 0.99, False)
    assert len(rows["rollout_steps"]) == 1
    live = world.conductor.timelines.of("shop", "api")
    world.cluster.store.clear()
    kept = world.conductor.timelines.of("shop", "api")
    assert [m.what for m in kept if m.source == "analysis"] == ["success-rate failed"]
    assert set(kept) <= set(live)
    assert "aborted at step 1 of 6" in kept[-1].what or "aborted at step 1 of 6" in kept[0].what
