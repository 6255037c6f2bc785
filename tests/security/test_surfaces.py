"""Security rule 1: role x action x surface, generated from the grants; no surface says something else than another."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from conductor_core.domain import fleets
from conductor_core.domain.actors import Actor, Role
from conductor_core.domain.changes import Change, State
from conductor_core.entrypoints.api.app import create_app
from conductor_core.entrypoints.api.graph import schema
from conductor_core.entrypoints.cli.main import run
from conductor_core.errors import AccessDeniedError
from conductor_core.services.access import GRANTS, Action
from tests.fakes.browser import Browser
from tests.fakes.conductor import RUNBOOKS, FakeConductor, build
from tests.pages.delivery_worlds import OURS, world

ABORT = replace(RUNBOOKS["try_types"], name="emergency_abort", emergency=True)
PEOPLE = {role.value: Actor("test", role.value, role.value, frozenset({role})) for role in Role}
"""One person with each role and no other."""
NEEDS = {
    Action.VIEW: State.SUCCEEDED,
    Action.REQUEST: State.SUCCEEDED,
    Action.REPLAN: State.DENIED,
    Action.APPROVE: State.AWAITING_APPROVAL,
    Action.REJECT: State.AWAITING_APPROVAL,
    Action.CANCEL: State.AWAITING_APPROVAL,
    Action.SETTLE: State.UNKNOWN,
    Action.BREAK_GLASS: State.SUCCEEDED,
    Action.REVIEW: State.SUCCEEDED,
    Action.ESCALATE: State.SUCCEEDED,
}
"""The state in which nothing but a role can forbid the action."""
Ask = Callable[[FakeConductor, Action, str, str], bool]
"""Tries an action on a Change as somebody; True when it was done, False when the role was the reason against it."""


def by_service(conductor: FakeConductor, action: Action, change_id: str, who: str) -> bool:
    changes, actor = conductor.changes, conductor.actor(who)
    given: dict[str, object] = {"release": "intelgraph", "channel": "dev"}
    acts: dict[Action, Callable[[], object]] = {
        Action.VIEW: lambda: changes.get(change_id),
        Action.REQUEST: lambda: changes.request(actor, "deploy_release", given, "table"),
        Action.REPLAN: lambda: changes.replan(actor, change_id),
        Action.APPROVE: lambda: changes.approve(actor, change_id),
        Action.REJECT: lambda: changes.reject(actor, change_id, "table"),
        Action.CANCEL: lambda: changes.cancel(actor, change_id, "table"),
        Action.SETTLE: lambda: changes.settle(actor, change_id, succeeded=True, reason="table"),
        Action.BREAK_GLASS: lambda: changes.request(actor, ABORT.name, {}, "table"),
        Action.REVIEW: lambda: conductor.emergencies.review(actor, change_id, "table", justified=True),
        Action.ESCALATE: lambda: conductor.escalation.bundle(actor, change_id),
    }
    try:
        acts[action]()
    except AccessDeniedError:
        return False
    return True


def by_cli(conductor: FakeConductor, action: Action, change_id: str, who: str) -> bool:
    deploy = ["release", "deploy", "intelgraph", "--channel", "dev"]
    file = str(conductor.settings.home / "bundle.zip")
    lines = {
        Action.VIEW: ["change", "show", change_id],
        Action.REQUEST: [*deploy, "--reason", "table", "--as", who],
        Action.REPLAN: ["change", "replan", change_id, "--as", who],
        Action.APPROVE: ["change", "approve", change_id, "--as", who],
        Action.REJECT: ["change", "reject", change_id, "--reason", "table", "--as", who],
        Action.CANCEL: ["change", "cancel", change_id, "--reason", "table", "--as", who],
        Action.SETTLE: ["change", "settle", change_id, "--succeeded", "--reason", "table", "--as", who],
        Action.BREAK_GLASS: ["runbook", "run", ABORT.name, "--reason", "table", "--as", who],
        Action.REVIEW: ["delivery", "review", change_id, "--reason", "table", "--as", who],
        Action.ESCALATE: ["support", "bundle", "--change", change_id, "--out", file, "--as", who],
    }
    code = run([*lines[action], "--json"], lambda: conductor)
    assert code in (0, AccessDeniedError.exit_code), code
    return code == 0


def by_rest(conductor: FakeConductor, action: Action, change_id: str, who: str) -> bool:
    browser, at = Browser(create_app(conductor)), f"/api/v1/changes/{change_id}"
    reason = {"reason": "table"}
    request = {"runbook": "deploy_release", "parameters": {"release": "intelgraph", "channel": "dev"}} | reason
    acts = {
        Action.VIEW: lambda: browser.get(at, who),
        Action.REQUEST: lambda: browser.post("/api/v1/changes", request, who),
        Action.REPLAN: lambda: browser.post(f"{at}/replan", actor=who),
        Action.APPROVE: lambda: browser.post(f"{at}/approve", {}, who),
        Action.REJECT: lambda: browser.post(f"{at}/reject", reason, who),
        Action.CANCEL: lambda: browser.post(f"{at}/cancel", reason, who),
        Action.SETTLE: lambda: browser.post(f"{at}/settle", {"succeeded": True} | reason, who),
        Action.BREAK_GLASS: lambda: browser.post("/api/v1/changes", {"runbook": ABORT.name} | reason, who),
        Action.REVIEW: lambda: browser.post(f"{at}/review", {"justified": True} | reason, who),
        Action.ESCALATE: lambda: browser.post(f"{at}/escalation", actor=who),
    }
    answer = acts[action]()
    assert answer.status_code in (200, 201, AccessDeniedError.http_status), answer.text
    return answer.status_code < 300


SURFACES: dict[str, Ask] = {"service": by_service, "cli": by_cli, "rest": by_rest}


@pytest.fixture
def conductor(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakeConductor:
    monkeypatch.setitem(RUNBOOKS, ABORT.name, ABORT)
    made = build(tmp_path)
    made.people.update(PEOPLE)
    return made


def ready(conductor: FakeConductor, action: Action, by: str = "requester") -> Change:
    """A Change on which nothing but a role can forbid the action."""
    if action is Action.REVIEW:
        return conductor.changes.request(conductor.actor(Role.BREAK_GLASS.value), ABORT.name, {}, "table")
    return conductor.settled(NEEDS[action], by=by)


@pytest.mark.parametrize(
    ("role", "action", "surface"),
    list(itertools.product(Role, Action, SURFACES)),
    ids=lambda part: str(getattr(part, "value", part)),
)
def test_every_surface_says_what_the_grants_say(
    conductor: FakeConductor, role: Role, action: Action, surface: str
) -> None:
    owner = role.value if action is Action.CANCEL and role in GRANTS[Action.REQUEST] else "requester"
    change = ready(conductor, action, owner)
    before = conductor.memory.changes.copy()
    done = SURFACES[surface](conductor, action, change.id, role.value)
    assert done is (role in GRANTS[action])
    if not done:
        assert conductor.memory.changes == before


@pytest.mark.parametrize("surface", SURFACES)
@pytest.mark.parametrize("role", Role)
def test_a_fleet_is_aborted_in_an_emergency_by_break_glass_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, role: Role, surface: str
) -> None:
    monkeypatch.setitem(RUNBOOKS, fleets.EMERGENCY, OURS[fleets.EMERGENCY])
    made = world(tmp_path)
    for tag in ("1.0.0", "2.0.0"):
        for namespace in ("one", "two"):
            made.put(namespace, tag)
    conductor, name = made.conductor, "api 2.0.0"
    conductor.people.update(PEOPLE)
    body = {"reason": "table", "emergency": True}
    line = ["delivery", "fleet-abort", name, "--emergency", "--reason", "table", "--as", role.value, "--json"]

    def by_hand() -> bool:
        found = fleets.named(conductor.delivery.fleets(conductor.delivery.everywhere()), name)
        try:
            conductor.changes.request(conductor.actor(role.value), fleets.EMERGENCY, found.parameters, "table")
        except AccessDeniedError:
            return False
        return True

    asks: dict[str, Callable[[], bool]] = {
        "service": by_hand,
        "cli": lambda: run(line, lambda: conductor) == 0,
        "rest": lambda: (
            Browser(create_app(conductor)).post(f"/api/v1/fleets/{name}/abort", body, role.value).status_code == 201
        ),
    }
    assert asks[surface]() is (role is Role.BREAK_GLASS)
    assert len(conductor.changes.find()) == int(role is Role.BREAK_GLASS)


@pytest.mark.parametrize("surface", SURFACES)
def test_an_operator_cannot_cancel_what_somebody_else_requested(conductor: FakeConductor, surface: str) -> None:
    change = conductor.settled(State.AWAITING_APPROVAL)
    assert not SURFACES[surface](conductor, Action.CANCEL, change.id, Role.OPERATOR.value)
    assert SURFACES[surface](conductor, Action.CANCEL, change.id, Role.CAPTAIN.value)


@pytest.mark.parametrize("surface", SURFACES)
def test_nobody_approves_what_they_requested(conductor: FakeConductor, surface: str) -> None:
    change = conductor.settled(State.AWAITING_APPROVAL, by="captain")
    assert not SURFACES[surface](conductor, Action.APPROVE, change.id, "captain")


@pytest.mark.parametrize("role", Role)
def test_graphql_reads_for_every_role_and_writes_for_none(conductor: FakeConductor, role: Role) -> None:
    change = conductor.settled(State.AWAITING_APPROVAL)
    browser = Browser(create_app(conductor))
    asked = {"query": f'{{ change(id: "{change.id}") {{ state }} }}'}
    assert (Role(role) in GRANTS[Action.VIEW]) is (
        browser.post("/graphql", asked, role.value).json()["data"] == {"change": {"state": "awaiting_approval"}}
    )
    written = browser.post("/graphql", {"query": "mutation { approve }"}, role.value).json()
    assert written["data"] is None
    assert "not supported" in json.dumps(written["errors"])


def test_graphql_has_no_mutation_and_no_subscription() -> None:
    known = schema.introspect()["__schema"]
    assert known["mutationType"] is None
    assert known["subscriptionType"] is None


@pytest.mark.parametrize("surface", ["cli", "rest"])
@pytest.mark.parametrize("action", [a for a in Action if a is not Action.VIEW])
def test_an_unknown_name_may_do_nothing(conductor: FakeConductor, action: Action, surface: str) -> None:
    change = ready(conductor, action)
    assert not SURFACES[surface](conductor, action, change.id, "stranger")
