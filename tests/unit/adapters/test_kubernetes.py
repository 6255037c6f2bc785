"""What of the room of Kubernetes needs no API server; the rest is in the contract of `Cluster`."""

from __future__ import annotations

import json
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from conductor_core.adapters.kubernetes import KubernetesCluster
from conductor_core.errors import UnreachableError


@pytest.mark.slow
def test_who_waited_for_an_attempt_shares_its_failure(tmp_path: Path) -> None:
    """The server takes every connection and hangs up after a while: two askers cost one attempt, not one each."""
    came: list[float] = []
    with socket.create_server(("127.0.0.1", 0)) as listening:
        server = {"server": f"http://127.0.0.1:{listening.getsockname()[1]}"}
        config = {
            "clusters": [{"name": "c", "cluster": server}],
            "users": [{"name": "u", "user": {}}],
            "contexts": [{"name": "x", "context": {"cluster": "c", "user": "u"}}],
        }
        (tmp_path / "kubeconfig").write_text(json.dumps(config))
        cluster = KubernetesCluster(tmp_path / "kubeconfig", "x")

        def answer() -> None:
            while True:
                try:
                    connection, _ = listening.accept()
                except OSError:  # closed: the test is over
                    return
                came.append(time.monotonic())
                time.sleep(0.3)
                connection.close()

        def asked() -> str:
            try:
                cluster.kinds()
            except UnreachableError as bad:
                return bad.what
            return "answered"

        threading.Thread(target=answer, daemon=True).start()
        with ThreadPoolExecutor(3) as pool:
            told = [pool.submit(asked) for _ in range(3)]
            assert {one.result() for one in told} == {"The cluster of the context x did not answer."}
        once = len(came)
        assert asked().startswith("The cluster"), "who comes later asks anew"
        assert len(came) == 2 * once
        listening.shutdown(socket.SHUT_RDWR)
