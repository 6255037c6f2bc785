"""A rollout in people's words."""

from __future__ import annotations

from dataclasses import replace

import pytest

from conductor_core.domain.rollout_words import red, replicas, step_now, why
from conductor_core.domain.rollouts import Phase, Rollout, Step
from tests.unit.domain.test_rollout_acts import PAUSED, moving

ABORT = "RolloutAborted: Rollout aborted update to revision 2"
ANALYSED = (
    'Step-based analysis phase error/failed: Metric "success-rate" assessed Failed due to failed (1) > failureLimit (0)'
)
HELD = replace(moving(), pauses=PAUSED, step=1, steps=(Step("weight", ""), Step("pause", ""), Step("weight", "")))


@pytest.mark.parametrize(
    ("rollout", "words"),
    [
        (HELD, "step 2 waits for a person"),
        (replace(HELD, step=0), "a timed pause"),
        (replace(HELD, paused_by_hand=True), "paused by hand"),
        (replace(HELD, step=0, steps=(Step("pause", "", seconds=30),)), "a timed pause of 30 s"),
        (replace(HELD, aborted=True, message="RolloutAborted: metric failed"), "metric failed"),
        (replace(HELD, aborted=True, message=f"{ABORT}: Metric failed"), "Metric failed"),
        (
            replace(HELD, aborted=True, message=f"{ABORT}: {ANALYSED}"),
            "success-rate: 1 of its measurements failed, 0 may",
        ),
        (replace(HELD, aborted=True, message=ABORT), "It was aborted by hand."),
    ],
)
def test_the_controllers_names_become_words(rollout: Rollout, words: str) -> None:
    assert why(rollout) == words


def test_the_step_counts_from_one_while_something_moves() -> None:
    assert step_now(HELD) == "2 of 3"
    assert step_now(replace(HELD, aborted=True)) == ""


@pytest.mark.parametrize(("available", "words"), [(1, "1 of 2"), (2, "2 of 2"), (3, "2 of 2 + 1")])
def test_replicas_that_a_wave_adds_are_told_apart(available: int, words: str) -> None:
    assert replicas(replace(HELD, wanted=2, available=available)) == words


def test_red_is_aborted_or_degraded() -> None:
    assert not red(HELD)
    assert red(replace(HELD, aborted=True))
    assert red(replace(HELD, phase=Phase.DEGRADED))
