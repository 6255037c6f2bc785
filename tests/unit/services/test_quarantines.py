"""The quarantine gate, its operations found half done, and its plans."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from conductor_core.domain.actors import SYSTEM
from conductor_core.domain.changes import Change
from conductor_core.domain.gates import Result
from conductor_core.domain.operations import Observation
from conductor_core.domain.plans import Plan
from conductor_core.errors import InputError, NotFoundError
from conductor_core.ports.locks import HeldLock
from conductor_core.services.operations import Context
from conductor_core.services.planning import Draft
from conductor_core.services.quarantines import LiftQuarantine, QuarantineGate, QuarantineVersion
from tests.fakes.conductor import FakeConductor, build
from tests.fakes.domain import change

WHERE: dict[str, object] = {"release": "intelgraph", "channel": "dev"}


@pytest.fixture
def conductor(tmp_path: Path) -> FakeConductor:
    return build(tmp_path)


def quarantined(conductor: FakeConductor, version: str = "1.4.3") -> None:
    conductor.carry_out("quarantine_release", {**WHERE, "version": version}, ["quarantine_version"])


def judged(conductor: FakeConductor, draft: Draft, asked: Change | None = None) -> tuple[Result, list[str], list[str]]:
    (verdict,) = QuarantineGate(conductor.quarantines)(asked or change(parameters=dict(WHERE)), draft)
    return verdict.result, [r.rule for r in verdict.reasons], [r.clears_by for r in verdict.reasons]


def test_a_quarantined_version_is_denied_with_the_act_that_clears_it(conductor: FakeConductor) -> None:
    bad = Draft(summary={"version": "1.4.3"}, facts={"content": "x"})
    assert judged(conductor, bad)[0] is Result.ALLOW
    quarantined(conductor)
    result, rules, acts = judged(conductor, bad)
    assert (result, rules) == (Result.DENY, ["quarantine/version"])
    assert "conductor release unquarantine intelgraph 1.4.3" in acts[0]
    assert judged(conductor, Draft(summary={"version": "1.4.4"}))[0] is Result.ALLOW
    conductor.carry_out("unquarantine_release", {"release": "intelgraph", "version": "1.4.3"}, ["lift_quarantine"])
    assert judged(conductor, bad)[0] is Result.ALLOW


def test_automation_is_held_and_people_are_not(conductor: FakeConductor) -> None:
    quarantined(conductor)
    good = Draft(summary={"version": "1.4.4"})
    machine = replace(change(parameters=dict(WHERE)), requester=SYSTEM)
    assert judged(conductor, good, machine)[:2] == (Result.DENY, ["quarantine/held"])
    elsewhere = replace(machine, parameters={**WHERE, "channel": "staging"})
    assert judged(conductor, good, elsewhere)[0] is Result.ALLOW


def test_an_operation_found_half_done_is_recognised(conductor: FakeConductor) -> None:
    asked = change(parameters=dict(WHERE), plan=Plan((), {"quarantine": "1.4.3"}, {}))
    context = Context(asked, HeldLock("x", 0), lambda _: None)
    act = QuarantineVersion(conductor.quarantines)
    request = act.prepare(context)
    assert act.observe(context, request)[0] is Observation.ABSENT
    assert act.dispatch(context, request)[0] is Observation.DONE
    assert act.observe(context, request)[0] is Observation.DONE
    free = replace(asked, id="chg-02", parameters={"release": "intelgraph", "version": "1.4.3"})
    lift, there = LiftQuarantine(conductor.quarantines), Context(free, HeldLock("x", 0), lambda _: None)
    assert lift.observe(there, lift.prepare(there))[0] is Observation.ABSENT
    lift.dispatch(there, lift.prepare(there))
    assert lift.observe(there, lift.prepare(there))[0] is Observation.DONE


def test_plans_refuse_what_makes_no_sense(conductor: FakeConductor) -> None:
    quarantined(conductor)
    with pytest.raises(InputError, match="in quarantine already") as twice:
        quarantined(conductor)
    assert "requester put it there at " in twice.value.why
    with pytest.raises(NotFoundError) as caught:
        conductor.carry_out("unquarantine_release", {"release": "intelgraph", "version": "9"}, [])
    assert "1.4.3" in caught.value.why
    with pytest.raises(NotFoundError, match="no channel nowhere"):
        conductor.carry_out("quarantine_release", {**WHERE, "channel": "nowhere", "version": "2"}, [])


def test_a_version_of_which_some_manifests_are_in_quarantine_can_be_put_there_whole(conductor: FakeConductor) -> None:
    conductor.quarantines.add(change(), "intelgraph", "dev", "1.4.3", "hmac-sha256:bad")
    other = Draft(summary={"version": "1.4.3"}, facts={"content": "hmac-sha256:good"})
    assert judged(conductor, other)[0] is Result.ALLOW
    quarantined(conductor)
    assert judged(conductor, other)[0] is Result.DENY


def test_releasing_asks_as_many_as_the_channel_where_it_went_bad(conductor: FakeConductor) -> None:
    given: dict[str, object] = {"release": "intelgraph", "version": "1.4.3"}
    conductor.carry_out("quarantine_release", {**given, "channel": "staging"}, ["quarantine_version"])
    asked = conductor.changes.request(conductor.actor("requester"), "unquarantine_release", given, "mended")
    draft = conductor.shelf.plans["quarantine_lift"](asked)
    assert draft.tier == "staging"
    assert "as asked" in draft.summary["quarantined for"]
