"""AnalysisRuns: each measurement against its threshold, and by how much it was missed.

Conditions are expr expressions over `result` (https://argo-rollouts.readthedocs.io/en/stable/features/analysis/). A
threshold is read where a condition compares the result with a number; what can't be read so is shown as it stands and
never guessed at.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from conductor_core.domain.fields import listing, mapping, moment, number
from conductor_core.domain.rollouts import HASH

_NUMBER = r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?"
_RESULT = r"(?:asFloat\(result(?:\[0\])?\)|(?<![\w.(])result(?:\[0\])?)"
_COMPARED = re.compile(rf"{_RESULT}\s*(<=|>=|<|>)\s*({_NUMBER})(?![\w.])")
_TURNED = re.compile(rf"(?<![\w.\])])({_NUMBER})\s*(<=|>=|<|>)\s*{_RESULT}(?![\w.\[])")
_MIRROR = {"<": ">", ">": "<", "<=": ">=", ">=": "<="}
_OPPOSITE = {"<": ">=", ">": "<=", "<=": ">", ">=": "<"}


@dataclass(frozen=True)
class Threshold:
    """What a value must keep to pass: `value relation limit`."""

    relation: str
    limit: float

    def holds(self, value: float) -> bool:
        """Whether the value passes; NaN never does."""
        if self.relation == ">=":
            return value >= self.limit
        if self.relation == ">":
            return value > self.limit
        return value <= self.limit if self.relation == "<=" else value < self.limit

    def missed_by(self, value: float) -> float:
        """How far the value lies on the wrong side, in the metric's unit; 0 when it passes, NaN for NaN."""
        if math.isnan(value):
            return math.nan
        return 0.0 if self.holds(value) else abs(value - self.limit)

    def __str__(self) -> str:
        return f"{self.relation} {self.limit:g}"


@dataclass(frozen=True)
class Measurement:
    """One measurement; `value` is None when there is no single number in it (`raw` has what came)."""

    phase: str
    value: float | None
    raw: str
    at: datetime | None
    message: str = ""


@dataclass(frozen=True)
class Metric:
    """One metric of a run. `query` is empty for providers other than Prometheus (`provider` names which)."""

    name: str
    phase: str
    message: str
    success: str
    failure: str
    threshold: Threshold | None
    query: str
    provider: str
    interval: str
    count: int
    failure_limit: int
    measurements: tuple[Measurement, ...]
    dry_run: bool = False

    @property
    def failures(self) -> tuple[Measurement, ...]:
        """The measurements that failed."""
        return tuple(m for m in self.measurements if m.phase == "Failed")

    @property
    def worst(self) -> Measurement | None:
        """The failed measurement that missed the threshold most, else the last one that failed."""
        failed = [m for m in self.failures if m.value is not None]
        if self.threshold is None or not failed:
            return self.failures[-1] if self.failures else None
        limit = self.threshold
        return max(failed, key=lambda m: limit.missed_by(m.value if m.value is not None else 0.0))

    def explained(self) -> str:
        """Which threshold was missed and by how much, in one sentence; '' when nothing failed."""
        found = self.worst
        if found is None:
            return self.message if self.phase in ("Failed", "Error", "Inconclusive") else ""
        times = f"{len(self.failures)} of {len(self.measurements)} measurements failed"
        if found.value is None or self.threshold is None:
            return f"{self.name} measured {found.raw}, against `{self.failure or self.success}`; {times}."
        by = self.threshold.missed_by(found.value)
        share = f", {by / abs(self.threshold.limit):.0%} of it" if self.threshold.limit else ""
        return f"{self.name} must be {self.threshold} and was {found.value:.4g}: missed by {by:.4g}{share}; {times}."


@dataclass(frozen=True)
class AnalysisRun:
    """One AnalysisRun. `step` is the step that started it, None for a background one or another owner's."""

    name: str
    uid: str
    phase: str
    message: str
    kind: str
    step: int | None
    template_hash: str
    started: datetime | None
    finished: datetime | None
    metrics: tuple[Metric, ...]

    @property
    def running(self) -> bool:
        """Whether it has not ended."""
        return self.phase in ("", "Pending", "Running")

    def explained(self) -> str:
        """Why it ended as it did, metric by metric."""
        told = [m.explained() for m in self.metrics if m.phase in ("Failed", "Error", "Inconclusive")]
        return " ".join(t for t in told if t) or self.message


def parse(raw: Mapping[str, Any]) -> AnalysisRun:
    """An AnalysisRun as the API gives it."""
    metadata, spec, status = mapping(raw.get("metadata")), mapping(raw.get("spec")), mapping(raw.get("status"))
    labels = mapping(metadata.get("labels"))
    results = {str(r.get("name", "")): r for r in listing(status.get("metricResults"))}
    index = labels.get("step-index")
    return AnalysisRun(
        str(metadata.get("name", "")),
        str(metadata.get("uid", "")),
        str(status.get("phase", "")),
        str(status.get("message", "")),
        str(labels.get("rollout-type", "")),
        number(index) if index is not None else None,
        str(labels.get(HASH, "")),
        moment(status.get("startedAt")) or moment(metadata.get("creationTimestamp")),
        moment(status.get("completedAt")),
        tuple(metric(m, results.get(str(m.get("name", "")), {})) for m in listing(spec.get("metrics"))),
    )


def metric(spec: Mapping[str, Any], result: Mapping[str, Any]) -> Metric:
    """One metric from its definition and, where there is one, its result."""
    provider = mapping(spec.get("provider"))
    success, failure = str(spec.get("successCondition", "")), str(spec.get("failureCondition", ""))
    return Metric(
        str(spec.get("name", "")),
        str(result.get("phase", "")),
        str(result.get("message", "")),
        success,
        failure,
        threshold(success, failure),
        str(mapping(provider.get("prometheus")).get("query", "")).strip(),
        next(iter(provider), ""),
        str(spec.get("interval", "")),
        number(spec.get("count")),
        number(spec.get("failureLimit")),
        tuple(_measurement(m) for m in listing(result.get("measurements"))),
        bool(result.get("dryRun")),
    )


def threshold(success: str, failure: str = "") -> Threshold | None:
    """The one comparison with a number in the success condition, else the opposite of that in the failure condition;
    None when there is none, or more than one.
    """
    for text, turn in ((success, False), (failure, True)):
        found = [(m[1], m[2]) for m in _COMPARED.finditer(text)]
        found += [(_MIRROR[m[2]], m[1]) for m in _TURNED.finditer(text)]
        if len(found) == 1 and "||" not in text:
            relation, limit = found[0]
            return Threshold(_OPPOSITE[relation] if turn else relation, float(limit))
    return None


def value_of(text: str) -> float | None:
    """The one number in a measured value: `0.97`, `[0.97]`, `[NaN]`; None for several or none."""
    try:
        found = json.loads(text.replace("+Inf", "Infinity"))
    except ValueError:
        found = text.strip()
    while isinstance(found, list) and len(found) == 1:
        found = found[0]
    try:
        return float(found) if isinstance(found, int | float | str) and not isinstance(found, bool) else None
    except ValueError:
        return None


def _measurement(raw: Mapping[str, Any]) -> Measurement:
    text = str(raw.get("value", ""))
    at = moment(raw.get("finishedAt")) or moment(raw.get("startedAt"))
    return Measurement(str(raw.get("phase", "")), value_of(text), text, at, str(raw.get("message", "")))
