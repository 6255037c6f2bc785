"""Declarations travel as JSON unharmed; a recorded process is recognised only when it is the same one."""

from __future__ import annotations

import os
import socket
import threading
import time
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import psutil
import pytest

from conductor_core.localplane.processes import (
    STOPPED,
    Probe,
    Process,
    ProcessSet,
    ProcessStatus,
    SetStatus,
    read_state,
    same_process,
    write_state,
)


def test_a_declaration_survives_json(tmp_path: Path) -> None:
    declared = ProcessSet(
        "set",
        tmp_path / "run",
        tmp_path / "logs",
        (
            Process("a", ("x", "--y"), {"K": "v"}, "/tmp", Probe("http", "http://h/p", "/ca"), ("b",), False, 3.0, 4.0),
            Process("b", ("z",), once=True),
        ),
    )
    assert ProcessSet.from_json(declared.as_json()) == declared
    assert declared.digest() == ProcessSet.from_json(declared.as_json()).digest()


def test_the_digest_changes_with_the_declaration(tmp_path: Path) -> None:
    one = ProcessSet("set", tmp_path, tmp_path, (Process("a", ("x",)),))
    two = ProcessSet("set", tmp_path, tmp_path, (Process("a", ("y",)),))
    assert one.digest() != two.digest()


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"name": 1}'])
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises((ValueError, KeyError, TypeError)):
        ProcessSet.from_json(text)


def test_state_is_read_back_and_a_dead_writer_is_not_running(tmp_path: Path) -> None:
    me = psutil.Process()
    told = SetStatus(True, me.pid, me.create_time(), "d", False, (ProcessStatus("a", "ready", 1, 2.0),))
    write_state(tmp_path, told)
    assert read_state(tmp_path) == told
    assert read_state(tmp_path).ready
    write_state(tmp_path, SetStatus(True, me.pid, me.create_time() - 100, "d", False, ()))
    assert read_state(tmp_path).running is False


@pytest.mark.parametrize("text", ["", "nonsense", "[]", '{"running": true}'])
def test_a_broken_state_file_means_stopped(tmp_path: Path, text: str) -> None:
    (tmp_path / "state.json").write_text(text)
    assert read_state(tmp_path) == STOPPED


def test_the_same_process_is_known_by_pid_and_creation_time() -> None:
    me = psutil.Process()
    assert same_process(me.pid, me.create_time()) == me
    assert same_process(me.pid, me.create_time() - 5) is None
    assert same_process(0, 0) is None
    assert same_process(2**22 - 3, time.time()) is None


def test_probe_of_a_file(tmp_path: Path) -> None:
    assert not Probe("file", str(tmp_path / "f")).passes()
    (tmp_path / "f").touch()
    assert Probe("file", str(tmp_path / "f")).passes()


def test_probe_of_a_port() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        assert Probe("tcp", f"127.0.0.1:{port}").passes()
    assert not Probe("tcp", f"127.0.0.1:{port}").passes()
    assert not Probe("tcp", "nonsense").passes()


def test_probe_of_a_url() -> None:
    class Door(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200 if self.path == "/ready?full=1" else 503)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            return

    with HTTPServer(("127.0.0.1", 0), Door) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        base = f"http://127.0.0.1:{server.server_address[1]}"
        assert Probe("http", f"{base}/ready?full=1").passes(2)
        assert not Probe("http", f"{base}/ready").passes(2)
        server.shutdown()
        thread.join()
    assert not Probe("http", f"https://127.0.0.1:1/{os.getpid()}").passes()
