"""What the cluster has of one environment, by its label and in its namespaces."""

from __future__ import annotations

from conductor_core.services.environment_objects import objects_of
from tests.fakes.cluster import FakeCluster

OWN = {"conductor.summit/environment": "blue", "conductor.summit/pool": "general"}


def node(name: str, ready: str, **labels: str) -> dict[str, object]:
    status = {"conditions": [{"type": "Ready", "status": ready}], "capacity": {"cpu": "4", "memory": "16Gi"}}
    return {"apiVersion": "v1", "kind": "Node", "metadata": {"name": name, "labels": labels}, "status": status}


def test_nodes_namespaces_pods_and_events_are_those_of_the_environment() -> None:
    cluster = FakeCluster()
    inside = {"name": "p", "namespace": "blue-app"}
    cluster.put(
        node("n-1", "True", **OWN),
        node("n-2", "False", **OWN),
        node("other", "True"),
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "blue-app", "labels": OWN}},
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "red-app", "labels": {}}},
        {"apiVersion": "v1", "kind": "Pod", "metadata": inside, "status": {"phase": "Pending"}},
        {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "q", "namespace": "red-app"}},
    )
    found = objects_of(cluster, "blue")
    assert [(r.name, r.about, r.state) for r in found.nodes] == [
        ("n-1", "general", "healthy"),
        ("n-2", "general", "degraded"),
    ]
    assert [r.name for r in found.namespaces] == ["blue-app"]
    assert [(r.name, r.state) for r in found.pods] == [("p", "progressing")]
    assert found.events == ()
