"""Approvals: each names the plan digest that it was given to; the requester never approves (security rules 2 and 5)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from conductor_core.domain.actors import Actor


@dataclass(frozen=True)
class Approval:
    """One person's yes to one plan. `at` is in UTC."""

    actor: Actor
    plan_digest: str
    reason: str
    at: datetime


def count_valid(approvals: Iterable[Approval], plan_digest: str, requester: Actor) -> int:
    """How many different people, other than the requester, approved exactly this plan."""
    return len({a.actor.key for a in approvals if a.plan_digest == plan_digest and a.actor.key != requester.key})
