"""A real S3 server over HTTP (gofakes3), behind a door that can fail: refuse, lose an answer, or answer late."""

from __future__ import annotations

import http.client
import subprocess
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Literal, Self

BUCKET = "ledger"
Fault = Literal["500", "500 after", "cut", "cut after"]
"""Answer 500, or cut the connection; `after`: when the store has already done what it was asked."""
_OWN = {"connection", "transfer-encoding", "content-length", "date", "server"}


class S3Server:
    """The program and the door before it. `fault` says how a request (method, path) fails; None: it doesn't."""

    def __init__(self, program: Path) -> None:
        self._program = program
        self.fault: Callable[[str, str], Fault | None] | None = None
        self.asked: list[tuple[str, str]] = []
        """Method and path of each request."""

    def __enter__(self) -> Self:
        self._door = _Door(self)
        self.port = self._door.server_port
        inner = _free_port()
        argv = [str(self._program), "-quiet", "-backend", "memory", "-initialbucket", BUCKET]
        self._process = subprocess.Popen([*argv, "-host", f"127.0.0.1:{inner}"], stderr=subprocess.DEVNULL)
        self.inner = inner
        end = time.monotonic() + 20
        while not _answers(inner):
            assert time.monotonic() < end
            assert self._process.poll() is None, "the S3 server ended"
            time.sleep(0.02)
        self._thread = threading.Thread(target=self._door.serve_forever, name="s3-door")
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._door.shutdown()
        self._thread.join()
        self._door.server_close()
        self._process.kill()
        self._process.wait()

    @property
    def environment(self) -> dict[str, str]:
        """What tells every AWS client where the server is."""
        return {
            "AWS_ENDPOINT_URL_S3": f"http://127.0.0.1:{self.port}",
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_EC2_METADATA_DISABLED": "true",
        }


class _Door(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def __init__(self, server: S3Server) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.behind = server


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Door

    def _pass_on(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        s3 = self.server.behind
        s3.asked.append((self.command, self.path))
        fault = s3.fault(self.command, self.path) if s3.fault else None
        if fault in (None, "500 after", "cut after"):
            inner = http.client.HTTPConnection("127.0.0.1", s3.inner, timeout=20)
            inner.request(self.command, self.path, body, dict(self.headers))
            answer = inner.getresponse()
            status, headers, data = answer.status, answer.getheaders(), answer.read()
            inner.close()
        if fault in ("cut", "cut after"):
            self.close_connection = True
            return
        if fault is not None:
            status, headers, data = 500, [], b"<Error><Code>InternalError</Code><Message>Injected</Message></Error>"
        self.send_response(status)
        length = str(len(data))
        for name, value in headers:
            if name.lower() == "content-length" and self.command == "HEAD":
                length = value
            if name.lower() not in _OWN:
                self.send_header(name, value)
        self.send_header("Content-Length", length)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)

    do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = _pass_on

    def log_message(self, format: str, *args: object) -> None:  # its name in the library
        """Say nothing."""


def _free_port() -> int:
    import socket

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def _answers(port: int) -> bool:
    try:
        asked = http.client.HTTPConnection("127.0.0.1", port, timeout=2)
        asked.request("GET", "/")
        asked.getresponse().read()
        asked.close()
    except OSError:
        return False
    return True
