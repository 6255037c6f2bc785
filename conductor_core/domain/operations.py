"""Operations: one act on the world, written down before and after; found half done, it is observed, not repeated."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum


class OperationState(StrEnum):
    """`started` is written before dispatch; the others say how it ended."""

    STARTED = "started"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    UNKNOWN = "unknown"


class Observation(StrEnum):
    """What observing a started operation found in the world."""

    DONE = "done"
    """It happened and succeeded."""
    FAILED = "failed"
    """It happened and failed."""
    ABSENT = "absent"
    """It did not happen, and whoever started it is proved dead: it may be dispatched."""
    UNCLEAR = "unclear"
    """It can't be told: a person has to settle it."""


@dataclass(frozen=True)
class Operation:
    """One row: `key` is unique in its Change; `dispatches` counts how often the act was sent to the world."""

    change_id: str
    key: str
    kind: str
    request: dict[str, object]
    state: OperationState
    started_at: datetime
    finished_at: datetime | None = None
    dispatches: int = 1
    result: dict[str, object] = field(default_factory=dict)

    def finished(self, state: OperationState, result: dict[str, object], now: datetime) -> Operation:
        """The same operation, ended."""
        return replace(self, state=state, result=result, finished_at=now)


def resume(observation: Observation) -> OperationState | None:
    """What a half-done operation becomes after it was observed; None: it never happened and may be dispatched."""
    return {
        Observation.DONE: OperationState.SUCCEEDED,
        Observation.FAILED: OperationState.FAILED,
        Observation.UNCLEAR: OperationState.UNKNOWN,
        Observation.ABSENT: None,
    }[observation]
