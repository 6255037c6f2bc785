"""Health by status: each state of each kind, and no status that breaks the judge."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conductor_core.domain import health
from conductor_core.domain.health import WORKLOADS, Finding, Health


def made(kind: str, status: Any, spec: Any = None, generation: Any = 1) -> dict[str, Any]:
    return {"kind": kind, "metadata": {"generation": generation}, "spec": spec or {}, "status": status}


SEEN = {"observedGeneration": 1}
CASES: list[tuple[str, dict[str, Any], Health]] = [
    (
        "well",
        made("Deployment", SEEN | {"replicas": 2, "updatedReplicas": 2, "availableReplicas": 2}, {"replicas": 2}),
        Health.HEALTHY,
    ),
    ("unseen", made("Deployment", {"observedGeneration": 0}, {"replicas": 0}), Health.PROGRESSING),
    ("none wanted", made("Deployment", SEEN, {"replicas": 0}), Health.HEALTHY),
    ("default is one", made("Deployment", SEEN), Health.PROGRESSING),
    (
        "old left",
        made("Deployment", SEEN | {"replicas": 3, "updatedReplicas": 2, "availableReplicas": 3}, {"replicas": 2}),
        Health.PROGRESSING,
    ),
    ("paused", made("Deployment", SEEN, {"paused": True}), Health.SUSPENDED),
    (
        "stuck",
        made("Deployment", SEEN | {"conditions": [{"type": "Progressing", "reason": "ProgressDeadlineExceeded"}]}),
        Health.DEGRADED,
    ),
    ("rollout", made("Rollout", {"observedGeneration": "1", "phase": "Healthy"}), Health.HEALTHY),
    ("rollout paused", made("Rollout", {"observedGeneration": "1", "phase": "Paused"}), Health.SUSPENDED),
    (
        "rollout bad",
        made("Rollout", {"observedGeneration": "1", "phase": "Degraded", "message": "aborted"}),
        Health.DEGRADED,
    ),
    ("rollout new", made("Rollout", {"observedGeneration": "1"}), Health.UNKNOWN),
    (
        "daemons",
        made("DaemonSet", SEEN | {"desiredNumberScheduled": 2, "numberAvailable": 2, "updatedNumberScheduled": 2}),
        Health.HEALTHY,
    ),
    (
        "daemons short",
        made("DaemonSet", SEEN | {"desiredNumberScheduled": 2, "numberAvailable": 1}),
        Health.PROGRESSING,
    ),
    ("job done", made("Job", {"conditions": [{"type": "Complete", "status": "True"}]}), Health.HEALTHY),
    ("job failed", made("Job", {"conditions": [{"type": "Failed", "status": "True"}]}), Health.DEGRADED),
    ("job runs", made("Job", {}), Health.PROGRESSING),
    (
        "pod ready",
        made("Pod", {"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]}),
        Health.HEALTHY,
    ),
    (
        "pod loops",
        made("Pod", {"containerStatuses": [{"state": {"waiting": {"reason": "CrashLoopBackOff"}}}]}),
        Health.DEGRADED,
    ),
    ("pod waits", made("Pod", {"phase": "Pending"}), Health.PROGRESSING),
    ("claim", made("PersistentVolumeClaim", {"phase": "Bound"}), Health.HEALTHY),
    ("claim lost", made("PersistentVolumeClaim", {"phase": "Lost"}), Health.DEGRADED),
    ("anything else", made("ConfigMap", None), Health.HEALTHY),
]


@pytest.mark.parametrize(("manifest", "expected"), [c[1:] for c in CASES], ids=[c[0] for c in CASES])
def test_each_state(manifest: dict[str, Any], expected: Health) -> None:
    found = health.of(manifest)
    assert found.health is expected
    assert bool(found.reason) == (expected is not Health.HEALTHY)


def test_a_whole_is_as_well_as_its_worst_part() -> None:
    findings = [Finding(Health.HEALTHY), Finding(Health.DEGRADED, "first"), Finding(Health.DEGRADED, "second")]
    assert health.worst(findings) == findings[1]
    assert health.worst([]) == Finding(Health.HEALTHY)


junk = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3),
    lambda c: st.lists(c, max_size=2) | st.dictionaries(st.sampled_from(["conditions", "phase", "replicas"]), c),
)


@given(
    st.sampled_from(sorted(WORKLOADS)),
    st.dictionaries(st.sampled_from(["replicas", "phase", "conditions", "containerStatuses"]), junk),
    junk,
)
def test_odd_statuses_are_judged_all_the_same(kind: str, status: dict[str, Any], spec: Any) -> None:
    assert health.of(made(kind, SEEN | status, spec)).health in Health
