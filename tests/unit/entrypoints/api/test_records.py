from __future__ import annotations

import json
import threading
import time
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn

from conductor_core.domain.changes import State
from conductor_core.entrypoints.api import records
from conductor_core.entrypoints.api.app import create_app
from conductor_core.entrypoints.api.feed import Feed
from conductor_core.errors import InputError, NotFoundError
from tests.fakes.browser import Browser
from tests.fakes.conductor import FakeConductor, build

STREAM = {"Accept": "text/event-stream"}


@pytest.fixture
def conductor(tmp_path: Path) -> FakeConductor:
    return build(tmp_path)


@pytest.fixture
def browser(conductor: FakeConductor) -> Browser:
    return Browser(create_app(conductor))


def blocks(text: str) -> list[dict[str, str]]:
    """The events of a stream by field."""
    found = [dict(line.split(": ", 1) for line in block.splitlines()) for block in text.split("\n\n") if block]
    return [block for block in found if "event" in block]


def test_events_are_read_on_from_a_cursor(conductor: FakeConductor, browser: Browser) -> None:
    change = conductor.settled(State.AWAITING_APPROVAL)
    at = f"/api/v1/changes/{change.id}/events"
    first = browser.get(at).json()
    assert [item["kind"] for item in first["events"]] == ["fact"] * 3
    assert first["state"] == "awaiting_approval"
    assert browser.get(f"{at}?after={first['cursor']}").json()["events"] == []
    conductor.changes.reject(conductor.actor("approver"), change.id, "wrong tag")
    second = browser.get(f"{at}?after={first['cursor']}").json()
    assert second["events"][0]["event"]["type"] == "conductor.change.rejected.v1"


def test_a_cursor_never_skips_what_came_late(conductor: FakeConductor) -> None:
    change = conductor.settled(State.SUCCEEDED)
    everything = list(Feed(conductor, change.id).all())
    for at, item in enumerate(everything):
        rest = list(Feed(conductor, change.id, str(item["cursor"])).all())
        fresh = [i for i in rest if i["kind"] != "operation"]
        assert [i.get("sequence") for i in fresh] == [
            i.get("sequence") for i in everything[at + 1 :] if i["kind"] != "operation"
        ]


@pytest.mark.parametrize("cursor", ["1", "a.b", "-1.0", "1.2.3", "9" * 30 + ".1"])
def test_a_wrong_cursor_is_an_error(conductor: FakeConductor, browser: Browser, cursor: str) -> None:
    change = conductor.settled(State.SUCCEEDED)
    with pytest.raises(InputError):
        Feed(conductor, change.id, cursor)
    answer = browser.get(f"/api/v1/changes/{change.id}/events?after={cursor}")
    assert answer.status_code == 422
    with pytest.raises(NotFoundError):
        Feed(conductor, "chg-01KB0000000000000000000000")


def test_a_stream_of_an_ended_change_ends(conductor: FakeConductor, browser: Browser) -> None:
    change = conductor.settled(State.SUCCEEDED)
    at = f"/api/v1/changes/{change.id}/events"
    answer = browser.get(at, headers=STREAM)
    assert answer.headers["Content-Type"].startswith("text/event-stream")
    told = blocks(answer.text)
    assert told[0]["event"] == "fact"
    assert (told[-1]["event"], json.loads(told[-1]["data"])) == ("end", {"state": "succeeded"})
    middle = told[4]["id"]
    again = blocks(browser.get(at, headers=STREAM | {"Last-Event-ID": middle}).text)
    assert [b["id"] for b in again if b["event"] == "fact"] == [b["id"] for b in told[5:] if b["event"] == "fact"]
    assert browser.get(at, headers=STREAM | {"Last-Event-ID": told[-1]["id"]}).status_code == 204


def test_only_so_many_streams_are_open(
    conductor: FakeConductor, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(records, "STREAMS", 0)
    change = conductor.settled(State.SUCCEEDED)
    answer = browser.get(f"/api/v1/changes/{change.id}/events", headers=STREAM)
    assert answer.status_code == 503


@pytest.mark.timed
def test_a_stream_tells_within_a_second(conductor: FakeConductor) -> None:
    change = conductor.settled(State.AWAITING_APPROVAL)
    server = uvicorn.Server(uvicorn.Config(create_app(conductor), port=0, log_level="warning", lifespan="off"))
    serving = threading.Thread(target=server.run)
    serving.start()
    try:
        while not server.started:
            time.sleep(0.02)
        port = server.servers[0].sockets[0].getsockname()[1]
        told: list[tuple[float, dict[str, Any]]] = []
        acted: list[float] = []

        def act() -> None:
            time.sleep(0.5)
            conductor.changes.approve(conductor.actor("approver"), change.id)
            acted.append(time.monotonic())
            conductor.execute(change.id)

        helper = threading.Thread(target=act)
        helper.start()
        url = f"http://127.0.0.1:{port}/api/v1/changes/{change.id}/events"
        with httpx.stream("GET", url, headers=STREAM, timeout=20) as answer:
            for line in answer.iter_lines():
                if line.startswith("data: "):
                    told.append((time.monotonic(), json.loads(line[6:])))
        helper.join()
    finally:
        server.should_exit = True
        serving.join()
    given = next(at for at, item in told if item.get("event", {}).get("type") == "conductor.approval.given.v1")
    assert given - acted[0] < 1.0
    assert told[-1][1] == {"state": "succeeded"}


def test_evidence_is_served_as_a_file_that_can_do_nothing(conductor: FakeConductor, browser: Browser) -> None:
    change = conductor.settled(State.AWAITING_APPROVAL)
    assert change.plan is not None
    answer = browser.get(f"/api/v1/changes/{change.id}/evidence/manifests.yaml")
    assert answer.content == conductor.blobs.get(change.plan.evidence[0].digest)
    assert answer.headers["Content-Type"] == "application/yaml"
    assert answer.headers["Content-Disposition"] == 'attachment; filename="manifests.yaml"'
    assert answer.headers["Content-Security-Policy"].startswith("sandbox")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    missing = browser.get(f"/api/v1/changes/{change.id}/evidence/nothing")
    assert (missing.status_code, "manifests.yaml" in missing.json()["error"]["why"]) == (404, True)


def test_damaged_evidence_is_never_served(conductor: FakeConductor, browser: Browser) -> None:
    change = conductor.settled(State.AWAITING_APPROVAL)
    assert change.plan is not None
    conductor.blobs.held[change.plan.evidence[0].digest] = b"something else"
    answer = browser.get(f"/api/v1/changes/{change.id}/evidence/manifests.yaml")
    assert answer.status_code == 507
    assert "something else" not in answer.text


def test_the_notebook_is_a_sandboxed_page(conductor: FakeConductor, browser: Browser) -> None:
    change = conductor.settled(State.SUCCEEDED)
    answer = browser.get(f"/api/v1/changes/{change.id}/notebook")
    assert "run.perform()" in answer.text
    policy = answer.headers["Content-Security-Policy"]
    assert policy.startswith("sandbox;")
    assert "allow-scripts" not in policy
    assert "script-src" not in policy
    assert "http://127.0.0.1:8501" in policy
    waiting = conductor.settled(State.AWAITING_APPROVAL)
    assert browser.get(f"/api/v1/changes/{waiting.id}/notebook").status_code == 404
