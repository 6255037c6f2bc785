"""Acts: refused when they would have no effect, and read back from what the Rollout shows."""

from __future__ import annotations

from dataclasses import replace

import pytest

from conductor_core.domain import rollout_acts as acts
from conductor_core.domain.rollout_acts import Act
from conductor_core.domain.rollouts import Phase, Rollout, parse
from conductor_core.errors import InputError
from tests.unit.domain.test_rollouts import raw

PAUSED = (("CanaryPauseStep", "2026-11-24T10:00:00Z"),)


def moving(**more: object) -> Rollout:
    return replace(parse(raw(1)), pauses=PAUSED, controller_pause=True, phase=Phase.PAUSED, **more)  # type: ignore[arg-type]  # fields by name


def test_an_abort_with_nothing_in_progress_is_refused_since_it_would_touch_stable() -> None:
    done = replace(moving(), stable_hash="new")
    assert "must not touch it" in acts.no_effect(done, Act.ABORT)
    first = replace(moving(), stable_hash="")
    assert acts.no_effect(first, Act.ABORT)


@pytest.mark.parametrize("act", [Act.PROMOTE, Act.PROMOTE_FULL, Act.SKIP, Act.PAUSE, Act.RESUME, Act.ABORT, Act.UNDO])
def test_a_held_rollout_takes_every_act_but_retry(act: Act) -> None:
    assert acts.no_effect(moving(), act) == ""
    assert acts.no_effect(moving(), Act.RETRY) == "It is not aborted."


@pytest.mark.parametrize("act", [Act.PROMOTE, Act.PROMOTE_FULL, Act.SKIP, Act.ABORT])
def test_an_aborted_one_is_retried_first(act: Act) -> None:
    aborted = moving(aborted=True)
    assert "aborted" in acts.no_effect(aborted, act)
    assert acts.no_effect(aborted, Act.RETRY) == ""


def test_the_rest_of_what_would_do_nothing() -> None:
    still = replace(moving(), pauses=(), stable_hash="new")
    assert acts.no_effect(still, Act.PROMOTE)
    assert acts.no_effect(still, Act.RESUME)
    assert acts.no_effect(moving(paused_by_hand=True), Act.PAUSE)
    assert acts.no_effect(moving(step=7), Act.SKIP)
    assert acts.no_effect(moving(strategy="blueGreen"), Act.SKIP)


def test_an_abort_is_reached_when_nobody_has_the_new_version() -> None:
    was = acts.before(moving())
    asked = acts.read_back(Act.ABORT, was, moving(aborted=True))
    assert (asked.happened, asked.reached) == (True, False)
    back = acts.read_back(Act.ABORT, was, moving(aborted=True, actual=0, updated=0))
    assert back.reached
    assert (back.word, asked.word) == ("as promised", "not finished")
    none = acts.read_back(Act.ABORT, was, moving())
    assert (none.happened, none.word) == (False, "no effect")


def test_a_restart_is_reached_when_every_replica_is_there_again_and_says_so() -> None:
    at = "2026-11-24T10:00:00Z"
    was = acts.before(moving(), at=at)
    asked = moving(restart_at=at, restarted_at=at, available=9)
    assert acts.read_back(Act.RESTART, was, asked).word == "not finished"
    back = acts.read_back(Act.RESTART, was, replace(asked, available=10))
    assert (back.word, back.expected) == ("as promised", f"10 pods made after {at}")
    assert "10 % (asked for 10 %), 1 new and 9 other of 10 replicas" in back.seen


def test_what_was_read_back_is_found_again_in_a_result_of_either_shape() -> None:
    back = acts.read_back(Act.ABORT, acts.before(moving()), moving())
    assert acts.read_backs({"read_back": back.as_json()}) == (("", back),)
    assert acts.read_backs({"read_back": {"one/api": back.as_json()}}) == (("one/api", back),)
    for other in ({}, {"read_back": "done"}, {"read_back": {"commit": "abc"}}, {"read_back": {"a": {"seen": "x"}}}):
        assert acts.read_backs(other) == ()


def test_a_promotion_that_the_controller_missed_has_not_been_reached() -> None:
    was = acts.before(moving())
    missed = replace(moving(), pauses=())
    assert missed.unpausing
    back = acts.read_back(Act.PROMOTE, was, missed)
    assert (back.happened, back.reached) == (True, False)
    assert "has not gone on" in back.seen
    assert acts.read_back(Act.PROMOTE, was, replace(missed, step=2)).reached
    assert acts.read_back(Act.PROMOTE, was, replace(missed, controller_pause=False)).reached
    assert not acts.read_back(Act.PROMOTE, was, moving()).happened


def test_a_step_that_is_paused_once_more_has_not_been_left() -> None:
    was = acts.before(moving(paused_by_hand=True))
    again = replace(moving(), pauses=((PAUSED[0][0], "2026-11-24T11:00:00Z"),))
    assert not acts.read_back(Act.RESUME, was, again).happened
    assert acts.read_back(Act.RESUME, was, replace(again, step=3)).reached


def test_a_promotion_in_the_middle_of_an_analysis_is_the_next_step() -> None:
    analysing = replace(moving(), pauses=(), controller_pause=False, step=2)
    was = acts.before(analysing)
    assert not acts.read_back(Act.PROMOTE, was, analysing).happened
    assert acts.read_back(Act.PROMOTE, was, replace(analysing, step=3)).reached


def test_what_is_kept_of_the_beginning_comes_back() -> None:
    was = acts.before(moving(), "old", "2026-11-24T10:00:00Z")
    assert acts.before_of({**was.as_facts(), "more": 1}) == was
    with pytest.raises(InputError):
        acts.before_of({"uid": "u"})
    with pytest.raises(InputError, match="promote-full"):
        acts.act_of("explode")
    assert acts.act_of("abort") is Act.ABORT


@pytest.mark.parametrize("act", list(Act))
def test_each_act_says_what_it_promises(act: Act) -> None:
    assert acts.promise(moving(), act).endswith(".")
    assert acts.read_back(act, acts.before(moving()), moving()).expected


def test_an_abort_that_leaves_users_on_the_new_version_is_not_called_done() -> None:
    """argo-rollouts #4841: with a router, dynamicStableScale and minPodsPerReplicaSet the weight never gets to 0."""
    was = acts.before(moving())
    left = replace(moving(), aborted=True, pauses=(), phase=Phase.DEGRADED, actual=23)
    back = acts.read_back(Act.ABORT, was, left)
    assert (back.happened, back.reached) == (True, False)
    assert "23 %" in back.seen
    assert acts.read_back(Act.ABORT, was, replace(left, actual=0, available=left.wanted)).reached
