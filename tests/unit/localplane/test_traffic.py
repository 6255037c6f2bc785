"""The traffic model: faults by tag, counters that never shrink, shares that match the fault."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conductor_core.localplane import traffic
from conductor_core.localplane.traffic import Fault, Workload


def workload(image: str = "reg.example/api:1.0", ready: bool = True, pod: str = "api-1") -> Workload:
    return Workload("ns", pod, "api", "abc", image, 1000.0, ready)


@pytest.mark.parametrize(
    ("image", "fault"),
    [
        ("reg.example:5000/api:1.4.0", Fault()),
        ("reg.example:5000/api-bad", Fault()),
        ("api:1.4.0-error5", Fault(errors=0.05)),
        ("api:1.4.0-error5@sha256:00", Fault(errors=0.05)),
        ("api:1.4.0-slow800", Fault(p95=0.8)),
        ("api:1.4.0-error5-slow800", Fault(errors=0.05, p95=0.8)),
        ("api:1.4.0-bad", Fault(errors=0.30)),
        ("api:1.4.0-badge", Fault()),
        ("api:1.4.0-crash", Fault(crash=True)),
        ("api:1-error900", Fault(errors=1.0)),
    ],
)
def test_faults_by_tag(image: str, fault: Fault) -> None:
    assert traffic.fault_of(image) == fault


@given(st.floats(0, 1e6), st.floats(0, 1e4), st.text(min_size=1, max_size=8))
def test_counters_never_shrink(age: float, more: float, pod: str) -> None:
    w = workload(pod=pod)
    assert traffic.requests(w, 1000 + age) <= traffic.requests(w, 1000 + age + more)


def test_the_rate_is_as_documented() -> None:
    rate = (traffic.requests(workload(), 7000) - traffic.requests(workload(), 1000)) / 6000
    assert 20 <= rate <= 40


def test_the_same_answer_every_time() -> None:
    assert traffic.exposition([workload()], 1500) == traffic.exposition([workload()], 1500)
    assert traffic.chance("a", 1) == traffic.chance("a", 1) != traffic.chance("a", 2)


@pytest.mark.parametrize("p95", [0.12, 0.8])
def test_the_share_below_the_95th_percentile(p95: float) -> None:
    assert traffic.latency_share(p95, p95) == pytest.approx(0.95, abs=0.001)


def value(text: str, pattern: str) -> float:
    found = re.search(rf"^{pattern} (\S+)$", text, re.MULTILINE)
    assert found, pattern
    return float(found.group(1))


def test_the_exposition_shows_the_error_share() -> None:
    text = traffic.exposition([workload("api:1-error5")], 5000)
    ok = value(text, r'http_requests_total\{.*code="200"\}')
    missed = value(text, r'http_requests_total\{.*code="404"\}')
    failed = value(text, r'http_requests_total\{.*code="500"\}')
    assert failed / (ok + missed + failed) == pytest.approx(0.05, abs=0.001)
    assert value(text, r"http_request_duration_seconds_count\{.*\}") == ok + missed + failed
    assert value(text, r'http_request_duration_seconds_bucket\{.*le="\+Inf"\}') == ok + missed + failed
    assert 0 < value(text, r"container_cpu_saturation_ratio\{.*\}") <= 1


def test_buckets_grow() -> None:
    text = traffic.exposition([workload("api:1-slow800")], 5000)
    counts = [int(n) for n in re.findall(r"_bucket\{.*\} (\d+)", text)]
    assert counts == sorted(counts)
    assert len(counts) == len(traffic.BUCKETS) + 1


def test_a_pod_that_is_not_ready_has_no_traffic() -> None:
    text = traffic.exposition([workload(ready=False)], 5000)
    assert "http_requests_total{" not in text
    assert value(text, r"simulated_pod_ready\{.*\}") == 0


def test_labels_are_escaped() -> None:
    text = traffic.exposition([workload(pod='a"b\\c\n')], 5000)
    assert 'pod="a\\"b\\\\c\\n"' in text
