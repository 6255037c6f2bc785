"""Every event that the product can emit is in the catalogue, has a schema, and keeps to it."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from conductor_core.domain import changes as c
from conductor_core.domain import emergencies
from conductor_core.domain.actors import Actor, Role
from conductor_core.domain.canonical import canonical_bytes
from conductor_core.domain.changes import State
from conductor_core.domain.events import Event
from conductor_core.domain.gates import Result
from conductor_core.domain.operations import Operation, OperationState
from conductor_core.domain.plans import Plan
from conductor_core.services.gates import PolicyGate
from conductor_core.services.identity_record import IdentityRecord
from conductor_core.services.planning import Draft
from conductor_core.services.reports import MADE
from conductor_core.services.rollout_recorder import RolloutRecorder
from conductor_core.services.settings_record import SettingsRecord
from conductor_core.settings import PROJECT_ROOT
from tests.fakes.argocd import raw_application
from tests.fakes.conductor import FakeConductor, build
from tests.fakes.domain import ALLOW, NOW
from tests.fakes.policy import allowing
from tests.house.event_catalogue import FOLDER, PAGE, page, schemas
from tests.pages import delivery_worlds

TYPE = re.compile(r"conductor\.[a-z_]+\.[a-z_]+\.v[0-9]+|dev\.cdevents\.[a-z]+\.[a-z]+\.[0-9]+\.[0-9]+\.[0-9]+")
HOLES = {
    "change": [s.value for s in c.TERMINAL],
    "operation": ["started", "dispatched_again", "succeeded", "failed", "unknown"],
}
"""What stands in the holes of the two types that are put together where they are emitted."""


def emitted() -> Iterator[str]:
    """Every type that stands in the source, the ones put together included."""
    for path in (PROJECT_ROOT / "conductor_core").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and TYPE.fullmatch(node.value):
                yield node.value
            if isinstance(node, ast.JoinedStr):
                text = "".join(str(v.value) if isinstance(v, ast.Constant) else "{}" for v in node.values)
                if re.fullmatch(r"conductor\.[a-z_{}]+\.[a-z_{}]+\.v[0-9]+", text):
                    yield from (text.replace("{}", word) for word in HOLES[text.split(".")[1]])


def test_every_type_is_in_the_catalogue_and_no_other() -> None:
    assert set(emitted()) == set(schemas())
    assert {f"{kind}.schema.json" for kind in schemas()} == {file.name for file in FOLDER.iterdir()}


def test_the_page_is_the_catalogue() -> None:
    assert PAGE.read_text(encoding="utf-8") == page()


@pytest.mark.parametrize("schema", schemas().values(), ids=lambda s: str(s["title"]))
def test_a_schema_is_one(schema: dict[str, object]) -> None:
    Draft202012Validator.check_schema(schema)


def of_rollouts(conductor: FakeConductor, home: Path) -> None:
    """A step, a measurement and a sync, as the recorder keeps them."""
    played = delivery_worlds.busy(home)
    state: dict[str, Any] = {
        "phase": "Succeeded",
        "finishedAt": "2026-11-24T10:00:00Z",
        "syncResult": {"revision": "c" * 40},
    }
    played.argocd.put(raw_application("shop-dev", "shop", operationState=state))
    RolloutRecorder(played.conductor.delivery, conductor.memory, conductor.ledger, live=False).once()


def events(home: Path) -> list[Event]:
    """One event at least of each type, as the product makes them."""
    conductor = build(home)
    for state in State:
        if state not in (State.VALIDATING, State.APPROVED, State.REJECTED, State.CANCELLED):
            conductor.settled(state)
    by = conductor.actor
    for act in ("reject", "cancel"):
        change = conductor.settled(State.AWAITING_APPROVAL)
        getattr(conductor.changes, act)(by("approver" if act == "reject" else "requester"), change.id, "not so")
    change = conductor.settled(State.AWAITING_APPROVAL)
    conductor.changes.approve(by("approver"), change.id, reason="read it")
    conductor.changes.replan(by("requester"), change.id)
    conductor.changes.apply(change.id, c.Planned(Plan((), {"commit": "other"}), (ALLOW,), 1))
    for runbook, revision in (("deploy_release", "none"), ("deploy_release", "3 deployed"), ("rollback_release", "4")):
        given = {"release": "intelgraph", "channel": "dev"} | ({"to_revision": 1} if "back" in runbook else {})
        change = conductor.changes.request(by("requester"), runbook, given, "CDEvents")
        facts = {"revision": revision, "chart": "intelgraph 0.3.0", "commit": "c0ffee"}
        conductor.changes.apply(change.id, c.Planned(Plan((), facts, {"version": "1.4.2"}), (ALLOW,), 0))
        conductor.start(change.id)
        conductor.finish(change.id)
    change = conductor.settled(State.AWAITING_APPROVAL)
    gate = PolicyGate(allowing("workload"), conductor.ledger, lambda: NOW)
    assert gate(change, Draft())[0].result is Result.ALLOW
    told = [emergencies.declared(change), emergencies.reviewed(change, by("approver"), "it was right", justified=True)]
    conductor.ledger.append(told, emergencies.subject_of(change.id), by("approver"))
    of_rollouts(conductor, home / "rollouts")
    for number, ending in enumerate((OperationState.FAILED, OperationState.UNKNOWN)):
        started = Operation(change.id, f"helm:{number}", "helm", {"share": 0.5}, OperationState.STARTED, NOW)
        conductor.rows.begin(started)
        conductor.rows.again(started)
        present = conductor.rows.of(change.id)[-1]
        conductor.rows.finish(present.finished(ending, {"what": "x"}, NOW))
    where: dict[str, object] = {"release": "intelgraph", "version": "4.5.6"}
    conductor.carry_out("quarantine_release", where | {"channel": "dev"}, ["quarantine_version"])
    conductor.carry_out("unquarantine_release", where, ["lift_quarantine"])
    conductor.escalation.bundle(by("captain"))
    people = IdentityRecord(conductor.memory, conductor.ledger)
    for roles in (frozenset({Role.VIEWER}), frozenset({Role.VIEWER, Role.CAPTAIN})):
        people.meet(Actor("https://id.example", "ada", "Ada", roles))
    for level in ("info", "debug"):
        kept = conductor.settings.model_copy(update={"log_level": level})
        SettingsRecord(kept, conductor.memory, conductor.ledger, b"k" * 16, "0.0.0").note("worker")
    conductor.smoke.run("health", "intelgraph", "dev", by("requester"), lambda _: None)
    return [recorded.event for recorded in conductor.memory.recorded]


def test_what_is_emitted_keeps_to_its_schema(tmp_path: Path) -> None:
    validators = {kind: Draft202012Validator(schema) for kind, schema in schemas().items()}
    made = events(tmp_path)
    for event in made:
        validators[event.type].validate(event.envelope())
        assert canonical_bytes(event.envelope())
    assert {event.type for event in made} | {MADE} == set(validators)  # the tests of reports make one
    huge = build(tmp_path / "huge")
    change = huge.settled(State.AWAITING_APPROVAL)
    huge.changes.reject(huge.actor("approver"), change.id, "no " * 600)
    again = huge.settled(State.EXECUTING)
    huge.changes.apply(again.id, c.Finish((), c.Outcome("w" * 90_000), ""))
    cut = [recorded.event for recorded in huge.memory.recorded if "cut" in recorded.event.data]
    assert cut
    for event in cut:
        validators[event.type].validate(event.envelope())
