"""Approvals count people, for exactly one plan, never the requester, and never again once void."""

from __future__ import annotations

from dataclasses import replace

from conductor_core.domain.approvals import Approval, count_valid, valid, voided
from tests.fakes.domain import APPROVER, CAPTAIN, NOW, REQUESTER

YES = Approval(APPROVER, "sha256:a", "fine", NOW)


def test_different_people_count_once_each() -> None:
    twice = replace(YES, actor=replace(APPROVER, subject="Ａpprover\u200b"))
    assert count_valid([YES, twice, replace(YES, actor=CAPTAIN)], "sha256:a", REQUESTER) == 2


def test_only_this_plan_counts() -> None:
    assert count_valid([YES, replace(YES, actor=CAPTAIN, plan_digest="sha256:b")], "sha256:a", REQUESTER) == 1
    assert count_valid([YES], "", REQUESTER) == 0


def test_the_requester_never_counts_however_spelled() -> None:
    sly = replace(REQUESTER, subject=" REQUESTER\u2060", issuer="LOCAL/", name="Somebody Else")
    assert valid([replace(YES, actor=sly)], "sha256:a", REQUESTER) == ()


def test_a_void_approval_stays_void_when_the_plan_returns() -> None:
    gone = voided([YES], "sha256:b")
    assert [a.void for a in gone] == [True]
    assert voided(gone, "sha256:a") == gone
    assert count_valid(gone, "sha256:a", REQUESTER) == 0
    assert voided([YES], "sha256:a") == (YES,)
