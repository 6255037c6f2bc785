"""The simulator behind its HTTP door, fed by hand instead of by an API server."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from conductor_core.localplane.simulator import Door, Pods, Server, workload_of

pytestmark = pytest.mark.slow  # starts servers


def pod(name: str = "api-1", image: str = "reg.example/api:1.2.3", ready: bool = True, **meta: Any) -> dict[str, Any]:
    labels = {
        "app.kubernetes.io/part-of": "intelgraph",
        "app.kubernetes.io/name": "intelgraph",
        "app.kubernetes.io/component": "api",
        "app.kubernetes.io/instance": "green",
        "rollouts-pod-template-hash": "abc",
    }
    return {
        "metadata": {"name": name, "namespace": "ns", "labels": labels, "creationTimestamp": "2026-01-01T00:00:00Z"}
        | meta,
        "spec": {"containers": [{"image": image}]},
        "status": {
            "conditions": [
                {"type": "Ready", "status": str(ready), "lastTransitionTime": "2026-01-01T00:00:10Z"},
            ]
        },
    }


@pytest.fixture
def pods() -> Pods:
    return Pods()


@pytest.fixture
def client(pods: Pods) -> Iterator[httpx.Client]:
    Door.pods = pods
    with Server(("127.0.0.1", 0), Door) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        with httpx.Client(base_url=f"http://127.0.0.1:{server.server_address[1]}", trust_env=False) as asked:
            yield asked
        server.shutdown()
        thread.join()


def test_which_pods_are_simulated() -> None:
    found = workload_of(pod())
    assert found is not None
    assert (found.service, found.template, found.ready) == ("api", "abc", True)
    assert found.aliases == ("api", "intelgraph", "intelgraph-api", "green", "green-api")
    marked = workload_of(pod(labels={"app": "shop"}, annotations={"conductor.summit/simulate": "true"}))
    assert marked is not None
    assert marked.service == "shop"
    assert workload_of(pod(labels={})) is None
    assert workload_of(pod(ownerReferences=[{"kind": "Job"}])) is None
    gone = workload_of(pod(deletionTimestamp="2026-01-01T00:01:00Z"))
    assert gone is not None
    assert not gone.ready


def test_not_ready_before_the_pods_are_known(client: httpx.Client, pods: Pods) -> None:
    assert client.get("/readyz").status_code == 503
    pods.replace([])
    assert client.get("/readyz").json() == {"status": "ok", "is": "a simulator"}


def test_health_and_graphql_of_a_service(client: httpx.Client, pods: Pods) -> None:
    pods.replace([pod()])
    health = client.get("/svc/ns/green-api/healthz").json()
    assert health == {"status": "ok", "version": "1.2.3", "pod": "api-1", "simulated": True}
    said = client.post("/svc/ns/api/graphql", json={"query": "{ version }"}).json()
    assert said == {"data": {"version": "1.2.3"}}
    assert client.get("/pod/ns/api-1/graphql", params={"query": "{ pod }"}).json() == {"data": {"pod": "api-1"}}


def test_no_ready_pod_is_503(client: httpx.Client, pods: Pods) -> None:
    pods.replace([pod(ready=False)])
    assert client.get("/svc/ns/api/healthz").status_code == 503
    assert client.get("/svc/other/api/healthz").status_code == 503
    assert client.get("/pod/ns/api-1/healthz").status_code == 503


def test_watch_events(client: httpx.Client, pods: Pods) -> None:
    pods.change("ADDED", pod())
    assert "api-1" in client.get("/metrics").text
    pods.change("MODIFIED", pod(labels={}))
    assert "api-1" not in client.get("/metrics").text
    pods.change("ADDED", pod())
    pods.change("DELETED", pod())
    assert pods.all() == []


def test_a_bad_version_answers_with_errors(client: httpx.Client, pods: Pods) -> None:
    pods.replace([pod(image="api:1-bad")])
    codes = [client.get("/svc/ns/api/healthz").status_code for _ in range(60)]
    assert 8 <= codes.count(500) <= 30
    assert set(codes) == {200, 500}


@pytest.mark.parametrize(
    ("path", "content", "code"),
    [
        ("/svc/ns/api/graphql", b"", 413),
        ("/svc/ns/api/graphql", b"x" * 70_000, 413),
        ("/svc/ns/api/graphql", b"nonsense", 400),
        ("/svc/ns/api/graphql", b"[]", 400),
        ("/svc/ns/api/other", b'{"query": "{ pod }"}', 404),
        ("/x", b'{"query": "{ pod }"}', 404),
    ],
)
def test_bad_posts(client: httpx.Client, pods: Pods, path: str, content: bytes, code: int) -> None:
    pods.replace([pod()])
    assert client.post(path, content=content).status_code == code


def test_unknown_paths(client: httpx.Client) -> None:
    assert client.get("/").status_code == 404
    assert client.get("/svc/ns/api/secrets").status_code == 404
