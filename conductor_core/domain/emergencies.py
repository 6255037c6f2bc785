"""Emergencies: acts that nobody approved beforehand, said loudly in the record, reviewed afterwards by others."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from conductor_core.domain.actors import Actor
from conductor_core.domain.changes import Change, State
from conductor_core.domain.events import Fact

DECLARED = "conductor.emergency.declared.v1"
REVIEWED = "conductor.emergency.reviewed.v1"
NOTHING_DONE = frozenset({State.DENIED, State.REJECTED, State.CANCELLED})
"""States in which nothing was done, so that nobody need say whether it was right."""


@dataclass(frozen=True)
class Emergency:
    """One emergency: its Change, and what was said about it afterwards ('' while nobody has)."""

    change: Change
    reviewed_by: str = ""
    justified: bool = False
    word: str = ""
    at: datetime | None = None

    @property
    def waits(self) -> bool:
        """Whether somebody else still has to say whether it was right."""
        return not self.reviewed_by and self.change.state not in NOTHING_DONE

    @property
    def standing(self) -> str:
        """How it stands, in a few words."""
        if not self.reviewed_by:
            return "not reviewed yet" if self.waits else "nothing was done"
        return "approved afterwards" if self.justified else "found not justified afterwards"

    def as_json(self) -> dict[str, object]:
        """Plain JSON."""
        at = self.at.isoformat() if self.at else None
        told = {"standing": self.standing, "reviewed_by": self.reviewed_by, "justified": self.justified}
        return {**told, "word": self.word, "reviewed_at": at}


def declared(change: Change) -> Fact:
    """The fact that an act is done before anybody has approved it."""
    return Fact(
        DECLARED,
        {
            "runbook": change.runbook,
            "target": change.target,
            "by": change.requester.key,
            "reason": change.reason,
            "approved_beforehand": False,
        },
    )


def reviewed(change: Change, actor: Actor, word: str, *, justified: bool) -> Fact:
    """The fact that somebody else has looked at it afterwards."""
    return Fact(
        REVIEWED,
        {"change": change.id, "by": actor.key, "justified": justified, "word": word, "requester": change.requester.key},
    )


def subject_of(change_id: str) -> str:
    """What a review is about; the Change's own record is sealed when it ends."""
    return f"emergency/{change_id}"


def gives_way(change_id: str) -> str:
    """The words with which something on the target of that emergency stops."""
    return f"it gives way to the emergency {change_id}"
