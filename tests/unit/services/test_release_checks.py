"""The post-flight checks look at what a release runs, also where its pods carry no label of Helm's."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from conductor_core.ports.locks import HeldLock
from conductor_core.services.operations import Context
from conductor_core.services.release_checks import ReleaseChecks
from tests.fakes.conductor import build
from tests.fakes.domain import change
from tests.fakes.web import FakeWeb

APP = b"""apiVersion: apps/v1
kind: Deployment
metadata: {name: app}
spec: {selector: {matchLabels: {app: shop, part: web}}}
"""


def pod(name: str, labels: dict[str, str], ready: str) -> dict[str, object]:
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "namespace": "intelgraph-dev", "labels": labels},
        "status": {"phase": "Running", "conditions": [{"type": "Ready", "status": ready}]},
    }


def test_pods_are_found_by_what_their_workload_selects_and_by_the_label(tmp_path: Path) -> None:
    conductor = build(tmp_path)
    checks = ReleaseChecks(conductor.releases, conductor.cluster, FakeWeb({}), lambda: "")
    context = Context(change(parameters={"release": "intelgraph", "channel": "dev"}), HeldLock("x", 0), lambda _: None)
    assert checks.pods(context).detail == "0 pods are ready"
    conductor.repository.push("dev", {"helm/intelgraph/templates/app.yaml": APP})
    conductor.releases.refresh()
    conductor.helm.upgrade(conductor.releases.chart_request("intelgraph", "dev"), "chg-second")
    mine = {"app": "shop", "part": "web"}
    conductor.cluster.put(
        pod("a", mine, "True"),
        pod("b", {**mine, "app.kubernetes.io/instance": "intelgraph"}, "True"),
        pod("else", {"app": "shop"}, "False"),
    )
    assert checks.pods(context).detail == "2 pods are ready"
    conductor.cluster.put(pod("a", mine, "False"))
    seen = checks.pods(context)
    assert not seen.passed
    assert seen.detail.startswith("pod a: ")


def workload(image: str) -> dict[str, Any]:
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "app", "namespace": "intelgraph-dev", "generation": 1},
        "spec": {"replicas": 1, "template": {"spec": {"containers": [{"name": "web", "image": image}]}}},
        "status": {"observedGeneration": 1, "replicas": 1, "updatedReplicas": 1, "availableReplicas": 1},
    }


@pytest.mark.parametrize(
    ("live", "other"),
    [
        ("registry.test/app:2.0.0", ""),
        ("mirror.test/app:2.0.0@sha256:00", ""),
        ("registry.test/app@sha256:00", ""),
        ("registry.test/app:1.0.0", "It has web 1.0.0 and not 2.0.0"),
    ],
)
def test_a_workload_with_another_version_than_the_one_installed_is_no_success(
    tmp_path: Path, live: str, other: str
) -> None:
    conductor = build(tmp_path)
    wanted = f"{json.dumps(workload('registry.test/app:2.0.0'))}\n".encode()
    conductor.repository.push("dev", {"helm/intelgraph/templates/app.yaml": wanted})
    conductor.releases.refresh()
    conductor.helm.upgrade(conductor.releases.chart_request("intelgraph", "dev"), "chg-second")
    for made in conductor.releases.manifests("intelgraph", "dev"):
        conductor.cluster.put(dict(made))
    conductor.cluster.put(workload(live))
    checks = ReleaseChecks(conductor.releases, conductor.cluster, FakeWeb({}), lambda: "")
    context = Context(change(parameters={"release": "intelgraph", "channel": "dev"}), HeldLock("x", 0), lambda _: None)
    seen = checks.workloads(context)
    assert (other in seen.detail) if other else ("It has" not in seen.detail), seen.detail
    assert seen.passed == (not other), seen
