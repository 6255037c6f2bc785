"""What a Change waits for, and whether it waits for this actor: the order of the queue in which people look at it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from conductor_core.domain.actors import Actor
from conductor_core.domain.changes import RUNNING, Change, State
from conductor_core.domain.emergencies import Emergency
from conductor_core.errors import AccessDeniedError
from conductor_core.services.access import Action, Resource, authorize

GRACE = timedelta(seconds=8)
_FOR_A_WORKER = frozenset({State.REQUESTED, State.APPROVED, *RUNNING})


def denied(actor: Actor, action: Action, change: Change) -> AccessDeniedError | None:
    """Why the actor may not do that to the Change; None when access allows it."""
    try:
        authorize(actor, action, Resource("change", change.id, change.requester.key))
    except AccessDeniedError as refusal:
        return refusal
    return None


def waits_for(change: Change) -> str:
    """What has to happen next, in a few words; empty when it has ended."""
    missing = change.approvals_required - change.approvals_given
    return {
        State.REQUESTED: "the worker, to plan it",
        State.DENIED: "a wave to end" if change.queued else "its requester",
        State.AWAITING_APPROVAL: f"{missing} approval{'s' if missing != 1 else ''}",
        State.APPROVED: "the worker, to run it",
        State.EXECUTING: "its run",
        State.VALIDATING: "its checks",
        State.UNKNOWN: "a captain, to settle it",
    }.get(change.state, "")


def for_a_worker(change: Change, now: datetime) -> bool:
    """Whether it has waited for a worker longer than one that lives lets it wait."""
    return change.state in _FOR_A_WORKER and now - change.updated_at > GRACE


def needs(change: Change, actor: Actor) -> str:
    """What it needs from this actor, as a verb phrase; empty when nothing."""
    mine = change.requester.key == actor.key
    if change.state is State.AWAITING_APPROVAL and not mine and not denied(actor, Action.APPROVE, change):
        given = any(a.actor.key == actor.key and a.plan_digest == change.plan_digest for a in change.approvals)
        return "" if given else "approve or reject"
    if change.state is State.DENIED and mine and not change.queued:
        return "mend and plan again, or cancel"
    if change.state is State.UNKNOWN and not denied(actor, Action.SETTLE, change):
        return "look at the target and settle"
    return ""


def mine_first(changes: Sequence[Change], actor: Actor, unreviewed: Sequence[Emergency]) -> list[tuple[Change, str]]:
    """The Changes that need this actor, the one that waits longest first, each with what it needs.

    `unreviewed`: emergencies, which need somebody other than who declared them after they have ended.
    """
    found = [(change, need) for change in changes if (need := needs(change, actor))]
    found += [(e.change, "review it") for e in unreviewed if not denied(actor, Action.REVIEW, e.change)]
    return sorted(found, key=lambda pair: pair[0].updated_at)
