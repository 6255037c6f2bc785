"""Approvals: each names the plan digest that it was given to; the requester never approves (security rules 2 and 5)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from conductor_core.domain.actors import Actor


@dataclass(frozen=True)
class Approval:
    """One person's yes to one plan. `at` is in UTC; `void` is set, for ever, once the plan has become another one."""

    actor: Actor
    plan_digest: str
    reason: str
    at: datetime
    void: bool = False


def valid(approvals: Iterable[Approval], plan_digest: str, requester: Actor) -> tuple[Approval, ...]:
    """The approvals of exactly this plan that aren't void, by anybody but the requester."""
    return tuple(a for a in approvals if not a.void and a.plan_digest == plan_digest and a.actor.key != requester.key)


def count_valid(approvals: Iterable[Approval], plan_digest: str, requester: Actor) -> int:
    """How many different people, other than the requester, approved exactly this plan."""
    return len({a.actor.key for a in valid(approvals, plan_digest, requester)})


def voided(approvals: Iterable[Approval], plan_digest: str) -> tuple[Approval, ...]:
    """The approvals after the plan got that digest: those of another plan are void, also if that plan comes back."""
    return tuple(a if a.plan_digest == plan_digest else replace(a, void=True) for a in approvals)
