"""Kubernetes events of an environment while an act runs: the new ones, once each, in order."""

from __future__ import annotations

import threading
from typing import Any

from conductor_core.errors import UnreachableError
from conductor_core.services.environment_events import told
from tests.fakes.cluster import FakeCluster


def namespace(name: str, environment: str) -> dict[str, Any]:
    labels = {"conductor.summit/environment": environment}
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}}


def event(name: str, at: str, **more: Any) -> dict[str, Any]:
    metadata = {"name": name, "namespace": "blue-app", "uid": name}
    about = {"kind": "Pod", "name": "api-1"}
    told = {"lastTimestamp": at, "involvedObject": about, "reason": name.title(), "message": "It is so."}
    return {"apiVersion": "v1", "kind": "Event", "metadata": metadata, "type": "Normal", **told, **more}


def test_new_events_are_told_once_and_old_ones_never() -> None:
    cluster, said, seen = FakeCluster(), list[str](), threading.Semaphore(0)
    cluster.put(namespace("blue-app", "blue"), namespace("other", "green"), event("old", "2030-01-01T00:00:00Z"))

    def say(line: str) -> None:
        said.append(line)
        seen.release()

    with told(cluster, "blue", say, every=0.01):
        cluster.put(
            event("second", "2030-01-01T00:00:02Z", type="Warning"),
            event("first", "2030-01-01T00:00:01Z"),
            {**event("strange", "2030"), "metadata": {"name": "strange", "namespace": "other"}},
        )
        assert all(seen.acquire(timeout=30) for _ in range(2))
    assert sorted(said) == [
        "event (warning): Pod blue-app/api-1 Second: It is so.",
        "event: Pod blue-app/api-1 First: It is so.",
    ]


def test_an_event_that_happens_again_is_told_again_and_the_last_look_comes_after_the_act() -> None:
    cluster, said = FakeCluster(), list[str]()
    with told(cluster, "blue", said.append, every=3600):
        cluster.put(namespace("blue-app", "blue"), event("again", "2030-01-01T00:00:01Z", count=3))
    assert said == ["event: Pod blue-app/api-1 Again: It is so."]


def test_a_cluster_that_is_down_ends_nothing() -> None:
    cluster, said = FakeCluster(failure=UnreachableError("It does not answer.")), list[str]()
    with told(cluster, "blue", said.append, every=0.01):
        pass
    assert said == []
