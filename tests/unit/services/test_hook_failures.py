"""Failed hooks say why: status, events and log of their jobs, with the release's secrets hidden."""

from __future__ import annotations

from typing import Any

import pytest

from conductor_core.domain.manifests import Identity
from conductor_core.errors import UnreachableError
from conductor_core.services.hook_failures import HookFailures
from tests.fakes.cluster import FakeCluster

HOOKS: dict[Identity, Any] = {
    Identity("batch", "Job", "shop", "migrate"): {"kind": "Job"},
    Identity("", "ConfigMap", "shop", "settings"): {"kind": "ConfigMap"},
}
KEY = bytes(16)
SECRET = {"kind": "Secret", "metadata": {"name": "db"}, "stringData": {"password": "canary-word"}}


def meta(name: str, **more: object) -> dict[str, object]:
    return {"name": name, "namespace": "shop", **more}


def job(*conditions: dict[str, str]) -> dict[str, Any]:
    status = {"conditions": list(conditions)}
    return {"apiVersion": "batch/v1", "kind": "Job", "metadata": meta("migrate"), "status": status}


FAILED = {"type": "Failed", "status": "True", "reason": "BackoffLimitExceeded", "message": "too many tries"}


@pytest.fixture
def cluster() -> FakeCluster:
    """A job that failed, its pod with a log, and what was noted about both."""
    cluster = FakeCluster()
    pod = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": meta("migrate-x1", labels={"job-name": "migrate"}),
        "spec": {"containers": [{"name": "main"}, {"name": "side"}]},
        "status": {"phase": "Failed"},
    }
    events = [
        {
            "apiVersion": "v1",
            "kind": "Event",
            "metadata": meta(f"e{n}"),
            "involvedObject": {"kind": "Pod", "name": name},
            "reason": "BackOff",
            "message": "back-off",
            "count": 3,
            "lastTimestamp": f"2026-11-25T00:00:0{n}Z",
        }
        for n, name in enumerate(["migrate-x1", "somebody-else"])
    ]
    cluster.put(job(FAILED), pod, *events)
    cluster.log[("shop", "migrate-x1")] = "connect as canary-word\nrelation exists"
    return cluster


def test_status_events_and_logs_are_told_and_secrets_are_not(cluster: FakeCluster) -> None:
    told = HookFailures(cluster, KEY).told(HOOKS, [SECRET])
    assert told[0] == "Job migrate: failed BackoffLimitExceeded: too many tries"
    assert "  event BackOff of Pod migrate-x1 (3 times): back-off" in told
    assert not any("somebody-else" in line for line in told)
    assert "    connect as ••••" in told
    assert "canary-word" not in "".join(told)


def test_what_looks_secret_in_a_log_is_hidden_though_no_secret_of_the_release_holds_it(cluster: FakeCluster) -> None:
    key = "-----BEGIN PRIVATE KEY-----\nMIIabcdef\n-----END PRIVATE KEY-----"
    log = f"DB_PASSWORD=hunter22\npostgres://shop:letmein@db/shop\n{key}\nready"
    cluster.log[("shop", "migrate-x1")] = log
    told = "\n".join(HookFailures(cluster, KEY).told(HOOKS, []))
    assert not [word for word in ("hunter22", "letmein", "MIIabcdef") if word in told]
    assert "DB_PASSWORD=••••" in told
    assert told.endswith("    ready")


@pytest.mark.parametrize(
    ("live", "first"),
    [
        (job({"type": "Complete", "status": "True"}), None),
        (job(), "Job migrate: it has not ended"),
        (None, "Job migrate isn't there: it never ran, or its delete policy has removed it."),
    ],
)
def test_a_hook_that_went_well_says_nothing(live: dict[str, Any] | None, first: str | None) -> None:
    cluster = FakeCluster()
    if live:
        cluster.put(live)
    told = HookFailures(cluster, KEY).told(HOOKS, [])
    assert (told[0] if told else None) == first


def test_what_can_t_be_read_is_a_line_and_what_runs_is_told(cluster: FakeCluster) -> None:
    cluster.log.clear()
    assert any("log of migrate-x1/side: none" in line for line in HookFailures(cluster, KEY).told(HOOKS, []))
    assert HookFailures(cluster, KEY).running(HOOKS) == ()
    cluster.put(job())
    assert HookFailures(cluster, KEY).running(HOOKS) == ("Job migrate",)
    cluster.failure = UnreachableError("The API server did not answer.")
    (line,) = HookFailures(cluster, KEY).told(HOOKS, [])
    assert "can't be read" in line


def test_a_hook_of_the_same_name_before_is_left_out_and_pods_that_are_gone_are_not(cluster: FakeCluster) -> None:
    live = job(FAILED)
    live["metadata"]["uid"] = "now"
    told = [
        ("SuccessfulCreate", "Job", "migrate", "now", "Created pod: migrate-gone"),
        ("FailedScheduling", "Pod", "migrate-gone", "p", "no node fits"),
        ("Completed", "Job", "migrate", "before", "Job completed"),
    ]
    events = [
        {
            "apiVersion": "v1",
            "kind": "Event",
            "metadata": meta(f"n{n}"),
            "involvedObject": {"kind": kind, "name": name, "uid": uid},
            "reason": reason,
            "message": message,
        }
        for n, (reason, kind, name, uid, message) in enumerate(told)
    ]
    cluster.put(live, *events)
    said = "\n".join(HookFailures(cluster, KEY).told(HOOKS, []))
    assert "event FailedScheduling of Pod migrate-gone: no node fits" in said
    assert "Job completed" not in said
