"""Emergencies: acts that nobody approved beforehand, said loudly in the record, reviewed afterwards by others."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from conductor_core.domain.actors import Actor
from conductor_core.domain.changes import Change
from conductor_core.domain.events import Fact

DECLARED = "conductor.emergency.declared.v1"
REVIEWED = "conductor.emergency.reviewed.v1"


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
        return not self.reviewed_by


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
