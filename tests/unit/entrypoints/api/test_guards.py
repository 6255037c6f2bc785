from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from conductor_core.entrypoints.api.app import create_app
from conductor_core.entrypoints.api.guards import BODY_CAP, HEADERS, is_loopback
from conductor_core.entrypoints.api.main import check_host, main
from conductor_core.errors import ConfigurationError
from tests.fakes.browser import Browser
from tests.fakes.conductor import FakeConductor, build

BODY = {"runbook": "try_types", "reason": "why not"}


@pytest.fixture
def conductor(tmp_path: Path) -> FakeConductor:
    return build(tmp_path)


@pytest.fixture
def browser(conductor: FakeConductor) -> Browser:
    return Browser(create_app(conductor))


@pytest.mark.parametrize(
    ("host", "loopback"),
    [
        ("localhost", True),
        ("LOCALHOST.", True),
        ("api.localhost", True),
        ("127.0.0.1", True),
        ("127.8.8.8", True),
        ("[::1]", True),
        ("0.0.0.0", False),
        ("10.0.0.1", False),
        ("localhost.evil.example", False),
        ("127.0.0.1.evil.example", False),
        ("", False),
    ],
)
def test_loopback_names(host: str, loopback: bool) -> None:
    assert is_loopback(host) is loopback


@pytest.mark.parametrize("host", ["evil.example", "evil.example:8600", "127.0.0.1.evil.example", "10.0.0.1", "x:y:z"])
@pytest.mark.parametrize("path", ["/api/v1/changes", "/healthz", "/metrics"])
def test_a_rebound_name_is_refused(browser: Browser, host: str, path: str) -> None:
    answer = browser.get(path, headers={"Host": host})
    assert answer.status_code == 403
    assert set(answer.json()["error"]) == {"what", "why", "next"}


@pytest.mark.parametrize("host", ["localhost:8600", "127.0.0.1:8600", "[::1]:8600"])
def test_names_of_this_machine_are_served(browser: Browser, host: str) -> None:
    assert browser.get("/api/v1/changes", headers={"Host": host}).status_code == 200


def test_a_socket_of_another_address_is_refused(conductor: FakeConductor) -> None:
    outside = Browser(create_app(conductor), "http://192.0.2.7:8600")
    assert outside.get("/api/v1/changes", headers={"Host": "127.0.0.1:8600"}).status_code == 403


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 201),
        ({"Origin": "http://127.0.0.1:8600"}, 201),
        ({"Origin": "http://127.0.0.1:8501"}, 201),
        ({"Origin": "http://localhost:8501"}, 201),
        ({"Origin": "http://localhost:9999"}, 403),
        ({"Origin": "https://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": "http://127.0.0.1:8501.evil.example"}, 403),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-origin"}, 201),
    ],
)
def test_pages_of_other_sites_may_not_act(
    conductor: FakeConductor, browser: Browser, headers: dict[str, str], status: int
) -> None:
    answer = browser.post("/api/v1/changes", BODY, "requester", headers=headers)
    assert answer.status_code == status
    assert len(conductor.memory.changes) == (status == 201)


def test_a_form_of_another_site_cannot_be_read_as_json(conductor: FakeConductor, browser: Browser) -> None:
    text = b'{"runbook": "try_types", "reason": "why not"}'
    answer = browser.ask("POST", "/api/v1/changes", "requester", content=text, headers={"Content-Type": "text/plain"})
    assert answer.status_code == 422
    assert not conductor.memory.changes


def test_large_bodies_are_refused_before_they_are_read(browser: Browser) -> None:
    async def endless() -> AsyncIterator[bytes]:
        for _ in range(BODY_CAP // 50_000 + 2):
            yield b"x" * 50_000

    told = browser.ask("POST", "/api/v1/changes", "requester", content=b"x" * (BODY_CAP + 1))
    untold = browser.ask("POST", "/api/v1/changes", "requester", content=endless())
    for answer in (told, untold):
        assert answer.status_code == 413
        assert "too large" in answer.json()["error"]["what"]
    lying = browser.ask("POST", "/graphql", content=b"{}", headers={"Content-Length": "many"})
    assert lying.status_code == 413


@pytest.mark.parametrize("path", ["/healthz", "/nothing", "/api/v1/changes", "/openapi.json"])
def test_every_answer_carries_the_security_headers(browser: Browser, path: str) -> None:
    answer = browser.get(path)
    assert {name: answer.headers[name] for name in HEADERS} == HEADERS
    assert "Access-Control-Allow-Origin" not in answer.headers


def test_the_local_mode_is_never_served_to_other_machines(
    conductor: FakeConductor, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    check_host(conductor.settings, "127.0.0.1")
    with pytest.raises(ConfigurationError):
        check_host(conductor.settings, "0.0.0.0")
    check_host(build(tmp_path, identity_mode="oidc").settings, "0.0.0.0")
    monkeypatch.setenv("CONDUCTOR_HOME", str(tmp_path))
    monkeypatch.delenv("CONDUCTOR_IDENTITY_MODE", raising=False)
    assert main(["--host", "0.0.0.0", "--port", "0"]) == ConfigurationError.exit_code
    assert "CONDUCTOR_HOST=127.0.0.1" in capsys.readouterr().err
