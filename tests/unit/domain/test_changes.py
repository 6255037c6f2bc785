"""The Change as it is read: approvals, moments, states."""

from __future__ import annotations

from dataclasses import replace

import pytest

from conductor_core.domain.approvals import Approval
from conductor_core.domain.changes import BEFORE_EXECUTION, RUNNING, TERMINAL, Check, State, moments, moved
from conductor_core.domain.gates import QUEUED, Reason, Result, Verdict
from tests.fakes.domain import ALLOW, APPROVER, CAPTAIN, DENY, NOW, REQUESTER, change, plan


def test_every_state_is_of_one_sort() -> None:
    sorts = [TERMINAL, RUNNING, BEFORE_EXECUTION, {State.UNKNOWN}]
    assert all(sum(state in sort for sort in sorts) == 1 for state in State)


def test_without_a_plan_there_is_nothing_to_approve() -> None:
    assert change().plan_digest == ""
    assert change(approvals=(Approval(APPROVER, "", "", NOW),), plan=plan()).approvals_given == 0


def test_valid_approvals_are_those_of_the_present_plan() -> None:
    yes = Approval(APPROVER, plan().digest, "fine", NOW)
    others = (
        replace(yes, plan_digest="sha256:b"),
        replace(yes, actor=REQUESTER),
        replace(yes, actor=CAPTAIN, void=True),
    )
    assert change(plan=plan(), approvals=(yes, *others)).valid_approvals == (yes,)


def test_a_transition_counts_the_version_and_keeps_the_rest() -> None:
    before = change(version=4)
    after = moved(before, State.DENIED, NOW, notebook="n")
    assert after == replace(before, state=State.DENIED, version=5, updated_at=NOW, notebook="n")


@pytest.mark.parametrize(
    ("state", "fields", "word"),
    [
        (State.REQUESTED, {}, "current"),
        (State.DENIED, {}, "done failed"),
        (State.AWAITING_APPROVAL, {}, "done done current"),
        (State.REJECTED, {}, "done done failed"),
        (State.APPROVED, {}, "done done done current"),
        (State.EXECUTING, {}, "done done done current"),
        (State.VALIDATING, {}, "done done done done current"),
        (State.UNKNOWN, {}, "done done done failed"),
        (State.SUCCEEDED, {}, "done done done done done done"),
        (State.FAILED, {}, "failed"),
        (State.FAILED, {"plan": plan(), "notebook": "sha256:n"}, "done done done failed"),
        (State.FAILED, {"plan": plan(), "checks": (Check("pods", False, ""),)}, "done done done done failed"),
        (State.CANCELLED, {"plan": plan()}, "done done failed"),
    ],
)
def test_moments(state: State, fields: dict[str, object], word: str) -> None:
    states = moments(change("chg-01", state=state, **fields)).states
    assert [s for s in states if s != "ahead"] == word.split()
    assert len(states) == len(moments(change()).names)


def test_what_only_waits_for_a_wave_is_queued_and_not_denied() -> None:
    held = Verdict("waves", Result.DENY, (Reason(QUEUED, "A wave runs."),), 1)
    waits = change(state=State.DENIED, verdicts=(ALLOW, held))
    both = change(state=State.DENIED, verdicts=(DENY, held))
    assert (waits.queued, waits.standing, moments(waits).states[1]) == (True, "queued", "current")
    assert (both.queued, both.standing, moments(both).states[1]) == (False, "denied", "failed")
    ended = change(state=State.CANCELLED, verdicts=(held,))
    assert (ended.queued, ended.standing) == (False, "cancelled")


@pytest.mark.parametrize("state", State)
def test_every_state_has_moments(state: State) -> None:
    assert set(moments(change(state=state)).states) - {"ahead"}
