"""Notices: what people who are elsewhere, and the pages' bell, are told about a Change; one kind for each."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from conductor_core.domain.changes import Change, State

KINDS: dict[State, tuple[str, str]] = {
    State.AWAITING_APPROVAL: ("approval-needed", "waits for {missing} approval{s}"),
    State.DENIED: ("denied", "is denied by a gate"),
    State.EXECUTING: ("started", "has started"),
    State.SUCCEEDED: ("succeeded", "is done"),
    State.FAILED: ("failed", "has failed"),
    State.UNKNOWN: ("unknown", "can't tell how it ended: a captain has to settle it"),
    State.REJECTED: ("rejected", "was rejected"),
}
"""The states that are worth a notice: its kind, and what it says."""
QUEUED = ("queued", "waits until a wave has ended")
"""What is told in place of a denial that ends by itself."""


@dataclass(frozen=True)
class Notice:
    """One notice; `link` leads to the Change. `detail` is one line, and holds no values."""

    kind: str
    title: str
    text: str
    detail: str
    link: str
    change: str
    at: datetime


def notice_of(change: Change, address: str) -> Notice | None:
    """What to tell of a Change in its present state; None when there is nothing. `address`: that of the workbench."""
    if change.state not in KINDS:
        return None
    kind, words = QUEUED if change.queued else KINDS[change.state]
    missing = max(0, change.approvals_required - change.approvals_given)
    told = words.format(missing=missing, s="" if missing == 1 else "s")
    return Notice(
        kind,
        change.title,
        f"{change.title} {told}.",
        _detail(change),
        f"{address.rstrip('/')}/changes?change={change.id}",
        change.id,
        change.updated_at,
    )


def _detail(change: Change) -> str:
    if change.state is State.AWAITING_APPROVAL and change.plan is not None:
        radius = change.plan.summary.get("blast radius", "")
        told = [f"asked by {change.requester.name}: {change.reason}", radius and f"blast radius: {radius}"]
        return " · ".join(part for part in told if part)
    if change.outcome is not None:
        return f"{change.outcome.what} {change.outcome.why}".strip()[:400]
    denied = [r.text for v in change.verdicts for r in v.denials]
    return " ".join(denied[:2])[:400] if change.state is State.DENIED else f"asked by {change.requester.name}"
