"""The contract of `ports.web.Web`, on the fake and on httpx against a real server."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from conductor_core.adapters.web import HttpxWeb
from conductor_core.errors import InputError, UnreachableError
from conductor_core.ports.web import Web
from tests.fakes.web import FakeWeb


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        if self.path == "/moved":
            self.send_response(302)
            self.send_header("Location", "/healthz")
            self.end_headers()
        elif self.path == "/away":
            self.send_response(302)
            self.send_header("Location", "http://elsewhere.invalid/")
            self.end_headers()
        else:
            body = b"ok" if self.path == "/healthz" else b"x" * (2 << 20)
            self.send_response(200 if self.path == "/healthz" else 500)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            try:
                self.wfile.write(body)
            except OSError:
                return

    def do_POST(self) -> None:
        given = self.rfile.read(int(self.headers["Content-Length"])).decode()
        body = f"POST {given} {self.headers['X-One']}".encode()
        self.send_response(201)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("X-Said", "yes")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        return


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), _Handler) as http:
        http.daemon_threads = True
        threading.Thread(target=http.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{http.server_address[1]}"
        http.shutdown()


@pytest.fixture(params=["fake", "real"])
def web(request: pytest.FixtureRequest, server: str) -> Web:
    if request.param == "real":
        return HttpxWeb()
    return FakeWeb({f"{server}/healthz": (200, "ok"), f"{server}/big": (500, "x" * (1 << 20))})


def test_an_answer(web: Web, server: str) -> None:
    answer = web.get(f"{server}/healthz")
    assert (answer.status, answer.text) == (200, "ok")


def test_an_error_status_is_an_answer_and_is_cut(web: Web, server: str) -> None:
    answer = web.get(f"{server}/big")
    assert answer.status == 500
    assert len(answer.text) == 1 << 20


def test_nobody_there(web: Web) -> None:
    with pytest.raises(UnreachableError) as bad:
        web.get("http://127.0.0.1:9/healthz", timeout=2.0)
    assert bad.value.next


@pytest.mark.parametrize("url", ["file:///etc/passwd", "healthz", "gopher://x/"])
def test_other_schemes_are_refused(web: Web, url: str) -> None:
    with pytest.raises(InputError):
        web.get(url)


def test_redirects_stay_on_the_host(server: str) -> None:
    assert HttpxWeb().get(f"{server}/moved").text == "ok"
    assert HttpxWeb().get(f"{server}/away").status == 302


def test_any_method_is_sent_and_nothing_is_followed(server: str) -> None:
    web = HttpxWeb()
    answer = web.send("POST", f"{server}/graphql", body=b'{"query": "{ x }"}', headers={"X-One": "1"})
    assert (answer.status, answer.text) == (201, 'POST {"query": "{ x }"} 1')
    assert answer.headers["x-said"] == "yes"
    assert web.send("GET", f"{server}/moved").status == 302
    with pytest.raises(UnreachableError):
        web.send("GET", "http://127.0.0.1:1/", timeout=1.0)
    with pytest.raises(InputError):
        web.send("GET", "file:///etc/passwd")
