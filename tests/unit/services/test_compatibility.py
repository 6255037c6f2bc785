"""The compatibility check on what is installed, and the gate on what would be."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from conductor_core.domain.gates import Result
from conductor_core.services.compatibility import CompatibilityGate, CompatibilityService
from conductor_core.services.planning import Draft
from tests.fakes.conductor import build
from tests.fakes.domain import change
from tests.fakes.web import FakeWeb


def workload(tag: str, label: str) -> dict[str, Any]:
    template = {"metadata": {"labels": {"version": label}}, "spec": {"containers": [{"image": f"r/api:{tag}"}]}}
    return {"kind": "Deployment", "metadata": {"name": "api"}, "spec": {"template": template}}


@pytest.mark.parametrize(
    ("app_version", "tag", "label", "tier", "result"),
    [
        ("1.4.2", "1.4.2", "1.4.2", "prod", Result.ALLOW),
        ("1.4.2", "1.4.3", "1.4.3", "prod", Result.WARN),
        ("1.4.3", "1.4.3", "1.4.2", "staging", Result.WARN),
        ("1.4.3", "1.4.3", "1.4.2", "prod", Result.DENY),
        ("", "", "1.4.2", "prod", Result.ALLOW),
    ],
)
def test_the_gate(app_version: str, tag: str, label: str, tier: str, result: Result) -> None:
    values = {"image": {"tag": tag}} if tag else {}
    draft = Draft(facts={"app version": app_version}, values=values, manifests=(workload(tag, label),), tier=tier)
    (verdict,) = CompatibilityGate()(change(), draft)
    assert verdict.result is result, verdict
    assert all(r.clears_by for r in verdict.reasons)


def test_what_runs_is_asked_too(tmp_path: Path) -> None:
    conductor = build(tmp_path)
    web = FakeWeb({"http://intelgraph-dev/intelgraph/graphql": (200, json.dumps({"data": {"version": "4.5.7"}}))})
    check = CompatibilityService(conductor.releases, web, lambda: "http://{namespace}/{release}")
    found = check.of("intelgraph", "dev")
    assert found.differences == ("the API itself says 4.5.7, appVersion of the chart says 4.5.6",)
    web.answers.clear()
    assert check.of("intelgraph", "dev").differences == ()
    assert check.of("intelgraph", "staging").claims == ()
