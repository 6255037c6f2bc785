"""Operations found half done become what was observed, and nothing else."""

from __future__ import annotations

from datetime import timedelta

import pytest

from conductor_core.domain.operations import Observation, Operation, OperationState, resume
from tests.fakes.domain import NOW


@pytest.mark.parametrize(
    ("seen", "becomes"),
    [
        (Observation.DONE, OperationState.SUCCEEDED),
        (Observation.FAILED, OperationState.FAILED),
        (Observation.UNCLEAR, OperationState.UNKNOWN),
        (Observation.ABSENT, None),
    ],
)
def test_only_what_is_proved_absent_may_be_dispatched(seen: Observation, becomes: OperationState | None) -> None:
    assert resume(seen) is becomes


def test_every_observation_is_decided() -> None:
    assert [seen for seen in Observation if resume(seen) is None] == [Observation.ABSENT]
    assert OperationState.STARTED not in {resume(seen) for seen in Observation}


def test_finishing_changes_the_ending_alone() -> None:
    started = Operation("chg-1", "helm", "helm.upgrade", {"release": "x"}, OperationState.STARTED, NOW, dispatches=2)
    ended = started.finished(OperationState.FAILED, {"revision": 4}, NOW + timedelta(seconds=3))
    assert ended == Operation(
        "chg-1",
        "helm",
        "helm.upgrade",
        {"release": "x"},
        OperationState.FAILED,
        NOW,
        NOW + timedelta(seconds=3),
        2,
        {"revision": 4},
    )
    assert started.state is OperationState.STARTED
