"""The traffic model of the simulator: what a workload's metrics read at a given second, by its image tag's faults.

A pure function of pod and time, so counters never go back and a restarted simulator goes on where it was. Rule:
`infra/local/README.md`, which documents the faults.
"""

from __future__ import annotations

import hashlib
import math
import re
from collections.abc import Iterable
from dataclasses import dataclass

BUCKETS = (
    0.005,
    0.01,
    0.025,
    0.05,
    0.075,
    0.1,
    0.15,
    0.2,
    0.3,
    0.4,
    0.5,
    0.6,
    0.8,
    1.0,
    1.25,
    1.5,
    2.0,
    3.0,
    5.0,
    10.0,
)
SIGMA = 0.45
PERIOD = 600.0
_P95 = math.exp(1.6449 * SIGMA)
_FAULT = re.compile(r"-(?:(error|slow)(\d{1,5})|(crash|bad|stale))(?=-|$)")


@dataclass(frozen=True)
class Fault:
    """Share of answers that are errors (0..1), 95th percentile of latency in seconds, whether it crashes, and whether
    its cache lacks the files of the UI until it is purged.
    """

    errors: float = 0.001
    p95: float = 0.12
    crash: bool = False
    stale: bool = False


@dataclass(frozen=True)
class Workload:
    """One simulated pod. `started` is seconds since the epoch; `template` is the pod-template-hash, or empty."""

    namespace: str
    pod: str
    service: str
    template: str
    image: str
    started: float
    ready: bool
    aliases: tuple[str, ...] = ()

    @property
    def fault(self) -> Fault:
        """The faults that its image tag asks for."""
        return fault_of(self.image)


def tag_of(image: str) -> str:
    """The tag of an image reference, without digest; empty when it has none."""
    name = image.split("@", 1)[0].rsplit("/", 1)[-1]
    return name.partition(":")[2]


def fault_of(image: str) -> Fault:
    """The faults in the tag: `-errorN` (percent), `-slowN` (p95, milliseconds), `-bad` (30 %), `-stale`, `-crash`."""
    errors, p95, crash, stale = Fault.errors, Fault.p95, False, False
    for kind, number, word in _FAULT.findall(tag_of(image)):
        if kind == "error":
            errors = min(1.0, int(number) / 100)
        elif kind == "slow":
            p95 = max(0.001, int(number) / 1000)
        elif word == "bad":
            errors = 0.30
        elif word == "stale":
            stale = True
        else:
            crash = True
    return Fault(errors, p95, crash, stale)


def chance(*parts: object) -> float:
    """A number in [0, 1) that depends on nothing but `parts`."""
    digest = hashlib.sha256("\x00".join(map(str, parts)).encode()).digest()
    return int.from_bytes(digest[:8], "big") / 2**64


def requests(workload: Workload, now: float) -> float:
    """How many requests the pod has answered at `now`; grows with a slow wave and never shrinks."""
    age = max(0.0, now - workload.started)
    rate = 20 + 20 * chance(workload.namespace, workload.service, workload.pod)
    phase, swing = 2 * math.pi * chance("phase", workload.service), 0.3
    turn = 2 * math.pi / PERIOD
    return rate * (age + swing / turn * (math.cos(phase) - math.cos(turn * age + phase)))


def latency_share(seconds: float, p95: float) -> float:
    """Share of requests that took at most `seconds`, for a log-normal latency with that 95th percentile."""
    median = p95 / _P95
    return 0.5 * (1 + math.erf((math.log(seconds) - math.log(median)) / (SIGMA * math.sqrt(2))))


def saturation(workload: Workload, now: float) -> float:
    """Share of the CPU limit in use (0..1): a wave, higher for slow versions."""
    base = 0.35 + 0.4 * min(1.0, max(0.0, workload.fault.p95 - 0.12))
    wave = 0.12 * math.sin(2 * math.pi * (now / PERIOD + chance("cpu", workload.pod)))
    return min(1.0, max(0.01, base + wave))


def exposition(workloads: Iterable[Workload], now: float) -> str:
    """All series in the Prometheus text format."""
    counters: list[str] = []
    histogram: list[str] = []
    gauges: list[str] = []
    ready: list[str] = []
    for w in sorted(workloads, key=lambda w: (w.namespace, w.pod)):
        labels = (
            f'namespace="{_quoted(w.namespace)}",pod="{_quoted(w.pod)}",service="{_quoted(w.service)}",'
            f'rollouts_pod_template_hash="{_quoted(w.template)}"'
        )
        ready.append(f"simulated_pod_ready{{{labels}}} {int(w.ready)}")
        if not w.ready:
            continue
        total = math.floor(requests(w, now))
        failed = math.floor(total * w.fault.errors)
        missed = math.floor((total - failed) * 0.004)
        for code, count in (("200", total - failed - missed), ("404", missed), ("500", failed)):
            counters.append(f'http_requests_total{{{labels},code="{code}"}} {count}')
        for edge in BUCKETS:
            share = math.floor(total * latency_share(edge, w.fault.p95))
            histogram.append(f'http_request_duration_seconds_bucket{{{labels},le="{edge}"}} {share}')
        mean = w.fault.p95 / _P95 * math.exp(SIGMA**2 / 2)
        histogram.append(f'http_request_duration_seconds_bucket{{{labels},le="+Inf"}} {total}')
        histogram.append(f"http_request_duration_seconds_sum{{{labels}}} {total * mean:.3f}")
        histogram.append(f"http_request_duration_seconds_count{{{labels}}} {total}")
        gauges.append(f"container_cpu_saturation_ratio{{{labels}}} {saturation(w, now):.4f}")
    families = (
        ("http_requests_total", "counter", "Requests that a simulated pod answered, by status code.", counters),
        ("http_request_duration_seconds", "histogram", "Latency of a simulated pod.", histogram),
        ("container_cpu_saturation_ratio", "gauge", "Share of the CPU limit that a simulated pod uses.", gauges),
        ("simulated_pod_ready", "gauge", "Whether a simulated pod is ready.", ready),
    )
    lines: list[str] = []
    for name, kind, text, series in families:
        lines += [f"# HELP {name} {text}", f"# TYPE {name} {kind}", *series]
    return "\n".join(lines) + "\n"


def _quoted(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
