"""The ways out of a rollout over HTTP: the same Changes as elsewhere, and emergencies only for break-glass."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from conductor_core.entrypoints.api.app import create_app
from tests.fakes.browser import Browser
from tests.fakes.conductor import RUNBOOKS
from tests.pages.delivery_worlds import OURS, World, busy

ROLLOUT = "/api/v1/rollouts/intelgraph-dev/intelgraph"
RELEASE = "/api/v1/releases/intelgraph"


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    """A release whose rollout has failed, and its runbooks."""
    for name, runbook in OURS.items():
        monkeypatch.setitem(RUNBOOKS, name, runbook)
    monkeypatch.setitem(RUNBOOKS, "rollout_act", replace(RUNBOOKS["rollout_act"], approvals={"default": 1}))
    made = busy(tmp_path)
    made.conductor.helm.upgrade(made.conductor.releases.chart_request("intelgraph", "dev"), "chg-second")
    return made


def ask(world: World, path: str, body: dict[str, Any], who: str) -> tuple[int, dict[str, Any]]:
    answer = Browser(create_app(world.conductor)).post(path, body, who)
    return answer.status_code, answer.json()


BACK = {"channel": "dev", "quarantine": True}
ACTS = [
    (f"{ROLLOUT}/abort", {"reason": "errors"}, "rollout_act", "emergency_abort"),
    ("/api/v1/fleets/cart%202.4.0/abort", {"reason": "errors"}, "fleet_abort", "emergency_fleet_abort"),
    (f"{ROLLOUT}/rollback", {}, "rollback_release", "emergency_rollback"),
    (f"{RELEASE}/rollback", {**BACK, "to_revision": 1, "reason": "x y z"}, "rollback_release", "emergency_rollback"),
    (f"{RELEASE}/revert", {**BACK, "reason": "x y z"}, "revert_release", "emergency_revert"),
]


@pytest.mark.parametrize(("path", "body", "plain", "urgent"), ACTS)
def test_an_emergency_takes_the_role_and_the_plain_act_does_not(
    world: World, path: str, body: dict[str, Any], plain: str, urgent: str
) -> None:
    status, change = ask(world, path, body, "requester")
    assert (status, change["runbook"]) == (201, plain)
    before = world.conductor.memory.changes.copy()
    for who in ("requester", "approver"):
        status, refused = ask(world, path, {**body, "emergency": True}, who)
        assert (status, set(refused["error"])) == (403, {"what", "why", "next"})
    assert world.conductor.memory.changes == before
    status, change = ask(world, path, {**body, "emergency": True}, "captain")
    assert (status, change["runbook"], change["title"].startswith("EMERGENCY")) == (201, urgent, True)
    assert change["approvals"]["required"] == 0
    facts = [row.event.type for row in world.conductor.changes.events(change["id"])]
    assert "conductor.emergency.declared.v1" in facts


def test_a_fleet_is_aborted_by_the_name_that_the_list_says(world: World) -> None:
    _, change = ask(world, "/api/v1/fleets/cart%202.4.0/abort", {"reason": "errors"}, "requester")
    members = ["shop-eu/cart", "shop-us/cart"]
    assert change["parameters"] == {"fleet": "cart 2.4.0", "members": members, "silent": []}
    status, refused = ask(world, "/api/v1/fleets/nothing/abort", {"reason": "errors"}, "requester")
    assert (status, refused["error"]["what"]) == (404, "There is no fleet 'nothing'.")


def test_an_emergency_brings_back_what_has_run_and_nothing_else(world: World) -> None:
    body = {"channel": "dev", "to_revision": 1, "sets": {"a": "b"}, "reason": "x y z", "emergency": True}
    status, refused = ask(world, f"{RELEASE}/rollback", body, "captain")
    assert (status, refused["error"]["what"]) == (422, "An emergency takes no values of its own.")


def test_a_way_back_that_is_not_there_is_said(world: World) -> None:
    status, refused = ask(world, "/api/v1/rollouts/nowhere/api/rollback", {}, "requester")
    assert (status, refused["error"]["what"]) == (404, "There is no Rollout nowhere/api.")
