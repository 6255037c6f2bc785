"""Rollouts as the API gives them: weights, waves, phases."""

from __future__ import annotations

from typing import Any

import pytest

from conductor_core.domain.rollouts import WAVE_NAMES, Phase, parse
from conductor_core.errors import InputError
from tests.fakes.rollouts import manifest

STEPS = [
    {"setWeight": 10},
    {"pause": {"duration": "1m30s"}},
    {"analysis": {"templates": [{"templateName": "ok"}]}},
    {"experiment": {"duration": "60s", "analyses": [{"templateName": "ok"}]}},
    {"setWeight": 50},
    {"setCanaryScale": {"weight": 20}},
    {"setWeight": 100},
]


def raw(step: int, **status: Any) -> dict[str, Any]:
    body = manifest("shop", steps=STEPS, replicas=10)
    body["metadata"] |= {"generation": 3}
    body["status"] = {
        "stableRS": "old",
        "currentPodHash": "new",
        "currentStepIndex": step,
        "observedGeneration": "3",
        "replicas": 10,
        "updatedReplicas": 1,
        "availableReplicas": 10,
        "phase": "Progressing",
        **status,
    }
    return body


@pytest.mark.parametrize(("step", "weight"), [(0, 10), (2, 10), (4, 50), (6, 100), (7, 100)])
def test_the_weight_is_that_of_the_last_weight_step(step: int, weight: int) -> None:
    assert parse(raw(step)).weight == weight


def test_aborted_has_no_weight_and_done_has_all() -> None:
    assert parse(raw(0, abort=True)).weight == 0
    assert not parse(raw(0, abort=True)).moving
    assert parse(raw(7, stableRS="new")).weight == 100


def test_the_actual_weight_is_that_of_pods_or_of_the_router() -> None:
    assert parse(raw(4)).actual == 10
    routed = raw(4, canary={"weights": {"canary": {"weight": 47}}})
    routed["spec"]["strategy"]["canary"]["trafficRouting"] = {"nginx": {}}
    assert parse(routed).actual == 47


def test_each_step_has_a_wave_and_its_words() -> None:
    steps = parse(raw(0)).steps
    assert [s.wave for s in steps] == ["canary", "canary", "canary", "baseline", "canary", "canary", "full"]
    assert [s.kind for s in steps][3:6] == ["experiment", "weight", "setCanaryScale"]
    assert steps[1].seconds == 90
    assert parse(raw(3)).wave == "baseline"
    assert [parse(raw(at)).wave for at in (4, 6, 7)] == ["canary", "full", "full"], "half of the users are not all"


@pytest.mark.parametrize(
    ("told", "at_half"),
    [
        ("canary,canary,canary,baseline,full,full,full", "full"),
        ("canary, canary, canary, canary, baseline, baseline, full", "baseline"),
        ("canary,full", "canary"),  # of other steps
        ("canary,canary,canary,baseline,half,half,full", "canary"),  # no wave of ours
        ("", "canary"),
    ],
)
def test_a_chart_says_the_wave_of_each_step(told: str, at_half: str) -> None:
    body = raw(4)
    body["metadata"]["annotations"] = {WAVE_NAMES: told}
    assert parse(body).wave == at_half


def test_what_the_controller_has_not_seen_is_progress() -> None:
    assert parse(raw(0, observedGeneration="2", phase="Healthy")).phase is Phase.PROGRESSING
    assert parse(raw(1, controllerPause=True, phase="Paused")).unpausing
    assert parse(raw(0, phase="SomethingNew")).message == "SomethingNew"


def test_an_empty_object_is_none() -> None:
    with pytest.raises(InputError):
        parse({})
    bare = parse({"metadata": {"name": "x"}, "spec": None, "status": [1]})
    assert (bare.steps, bare.wanted, bare.in_progress) == ((), 1, False)
