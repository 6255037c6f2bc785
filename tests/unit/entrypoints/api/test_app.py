from __future__ import annotations

import re
from pathlib import Path

import pytest

from conductor_core.domain.changes import State
from conductor_core.entrypoints.api.app import create_app
from conductor_core.errors import UnreachableError
from tests.fakes.browser import Browser
from tests.fakes.conductor import FakeConductor, build


@pytest.fixture
def conductor(tmp_path: Path) -> FakeConductor:
    return build(tmp_path)


@pytest.fixture
def browser(conductor: FakeConductor) -> Browser:
    return Browser(create_app(conductor))


HALF = rb'{"runbook": "try_types", "query": "\ud800", "parameters": {"map": {"a": ["\ud800"]}}, "reason": "half"}'
"""Half a character, deep inside."""


def fail(method: str) -> None:
    raise UnreachableError("The database does not answer.", why=f"{method}: refused.", next="Start it.")


def test_the_life_of_a_change_over_http(conductor: FakeConductor, browser: Browser) -> None:
    body = {"channel": "staging", "sets": {"image.tag": "1.4.2"}, "reason": "new image"}
    asked = browser.post("/api/v1/releases/intelgraph/deploy", body, "requester")
    assert asked.status_code == 201
    at = asked.headers["Location"]
    assert browser.get(at).json()["state"] == "requested"
    change = conductor.plan(asked.json()["id"])
    refused = browser.post(f"{at}/approve", {}, "requester")
    assert (refused.status_code, set(refused.json()["error"])) == (403, {"what", "why", "next"})
    other = browser.post(f"{at}/approve", {"plan_digest": "sha256:0"}, "approver")
    assert other.status_code == 409
    conductor.worker.prompt = True
    given = {"plan_digest": change.plan_digest, "reason": "read it"}
    approved = browser.post(f"{at}/approve", given, "approver").json()
    assert approved["approvals"] == {"given": 1, "required": 1, "by": ["approver"]}
    assert browser.get(at).json()["state"] == "succeeded"
    found = browser.get("/api/v1/changes?state=succeeded&requester=requester&limit=5").json()["changes"]
    assert [c["id"] for c in found] == [change.id]


def test_a_rollback_names_its_revision(browser: Browser) -> None:
    body = {"channel": "dev", "to_revision": 3, "reason": "errors"}
    asked = browser.post("/api/v1/releases/intelgraph/rollback", body, "requester").json()
    assert asked["runbook"] == "rollback_release"
    wishes = {"sets": {}, "quarantine": True, "revert_git": True}
    assert asked["parameters"] == {"release": "intelgraph", "channel": "dev", "to_revision": 3, **wishes}


@pytest.mark.parametrize(
    ("act", "body", "who", "state", "ends"),
    [
        ("reject", {"reason": "wrong"}, "approver", State.AWAITING_APPROVAL, "rejected"),
        ("cancel", {"reason": "not today"}, "requester", State.AWAITING_APPROVAL, "cancelled"),
        ("replan", None, "requester", State.DENIED, "requested"),
        ("settle", {"succeeded": False, "reason": "looked"}, "captain", State.UNKNOWN, "failed"),
    ],
)
def test_acts(
    conductor: FakeConductor, browser: Browser, act: str, body: object, who: str, state: State, ends: str
) -> None:
    change = conductor.settled(state)
    answer = browser.post(f"/api/v1/changes/{change.id}/{act}", body, who)
    assert answer.json()["state"] == ends
    again = browser.post(f"/api/v1/changes/{change.id}/settle", {"succeeded": True, "reason": "again"}, "captain")
    assert again.status_code == 409


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("/api/v1/changes", {"runbook": "deploy_release"}, 422),
        ("/api/v1/changes", {"runbook": "deploy_release", "reason": "why not", "approve": True}, 422),
        ("/api/v1/changes", {"runbook": "nothing", "reason": "why not"}, 404),
        ("/api/v1/changes", {"runbook": "try_types", "parameters": {"count": "3"}, "reason": "why not"}, 422),
        ("/api/v1/changes", {"runbook": "try_types", "reason": "x"}, 422),
        ("/api/v1/changes", ["no", "object"], 422),
        ("/api/v1/changes", {"runbook": "try_types", "reason": "nul \0 here"}, 422),
        ("/api/v1/changes/chg-01KB0000000000000000000000/approve", {}, 404),
        ("/api/v1/changes/nothing/approve", {}, 404),
        ("/api/v1/releases/intelgraph/rollback", {"channel": "dev", "to_revision": "3", "reason": "text"}, 422),
        ("/api/v1/nothing", {}, 404),
        ("/healthz", {}, 405),
    ],
)
def test_bad_input_is_always_an_error_with_three_texts(browser: Browser, path: str, body: object, status: int) -> None:
    answer = browser.post(path, body, "requester")
    assert answer.status_code == status
    assert all(answer.json()["error"][key] for key in ("what", "why", "next"))


@pytest.mark.parametrize("content", [b"{", b"\xff\xfe", b"[" * 100_000, b'{"runbook": ' + b"[" * 400_000, HALF])
@pytest.mark.parametrize("path", ["/api/v1/changes", "/graphql"])
def test_broken_json_is_an_error_of_the_same_form(browser: Browser, path: str, content: bytes) -> None:
    answer = browser.ask("POST", path, "requester", content=content, headers={"Content-Type": "application/json"})
    assert answer.status_code in (400, 422)
    assert set(answer.json()["error"]) == {"what", "why", "next"}


def test_a_query_that_no_store_takes_is_refused(browser: Browser) -> None:
    assert browser.get("/api/v1/changes?text=a%00b").status_code == 422


def test_whoever_acts_must_say_who_it_is(browser: Browser) -> None:
    answer = browser.post("/api/v1/changes", {"runbook": "try_types", "reason": "why not"})
    assert answer.status_code == 401
    assert "X-Conductor-Actor" in answer.json()["error"]["why"]
    assert browser.post("/api/v1/changes", {"runbook": "try_types", "reason": "x y z"}, "root").status_code == 403


def test_in_single_sign_on_mode_nobody_comes_in_by_header(tmp_path: Path) -> None:
    browser = Browser(create_app(build(tmp_path, identity_mode="oidc")), "https://conductor.example")
    for path in ("/api/v1/changes", "/api/v1/status", "/api/v1/runbooks"):
        answer = browser.get(path, "captain", headers={"Authorization": "Bearer x.y.z"})
        assert answer.status_code == 401
        assert "token" in answer.json()["error"]["what"].lower()
        assert answer.headers["WWW-Authenticate"].startswith("Bearer")
    assert browser.post("/graphql", {"query": "{ __typename }"}, "captain").status_code == 401
    assert browser.get("/healthz").status_code == 200


def test_a_token_says_who_acts_and_its_groups_what_they_may(tmp_path: Path) -> None:
    conductor = build(
        tmp_path, identity_mode="oidc", oidc_issuer="https://id.example", oidc_roles="operator=platform;approver=sre"
    )
    for name, group in (("alice", "platform"), ("bob", "sre"), ("carol", "")):
        conductor.identities.tokens[name] = {"iss": "https://id.example/", "sub": name, "groups": [group]}
    browser = Browser(create_app(conductor), "https://conductor.example")
    by = {name: {"Authorization": f"Bearer {name}"} for name in ("alice", "bob", "carol", "mallory")}
    wanted = {
        "runbook": "deploy_release",
        "reason": "ticket OPS-1",
        "parameters": {"release": "intelgraph", "channel": "dev"},
    }
    assert browser.post("/api/v1/changes", wanted, headers=by["mallory"]).status_code == 401
    assert browser.post("/api/v1/changes", wanted, headers=by["carol"]).status_code == 403
    made = browser.post("/api/v1/changes", wanted, headers=by["alice"])
    assert made.status_code == 201, made.text
    assert made.json()["requester"] == "alice"
    assert browser.get("/api/v1/changes", headers=by["carol"]).status_code == 200


def test_live_and_ready(conductor: FakeConductor, browser: Browser) -> None:
    assert browser.get("/readyz").json()["status"] == "ready"
    conductor.memory.before = fail
    down = browser.get("/readyz")
    assert down.status_code == 503
    assert down.json()["error"]["what"] == "The database does not answer."
    alive = browser.get("/healthz")
    assert (alive.status_code, alive.json()["status"]) == (200, "ok")
    assert re.fullmatch(r"\d+\.\d+\.\d+", alive.json()["version"])
    listed = browser.get("/api/v1/changes")
    assert (listed.status_code, listed.headers["Retry-After"]) == (503, "1")


def test_metrics_count_changes_queue_connections_and_requests(conductor: FakeConductor, browser: Browser) -> None:
    conductor.settled(State.AWAITING_APPROVAL)
    browser.get("/api/v1/changes/chg-01KB0000000000000000000000")
    browser.ask("BREW", "/coffee")
    answer = browser.get("/metrics")
    assert answer.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
    lines = answer.text.splitlines()
    assert 'conductor_changes{state="awaiting_approval"} 1' in lines
    assert 'conductor_connection_up{connection="database"} 1' in lines
    assert "conductor_store_up 1" in lines
    assert any(line.startswith('conductor_queue_depth{queue="changes queued"} ') for line in lines)
    series = (
        'conductor_http_request_duration_seconds_count{method="GET",route="/api/v1/changes/{change_id}",status="404"}'
    )
    assert f"{series} 1" in lines
    assert any('method="other",route="other"' in line for line in lines)
    sample = re.compile(r'[a-z_]+(\{([a-z]+="[^"\n]*",?)*\})? [0-9.e+-]+')
    assert all(sample.fullmatch(line) for line in lines if not line.startswith("#"))
    conductor.memory.before = fail
    assert "conductor_store_up 0" in browser.get("/metrics").text.splitlines()


def test_openapi_describes_every_operation_and_the_form_of_errors(browser: Browser) -> None:
    described = browser.get("/openapi.json").json()
    for path, methods in described["paths"].items():
        for method, operation in methods.items():
            assert operation["summary"], (method, path)
            if path.startswith("/api/") and "/{" in path:
                errors = operation["responses"]["404"]["content"]["application/json"]["schema"]
                assert errors == {"$ref": "#/components/schemas/ErrorBody"}, (method, path)
    assert set(described["components"]["schemas"]["Why"]["required"]) == {"what", "why", "next"}
    assert "securitySchemes" in described["components"]


def test_status_and_runbooks(browser: Browser) -> None:
    assert browser.get("/api/v1/status").json()["healthy"] is True
    assert browser.get("/api/v1/runbooks").json()["broken"][0]["file"] == "runbooks/half.yaml"
    assert browser.get("/api/v1/runbooks/try_types").json()["parameters"][1]["type"] == "int"
    assert browser.get("/api/v1/runbooks/nothing").status_code == 404
