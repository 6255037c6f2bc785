"""The OPA adapter against servers that misbehave: whatever they answer, the decision is a denial with its cause."""

from __future__ import annotations

import json
from collections.abc import Callable

import httpx
import pytest

from conductor_core.adapters.opa import OpaEngine
from conductor_core.domain.gates import Result
from conductor_core.domain.policies import PolicyBundle, PolicyDecision

BUNDLE = PolicyBundle((("door/door.rego", "package door\n"), ("lib/lib.rego", "package lib\n")))
Handler = Callable[[httpx.Request], httpx.Response]


def asked(handler: Handler) -> PolicyDecision:
    engine = OpaEngine("http://opa.example:8181", lambda: BUNDLE, token="t0ken", transport=httpx.MockTransport(handler))
    try:
        return engine.decide("door", {"a": 1})
    finally:
        engine.close()


def answering(result: object, status: int = 200) -> Handler:
    """Answers data requests with `result`, and accepts whatever is uploaded."""

    def handler(request: httpx.Request) -> httpx.Response:
        if request.url.path.startswith("/v1/data/"):
            return httpx.Response(status, json=result)
        return httpx.Response(200, json={})

    return handler


def raising(error: Exception) -> Handler:
    def handler(request: httpx.Request) -> httpx.Response:
        raise error

    return handler


GOOD = {"digest": BUNDLE.digest, "deny": [], "warn": [], "rules": ["door/a"]}


def test_a_good_answer_allows() -> None:
    assert asked(answering({"result": GOOD})).result is Result.ALLOW


@pytest.mark.parametrize(
    ("handler", "cause"),
    [
        (raising(httpx.ConnectError("refused")), "engine-down"),
        (raising(httpx.ReadTimeout("late")), "timeout"),
        (raising(httpx.RemoteProtocolError("cut")), "engine-down"),
        (lambda _: httpx.Response(200, text="<html>"), "bad-json"),
        (answering({"code": "internal_error", "message": "eval_type_error"}, 500), "evaluation-error"),
        (lambda _: httpx.Response(401, json={"code": "unauthorized"}), "evaluation-error"),
        (lambda _: httpx.Response(302, headers={"location": "http://elsewhere/"}), "evaluation-error"),
        (answering({}), "other-bundle"),
        (answering({"result": {**GOOD, "digest": "sha256:other"}}), "other-bundle"),
        (answering([]), "other-bundle"),
        (answering({"result": {"digest": BUNDLE.digest}}), "undefined"),
        (answering({"result": {**GOOD, "rules": []}}), "zero-rules"),
        (answering({"result": {**GOOD, "deny": "no"}}), "undefined"),
    ],
)
def test_whatever_a_server_does_wrong_denies(handler: Handler, cause: str) -> None:
    decision = asked(handler)
    assert decision.result is Result.DENY
    assert [reason.rule for reason in decision.denials] == [f"engine/{cause}"]
    assert decision.denials[0].clears_by
    assert "t0ken" not in str(decision)


def test_a_server_without_the_bundle_gets_it_with_functions_before_their_callers() -> None:
    stored: dict[str, str] = {"conductor/old/old.rego": "package old\n", "someone/else.rego": "package else\n"}

    def handler(request: httpx.Request) -> httpx.Response:
        name = request.url.path.removeprefix("/v1/policies/")
        if request.method == "GET":
            return httpx.Response(200, json={"result": [{"id": key} for key in stored]})
        if request.method == "DELETE":
            return httpx.Response(200 if stored.pop(name, None) else 404, json={})
        if request.method == "PUT":
            if "door" in name and "conductor/lib/lib.rego" not in stored:
                error = {"message": "undefined function", "location": {"file": name, "row": 3}}
                return httpx.Response(400, json={"code": "invalid_parameter", "message": "x", "errors": [error]})
            stored[name] = request.content.decode()
            return httpx.Response(200, json={})
        assert json.loads(request.content) == {"input": {"a": 1}}
        assert request.url.params["strict-builtin-errors"] == "true"
        assert request.headers["authorization"] == "Bearer t0ken"
        known = BUNDLE.digest in stored.get("conductor/bundle.rego", "")
        return httpx.Response(200, json={"result": GOOD} if known else {})

    assert asked(handler).result is Result.ALLOW
    ours = {"conductor/bundle.rego", "conductor/door/door.rego", "conductor/lib/lib.rego"}
    assert set(stored) == {*ours, "someone/else.rego"}


def test_a_bundle_that_opa_refuses_names_file_and_line() -> None:
    def handler(request: httpx.Request) -> httpx.Response:
        if request.method == "PUT":
            error = {"message": "var y is unsafe", "location": {"file": "conductor/door/door.rego", "row": 7}}
            return httpx.Response(400, json={"code": "invalid_parameter", "message": "bad", "errors": [error]})
        return httpx.Response(200, json={})

    [reason] = asked(handler).denials
    assert reason.rule == "engine/compile-error"
    assert "door/door.rego:7: var y is unsafe" in reason.text
