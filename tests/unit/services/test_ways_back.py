"""The way back from a failed rollout: filled in from it, requested as the Change that it is, or why there is none."""

from __future__ import annotations

from pathlib import Path

import pytest

from conductor_core.errors import AccessDeniedError, NotFoundError, StateError
from tests.fakes.conductor import RUNBOOKS, FakeConductor
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


def test_an_emergency_takes_the_break_glass_role(conductor: FakeConductor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(RUNBOOKS, "emergency_rollback", delivery_worlds.EMERGENCY_ROLLBACK)
    place, back = ("intelgraph-dev", "intelgraph"), conductor.desk.ways_back
    with pytest.raises(AccessDeniedError):
        back.request(conductor.actor("requester"), *place, emergency=True)
    change = back.request(conductor.actor("captain"), *place, emergency=True)
    assert (change.runbook, change.parameters["to_revision"]) == ("emergency_rollback", 1)


def test_what_argo_cd_owns_goes_back_to_the_newest_commit_that_is_not_in_quarantine(tmp_path: Path) -> None:
    made = delivery_worlds.owned(tmp_path)
    conductor, shop = made.conductor, made.argocd.store["platform-0"]["status"]
    good, bad = (entry["revision"] for entry in shop["history"])
    verdict = conductor.delivery.verdict("intelgraph-dev", "intelgraph")
    found = conductor.desk.ways_back.of(*verdict)
    assert (found.runbook, found.application, found.to_version) == ("revert_release", "platform-0", "4.5.6")
    assert found.parameters["to_commit"] == good
    assert "success-rate must be >= 0.99" in found.reason
    assert found.emergency == "emergency_revert"
    # the one that was synced before is known to be bad, and one before cannot be rendered here
    newest = conductor.repository.push("dev", {"helm/intelgraph/values-dev.yaml": b"size: 9\n"})
    conductor.releases.refresh()
    shop["sync"]["revision"] = newest
    shop["history"] = [{"id": n, "revision": sha} for n, sha in enumerate((good, "f" * 40, bad, newest))]
    conductor.quarantines.add(conductor.requested(), "intelgraph", "dev", "1.4.4")
    assert conductor.desk.ways_back.of(*verdict).parameters["to_commit"] == good
    shop["history"] = shop["history"][2:]
    with pytest.raises(NotFoundError, match="can be gone back to") as caught:
        conductor.desk.ways_back.of(*verdict)
    assert "1.4.4, which is in quarantine" in caught.value.why
    shop["history"] = shop["history"][1:]
    with pytest.raises(NotFoundError, match="never synced to another commit"):
        conductor.desk.ways_back.of(*verdict)


def test_what_no_channel_declares_or_is_well_has_no_rollback(conductor: FakeConductor) -> None:
    back = conductor.desk.ways_back
    with pytest.raises(NotFoundError, match="No channel declares"):
        back.of(*conductor.delivery.verdict("ledger-prod", "ledger"))
    with pytest.raises(StateError, match="is well"):
        back.of(*conductor.delivery.verdict("search-prod", "search"))
