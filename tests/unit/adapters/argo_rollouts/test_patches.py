"""The patches of acts are those of Argo Rollouts' own command line."""

from __future__ import annotations

from dataclasses import replace

import pytest

from conductor_core.adapters.argo_rollouts.patches import Patches, patches
from conductor_core.domain.rollout_acts import Act
from conductor_core.domain.rollouts import parse
from tests.unit.domain.test_rollout_acts import moving
from tests.unit.domain.test_rollouts import raw


@pytest.mark.parametrize(
    ("act", "sent"),
    [
        (Act.PROMOTE, Patches({"pauseConditions": None})),
        (Act.RESUME, Patches({"pauseConditions": None})),
        (Act.PROMOTE_FULL, Patches({"promoteFull": True})),
        (Act.SKIP, Patches({"currentStepIndex": 2})),
        (Act.PAUSE, Patches(spec={"paused": True})),
        (Act.ABORT, Patches({"abort": True})),
        (Act.RETRY, Patches({"abort": False})),
        (Act.RESTART, Patches(spec={"restartAt": "2026-11-24T10:00:00Z"})),
    ],
)
def test_a_held_rollout(act: Act, sent: Patches) -> None:
    assert patches(moving(), act, "2026-11-24T10:00:00Z") == sent


def test_a_pause_by_hand_is_ended_too() -> None:
    assert patches(moving(paused_by_hand=True), Act.PROMOTE).spec == {"paused": False}
    assert patches(moving(paused_by_hand=True), Act.PROMOTE_FULL).spec == {"paused": False}


def test_a_pause_of_its_step_is_ended_last_and_a_step_set_first() -> None:
    held, running = moving(paused_by_hand=True), replace(parse(raw(2)), paused_by_hand=True)
    assert [where for where, _ in patches(held, Act.RESUME).in_order] == ["", "status"]
    assert [where for where, _ in patches(held, Act.PROMOTE).in_order] == ["", "status"]
    assert [where for where, _ in patches(running, Act.PROMOTE).in_order] == ["status", ""]
    assert patches(moving(), Act.PAUSE).in_order == [("", {"spec": {"paused": True}})]


def test_an_inconclusive_analysis_is_left_behind() -> None:
    sent = patches(moving(inconclusive=True), Act.PROMOTE).status
    assert sent == {"pauseConditions": None, "controllerPause": False, "currentStepIndex": 2}


def test_in_the_middle_of_a_step_the_next_one_is_set() -> None:
    running = parse(raw(2))
    assert patches(running, Act.PROMOTE).status == {"pauseConditions": None, "currentStepIndex": 3}
    assert patches(replace(running, step=7), Act.SKIP).status == {"currentStepIndex": 7}


def test_an_abort_takes_back_a_full_promotion_which_the_controller_would_prefer() -> None:
    """argo-rollouts #4461: the controller ignores an abort while a full promotion is asked for."""
    assert patches(moving(promote_full=True), Act.ABORT).status == {"abort": True, "promoteFull": False}
