"""Emergencies: the break-glass role acts first, somebody else says afterwards whether it was right."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from conductor_core.domain.changes import Change, State
from conductor_core.domain.emergencies import DECLARED, REVIEWED
from conductor_core.domain.fleets import EMERGENCY
from conductor_core.errors import AccessDeniedError, InputError, StateError
from conductor_core.services.emergencies import Emergencies
from tests.fakes import domain
from tests.fakes.conductor import RUNBOOKS, FakeConductor, build

ABORT = replace(RUNBOOKS["try_types"], name="emergency_abort", emergency=True, approvals={"default": 0})


@pytest.fixture
def conductor(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakeConductor:
    monkeypatch.setitem(RUNBOOKS, "emergency_abort", ABORT)
    return build(tmp_path)


@pytest.fixture
def emergencies(conductor: FakeConductor) -> Emergencies:
    return Emergencies(conductor.memory, conductor.runbooks, conductor.ledger)


def test_it_takes_the_break_glass_role_and_is_said_loudly(conductor: FakeConductor) -> None:
    with pytest.raises(AccessDeniedError, match=r"emergency\.act"):
        conductor.changes.request(conductor.actor("requester"), "emergency_abort", {"word": "api"}, "5 % errors")
    change = conductor.changes.request(conductor.actor("captain"), "emergency_abort", {"word": "api"}, "5 % errors")
    told = [row.event for row in conductor.memory.events(subject=change.id)]
    assert [e.type for e in told] == ["conductor.change.requested.v1", DECLARED]
    assert told[1].data["approved_beforehand"] is False


def test_a_review_by_somebody_else_ends_the_waiting(conductor: FakeConductor, emergencies: Emergencies) -> None:
    change = conductor.changes.request(conductor.actor("captain"), "emergency_abort", {"word": "api"}, "5 % errors")
    assert [e.change.id for e in emergencies.waiting()] == [change.id]
    with pytest.raises(AccessDeniedError, match="can't"):
        emergencies.review(conductor.actor("captain"), change.id, "it was right", justified=True)
    with pytest.raises(InputError):
        emergencies.review(conductor.actor("approver"), change.id, " ", justified=True)
    found = emergencies.review(conductor.actor("approver"), change.id, "it was right", justified=True)
    assert (found.waits, found.justified, found.word) == (False, True, "it was right")
    assert emergencies.waiting() == []
    assert conductor.memory.events(subject=f"emergency/{change.id}")[0].event.type == REVIEWED
    with pytest.raises(StateError, match="already"):
        emergencies.review(conductor.actor("approver"), change.id, "once more", justified=False)


def test_an_ordinary_change_is_no_emergency(conductor: FakeConductor, emergencies: Emergencies) -> None:
    with pytest.raises(InputError, match="no emergency"):
        emergencies.review(conductor.actor("approver"), conductor.requested().id, "why not", justified=True)


def test_the_record_says_how_an_emergency_stands_and_that_others_are_none(
    conductor: FakeConductor, emergencies: Emergencies
) -> None:
    assert emergencies.about(conductor.requested().id) is None
    said = []
    for justified in (True, False):
        change = conductor.changes.request(conductor.actor("captain"), "emergency_abort", {"word": "api"}, "5 % errors")
        found = emergencies.about(change.id)
        assert found is not None
        assert found.standing == "not reviewed yet"
        emergencies.review(conductor.actor("approver"), change.id, "looked at it", justified=justified)
        reviewed = emergencies.about(change.id)
        assert reviewed is not None
        said.append((reviewed.standing, reviewed.as_json()["word"]))
    assert said == [("approved afterwards", "looked at it"), ("found not justified afterwards", "looked at it")]


def test_what_was_withdrawn_before_it_began_waits_for_nobody(
    conductor: FakeConductor, emergencies: Emergencies
) -> None:
    captain = conductor.actor("captain")
    change = conductor.changes.request(captain, "emergency_abort", {"word": "api"}, "5 % errors")
    conductor.changes.cancel(captain, change.id, "a false alarm")
    found = emergencies.about(change.id)
    assert found is not None
    assert (found.waits, found.standing, emergencies.waiting()) == (False, "nothing was done", [])


@pytest.mark.parametrize(
    ("member", "state", "later", "overtakes"),
    [
        ("shop/api", State.APPROVED, 1, True),
        ("shop/api", State.EXECUTING, 1, True),
        ("shop/api", State.SUCCEEDED, 1, True),  # quick as it was, the act has waited for nothing since
        ("shop/api", State.EXECUTING, -1, False),  # the act began behind it, and was planned on what it left
        ("shop/api", State.DENIED, 1, False),
        ("shop/web", State.EXECUTING, 1, False),
        ("east/shop/api", State.EXECUTING, 1, False),
    ],
)
def test_the_emergency_abort_of_a_fleet_overtakes_what_runs_on_a_member(
    conductor: FakeConductor,
    emergencies: Emergencies,
    monkeypatch: pytest.MonkeyPatch,
    member: str,
    state: State,
    later: int,
    overtakes: bool,
) -> None:
    monkeypatch.setitem(RUNBOOKS, EMERGENCY, replace(ABORT, name=EMERGENCY))
    act = replace(domain.change(state=State.EXECUTING), runbook="rollout_act", target="rollout/shop/api")
    urgent = _urgent(act, member, state, later)
    conductor.memory.create(urgent, [])
    assert emergencies.overtaking(act) == (urgent.id if overtakes else "")
    assert emergencies.overtaking(urgent) == ""
    release = replace(act, target="release/shop@dev")
    assert emergencies.overtaking(release) == ""


def _urgent(act: Change, member: str, state: State, later: int) -> Change:
    at = act.updated_at + timedelta(seconds=later)
    given: dict[str, object] = {"fleet": "api", "members": [member]}
    return replace(
        act, id="chg-urgent", runbook=EMERGENCY, target="fleet/api", parameters=given, state=state, created_at=at
    )
