"""Operations: one act on the world, written down before and after; found half done, it is observed, not repeated."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum

from conductor_core.domain.canonical import digest_bytes
from conductor_core.domain.events import Fact


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


def fact_of(operation: Operation, name: str) -> Fact:
    """The fact that the operation has become `name`; what it was asked and came to is named by digest."""
    request, result = (recorded(side) for side in (operation.request, operation.result))
    return Fact(
        f"conductor.operation.{name}.v1",
        {
            "key": operation.key,
            "kind": operation.kind,
            "dispatches": operation.dispatches,
            "request": digest_bytes(request) if request else "",
            "result": digest_bytes(result) if result else "",
        },
    )


def recorded(side: Mapping[str, object]) -> bytes:
    """The bytes that a digest of a request or result names, nothing for an empty one: sorted, compact JSON, which may
    hold fractions, as the canonical form may not."""
    return json.dumps(side, sort_keys=True, separators=(",", ":")).encode("utf-8") if side else b""


def resume(observation: Observation) -> OperationState | None:
    """What a half-done operation becomes after it was observed; None: it never happened and may be dispatched."""
    return {
        Observation.DONE: OperationState.SUCCEEDED,
        Observation.FAILED: OperationState.FAILED,
        Observation.UNCLEAR: OperationState.UNKNOWN,
        Observation.ABSENT: None,
    }[observation]
