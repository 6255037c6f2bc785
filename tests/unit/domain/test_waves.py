"""Waves: steps in values, read, checked and written back."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from conductor_core.domain.waves import check, steps_of
from conductor_core.errors import InputError
from conductor_core.settings import PROJECT_ROOT

GOOD: list[Any] = [
    {"wave": "canary", "weight": 10},
    {"wave": "canary", "pause": {}},
    {"wave": "canary", "analysis": {"templates": ["ok"]}},
    {"wave": "baseline", "experiment": {"duration": "60s", "replicas": 2, "templates": ["ok"]}},
    {"wave": "full", "pause": {"duration": "5m"}},
    {"wave": "full", "weight": 100},
]


def test_steps_come_back_as_they_were() -> None:
    assert [s.as_values() for s in check(steps_of(GOOD), ["ok"])] == GOOD


@pytest.mark.parametrize("name", ["values.yaml", "values-dev.yaml", "values-staging.yaml"])
def test_the_shipped_charts_have_good_steps(name: str) -> None:
    found = yaml.safe_load((PROJECT_ROOT / "helm" / "intelgraph" / name).read_text())
    assert check(steps_of(found["rollout"]["steps"]), ["success-rate", "latency-p95"])


@pytest.mark.parametrize(
    ("steps", "why"),
    [
        ([], "no steps"),
        ("x", "no steps"),
        (["x"], "Step 1"),
        ([{"wave": "moon", "weight": 1}], "Step 1"),
        ([{"weight": 1, "pause": {}}], "Step 1"),
        ([{"weight": True}], "Step 1"),
        ([{"pause": 5}], "Step 1"),
        ([{"weight": 50}, {"weight": 20}, {"weight": 100}], "its weight is 20 after 50"),
        ([{"weight": 101}], "its weight is 101"),
        ([{"pause": {"duration": "soon"}}, {"weight": 100}], "'soon'"),
        ([{"experiment": {"templates": ["ok"]}}, {"weight": 100}], "no duration"),
        ([{"analysis": {"templates": ["other"]}}, {"weight": 100}], "templates are other"),
        ([{"wave": "full", "weight": 50}, {"wave": "canary", "weight": 100}], "out of order"),
        ([{"weight": 50}], "never gets full"),
    ],
)
def test_what_would_not_work_is_named(steps: Any, why: str) -> None:
    with pytest.raises(InputError) as bad:
        check(steps_of(steps), ["ok"])
    assert why in str(bad.value)
