"""The DORA measures from Changes on record: what ran, of which tier, and when its commit was made."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from conductor_core.domain import changes as c
from conductor_core.domain.changes import Change
from conductor_core.domain.plans import Plan
from conductor_core.errors import InputError, UnreachableError
from conductor_core.services.delivery_measures import DeliveryMeasures
from tests.fakes.conductor import FakeConductor, build
from tests.fakes.domain import ALLOW


@pytest.fixture
def conductor(tmp_path: Path) -> FakeConductor:
    return build(tmp_path)


def ran(conductor: FakeConductor, runbook: str, channel: str, commit: str = "", *, healthy: bool = True) -> Change:
    """A Change of that runbook that was carried out."""
    given: dict[str, object] = {"release": "intelgraph", "channel": channel}
    given |= {"to_revision": 1} if runbook == "rollback_release" else {}
    change = conductor.changes.request(conductor.actor("requester"), runbook, given, "as asked")
    facts = {"commit": commit} if commit else {}
    change = conductor.changes.apply(change.id, c.Planned(Plan((), facts, {}), (ALLOW,), 0))
    conductor.start(change.id)
    return conductor.finish(change.id, healthy=healthy)


def test_they_are_counted_from_the_record(conductor: FakeConductor) -> None:
    repository, clock = conductor.repository, conductor.clock
    commit = repository.resolve(repository.push("dev", {"helm/intelgraph/values-dev.yaml": b"size: 2\n"}))
    made = repository.log(commit, limit=1)[0].when
    found = DeliveryMeasures(conductor.memory, repository, clock)
    assert [m.value for m in found.of()] == [None] * 4
    first = ran(conductor, "deploy_release", "dev", commit)
    bad = ran(conductor, "deploy_release", "staging", "e" * 40, healthy=False)
    back = ran(conductor, "rollback_release", "staging")
    told = {m.name: m for m in found.of(3650)}
    assert told["change failure rate"].value == 0.5
    assert told["lead time"].value == (first.updated_at - made).total_seconds()
    assert told["time to restore"].value == (back.updated_at - bad.updated_at) / timedelta(seconds=1)
    assert {m.name: m.value for m in found.of(3650, tier="dev")}["change failure rate"] == 0.0
    assert {m.name: m.counted for m in found.of(3650, release="moon")}["change failure rate"] == 0
    assert found.tiers() == ["dev", "staging"]


def test_a_plan_that_failed_was_no_deployment(conductor: FakeConductor) -> None:
    change = conductor.changes.request(
        conductor.actor("requester"), "deploy_release", {"release": "intelgraph", "channel": "dev"}, "as asked"
    )
    conductor.changes.apply(change.id, c.PlanFailed(c.Outcome("The chart can't be rendered.")))
    found = DeliveryMeasures(conductor.memory, conductor.repository, conductor.clock)
    assert found.of()[2].counted == 0


@pytest.mark.parametrize("days", [0, -3, 5000])
def test_a_span_that_can_not_be_is_refused(conductor: FakeConductor, days: int) -> None:
    with pytest.raises(InputError):
        DeliveryMeasures(conductor.memory, conductor.repository, conductor.clock).of(days)


def test_a_repository_that_is_silent_once_is_asked_again(
    conductor: FakeConductor, monkeypatch: pytest.MonkeyPatch
) -> None:
    repository = conductor.repository
    commit = repository.resolve(repository.push("dev", {"helm/intelgraph/values-dev.yaml": b"size: 2\n"}))
    ran(conductor, "deploy_release", "dev", commit)
    found = DeliveryMeasures(conductor.memory, repository, conductor.clock)

    def silent(*_: object, **__: object) -> tuple[()]:
        raise UnreachableError("The repository doesn't answer.")

    with monkeypatch.context() as patched:
        patched.setattr(type(repository), "log", silent)
        assert {m.name: m.counted for m in found.of(3650)}["lead time"] == 0
    assert {m.name: m.counted for m in found.of(3650)}["lead time"] == 1
