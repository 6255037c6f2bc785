from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from conductor_core.domain.changes import State
from conductor_core.entrypoints.api.app import create_app
from conductor_core.entrypoints.api.graph import ROWS
from conductor_core.entrypoints.api.graph_types import LOOKUPS
from tests.fakes.browser import Browser
from tests.fakes.conductor import FakeConductor, build


@pytest.fixture
def conductor(tmp_path: Path) -> FakeConductor:
    return build(tmp_path)


@pytest.fixture
def browser(conductor: FakeConductor) -> Browser:
    return Browser(create_app(conductor))


def asked(browser: Browser, query: str, **variables: object) -> dict[str, Any]:
    answer = browser.post("/graphql", {"query": query, "variables": variables})
    assert answer.status_code == 200
    found: dict[str, Any] = answer.json()
    return found


def test_a_change_with_everything_around_it(conductor: FakeConductor, browser: Browser) -> None:
    change = conductor.settled(State.AWAITING_APPROVAL)
    conductor.worker.prompt = True
    conductor.changes.approve(conductor.actor("approver"), change.id, reason="read it")
    query = """query ($id: String!) { change(id: $id) {
        state approvalsGiven approvals { actor reason counts } verdicts { gate result rulesRun reasons { rule } }
        operations { key state result } events { items cursor } checks { name passed } outcome { what } } }"""
    found = asked(browser, query, id=change.id)["data"]["change"]
    assert found["state"] == "succeeded"
    assert found["approvals"] == [{"actor": "approver", "reason": "read it", "counts": True}]
    assert found["verdicts"][0] == {"gate": "policy", "result": "allow", "rulesRun": 12, "reasons": []}
    assert found["operations"] == [{"key": "helm_upgrade", "state": "succeeded", "result": {"revision": 2}}]
    assert found["events"]["items"][0]["event"]["type"] == "conductor.change.requested.v1"
    assert found["checks"] == [{"name": "pods", "passed": True}]


def test_changes_are_filtered(conductor: FakeConductor, browser: Browser) -> None:
    denied, _ = conductor.settled(State.DENIED), conductor.settled(State.SUCCEEDED)
    query = "query ($f: ChangeFilter) { changes(filters: $f) { id } }"
    assert asked(browser, query, f={"states": ["denied"]})["data"]["changes"] == [{"id": denied.id}]
    assert len(asked(browser, query)["data"]["changes"]) == 2
    assert asked(browser, query, f={"requester": "captain"})["data"]["changes"] == []
    error = asked(browser, query, f={"states": ["sleeping"]})["errors"][0]["extensions"]["error"]
    assert "awaiting_approval" in error["next"]


def test_runbooks(browser: Browser) -> None:
    found = asked(browser, "{ runbooks { name approvals parameters { name type default } } }")["data"]["runbooks"]
    assert found[0]["approvals"] == {"dev": 0, "staging": 1, "prod": 2}


def test_errors_carry_diagnostics_and_nothing_from_inside(
    conductor: FakeConductor, browser: Browser, caplog: pytest.LogCaptureFixture
) -> None:
    error = asked(browser, '{ change(id: "nothing") { id } }')["errors"][0]
    assert set(error["extensions"]["error"]) == {"what", "why", "next"}

    def broken(_: str) -> None:
        raise ZeroDivisionError("token=abc")

    conductor.memory.before = broken
    said = asked(browser, "{ changes { id } runbooks { name } }")
    assert said["data"]["changes"] is None
    assert said["data"]["runbooks"]
    assert said["errors"][0]["message"] == "Something went wrong inside Maestro Conductor."
    assert "abc" not in json.dumps(said)
    assert "ZeroDivisionError" in caplog.text


@pytest.mark.parametrize(
    "query",
    [
        "{ __schema { types { fields { type { fields { type { fields { name } } } } } } } }",
        "{ " + " ".join(f"a{n}: runbooks {{ name }}" for n in range(20)) + " }",
        "{ runbooks { " + "name " * 1200 + "} }",
        f"{{ changes(limit: {ROWS + 1}) {{ id }} }}",
        "{ changes(limit: 0) { id } }",
    ],
    ids=["depth", "aliases", "tokens", "rows", "none"],
)
def test_queries_that_ask_for_too_much_are_refused(browser: Browser, query: str) -> None:
    said = asked(browser, query)
    assert said["data"] in (None, {"changes": None})
    assert said["errors"]


def test_look_ups_are_counted_over_the_whole_query(conductor: FakeConductor, browser: Browser) -> None:
    for _ in range(LOOKUPS // 2 + 1):
        conductor.requested()
    assert "errors" not in asked(browser, "{ changes { id events { cursor } } }")
    said = asked(browser, "{ changes { id events { cursor } operations { key } } }")
    assert "too complex" in said["errors"][0]["message"]


def test_it_takes_posts_of_json_alone(browser: Browser) -> None:
    assert browser.get("/graphql?query={runbooks{name}}").status_code == 405
    assert browser.ask("POST", "/graphql", data={"query": "{ runbooks { name } }"}).status_code == 422
    assert browser.post("/graphql", [{"query": "{ runbooks { name } }"}]).status_code == 422
    assert browser.post("/graphql", {"query": "{ runbooks { name } }", "operationName": None}).status_code == 200


@pytest.mark.parametrize(
    "query",
    [
        "mutation { approve }",
        "subscription { changes }",
        "{",
        "{ runbooks { ...F } } fragment F on Runbook { ...F }",
    ],
)
def test_documents_that_cannot_run_are_answered_with_errors(browser: Browser, query: str) -> None:
    said = asked(browser, query)
    assert said["data"] is None
    assert said["errors"][0]["message"]


@pytest.mark.parametrize(
    ("query", "name"),
    [
        ("query A { runbooks { name } }", "B"),
        ("fragment F on Change { id }", None),
        ("", None),
    ],
)
def test_documents_without_an_operation_are_wrong_input(browser: Browser, query: str, name: str | None) -> None:
    answer = browser.post("/graphql", {"query": query, "operationName": name})
    assert answer.status_code == 422
    assert set(answer.json()["error"]) == {"what", "why", "next"}
