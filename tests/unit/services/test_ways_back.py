"""The way back from a failed rollout: filled in from it, requested as the Change that it is, or why there is none."""

from __future__ import annotations

from pathlib import Path

import pytest

from conductor_core.errors import NotFoundError, StateError
from tests.fakes.conductor import FakeConductor
from tests.pages import delivery_worlds


@pytest.fixture
def conductor(tmp_path: Path) -> FakeConductor:
    made = delivery_worlds.busy(tmp_path).conductor
    made.helm.upgrade(made.releases.chart_request("intelgraph", "dev"), "chg-second")
    return made


def test_the_rollback_is_filled_in_with_the_threshold_that_was_missed(conductor: FakeConductor) -> None:
    change = conductor.desk.ways_back.request(conductor.actor("requester"), "intelgraph-dev", "intelgraph")
    assert change.runbook == "rollback_release"
    assert (change.parameters["to_revision"], change.parameters["quarantine"]) == (1, True)
    assert "success-rate must be >= 0.99 and was 0.7" in change.reason
    said = conductor.desk.ways_back.request(conductor.actor("requester"), "intelgraph-dev", "intelgraph", "my words")
    assert said.reason == "my words"


def test_what_no_channel_declares_or_is_well_has_no_rollback(conductor: FakeConductor) -> None:
    back = conductor.desk.ways_back
    with pytest.raises(NotFoundError, match="No channel declares"):
        back.of(*conductor.delivery.verdict("ledger-prod", "ledger"))
    with pytest.raises(StateError, match="is well"):
        back.of(*conductor.delivery.verdict("search-prod", "search"))
