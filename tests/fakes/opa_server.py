"""A real OPA server for tests: started on a free port of the loopback, stopped with the block."""

from __future__ import annotations

import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager

import httpx

from tests.fakes.policy import program


@contextmanager
def serving() -> Iterator[str]:
    """The URL of a started server; raises `AssertionError` when it does not come up within 20 seconds."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{probe.getsockname()[1]}"
    argv = [str(program("opa")), "run", "--server", "--addr", address, "--log-level", "error", "--disable-telemetry"]
    server = subprocess.Popen(argv, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + 20
        while not _healthy(address):
            assert time.monotonic() < deadline, "The OPA server did not come up."
            assert server.poll() is None, "The OPA server ended at once."
            time.sleep(0.05)
        yield f"http://{address}"
    finally:
        server.terminate()
        server.wait(timeout=10)


def _healthy(address: str) -> bool:
    try:
        return httpx.get(f"http://{address}/health", timeout=2).is_success
    except httpx.HTTPError:
        return False
