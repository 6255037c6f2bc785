"""Slack by webhook and by app token, against a server of ours."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest

from conductor_core.adapters.slack import Slack
from conductor_core.domain.notices import Notice
from conductor_core.errors import ConductorError, ConfigurationError, UnreachableError

NOTICE = Notice(
    "approval-needed", "Provision blue", "Provision blue waits for 1 approval.", "asked by <eve> & co", "http://w/c",
    "chg-1", datetime(2026, 11, 24, tzinfo=UTC),
)  # fmt: skip


class Server(HTTPServer):
    """Answers what it is told to, and keeps what it was asked."""

    answer: tuple[int, str] = (200, "ok")
    asked: list[tuple[str, dict[str, str], dict[str, Any]]]


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.asked.append((self.path, dict(self.headers), body))
        self.send_response(self.server.answer[0])
        self.send_header("Location", "http://elsewhere.invalid/")
        self.end_headers()
        self.wfile.write(self.server.answer[1].encode())

    def log_message(self, format: str, *args: object) -> None:
        """Quiet."""


@pytest.fixture
def server() -> Iterator[Server]:
    made = Server(("127.0.0.1", 0), Handler)
    made.asked = []
    thread = threading.Thread(target=made.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield made
    made.shutdown()
    thread.join()
    made.server_close()


def url(server: Server, path: str) -> str:
    return f"http://127.0.0.1:{server.server_port}/{path}"


def test_a_webhook_gets_the_text_and_a_button_that_leads_to_the_change(server: Server) -> None:
    Slack(webhook=url(server, "services/T/B/x")).send(NOTICE)
    [(path, _, body)] = server.asked
    assert path == "/services/T/B/x"
    assert body["text"] == NOTICE.text
    assert body["blocks"][1]["elements"][0]["url"] == "http://w/c"
    assert "&lt;eve&gt; &amp; co" in body["blocks"][0]["text"]["text"]


def test_an_app_token_posts_to_the_channel(server: Server) -> None:
    server.answer = (200, '{"ok": true}')
    slack = Slack(token="xoxb-1", channel="#ops", post=url(server, "api/chat.postMessage"))
    assert slack.configured
    slack.send(replace(NOTICE, kind="failed"))
    [(_, headers, body)] = server.asked
    assert (headers["Authorization"], body["channel"]) == ("Bearer xoxb-1", "#ops")


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        ((403, "invalid_token"), ConfigurationError),
        ((302, ""), ConfigurationError),
        ((429, "slow"), UnreachableError),
        ((503, ""), UnreachableError),
        ((200, '{"ok": false, "error": "channel_not_found"}'), ConfigurationError),
        ((200, "<html>"), UnreachableError),
    ],
)
def test_what_slack_refuses_is_told_without_the_credential(
    server: Server, answer: tuple[int, str], kind: type[ConductorError]
) -> None:
    server.answer = answer
    slack = Slack(token="xoxb-1", channel="#ops", post=url(server, "x"))
    with pytest.raises(kind) as caught:
        slack.send(NOTICE)
    assert "xoxb" not in str(caught.value.diagnostics())
    assert len(server.asked) == 1


def test_nobody_there_is_unreachable() -> None:
    with pytest.raises(UnreachableError):
        Slack(webhook="http://127.0.0.1:9/x").send(NOTICE)
    assert not Slack().configured
