"""Which version a live workload runs, beside the one that was installed."""

from __future__ import annotations

from typing import Any

import pytest

from conductor_core.domain.health import Health
from conductor_core.domain.running_versions import finding, other


def workload(image: str) -> dict[str, Any]:
    return {"spec": {"template": {"spec": {"containers": [{"name": "web", "image": image}]}}}}


@pytest.mark.parametrize(
    ("live", "said"),
    [
        ("registry.test/app:2.0.0", ""),
        ("mirror.test:5000/app:2.0.0@sha256:00", ""),
        ("registry.test/app@sha256:00", ""),
        ("registry.test/app:1.0.0", "It has web 1.0.0 and not 2.0.0: "),
    ],
)
def test_another_tag_is_another_version_and_another_registry_is_not(live: str, said: str) -> None:
    found = other(workload("registry.test/app:2.0.0"), workload(live))
    assert found.startswith(said) if said else not found
    assert not other({"spec": {}}, workload(live))


def test_a_workload_with_another_version_is_unwell_where_one_is_known() -> None:
    live = {"kind": "ConfigMap", **workload("registry.test/app:1.0.0")}
    assert finding(workload("registry.test/app:2.0.0"), live).health is Health.DEGRADED
    assert finding(workload("registry.test/app:1.0.0"), live).health is Health.HEALTHY
    assert finding(None, live).health is Health.HEALTHY
