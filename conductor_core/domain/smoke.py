"""Smoke suites: checks of an API with expectations and thresholds, what an answer is worth, and what a run came to.

Pointers into JSON answers: RFC 6901. Percentiles are nearest-rank, in milliseconds.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

Strictness = Literal["off", "warn", "deny"]
_MISSING = object()


@dataclass(frozen=True)
class Expect:
    """What an answer must be. `status`: any of these; `json`: pointer to value; `milliseconds`: at most, 0 is any."""

    status: tuple[int, ...] = (200,)
    contains: tuple[str, ...] = ()
    json: Mapping[str, Any] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    milliseconds: int = 0
    graphql: bool = False
    """Whether `errors` in the answer is a failure."""


@dataclass(frozen=True)
class Check:
    """One request and what is expected of it. `path` and texts in `body` may name fields of a data row: `{id}`."""

    name: str
    method: str
    path: str
    expect: Expect = Expect()
    headers: Mapping[str, str] = field(default_factory=dict)
    body: Any = None


@dataclass(frozen=True)
class Thresholds:
    """What a run must keep: the share of failed requests, and percentiles in milliseconds (0 is any)."""

    error_rate: float = 0.0
    p50: int = 0
    p95: int = 0
    p99: int = 0

    @property
    def requests(self) -> int:
        """How many requests a check takes before its error rate can be judged; 1 when no failure is allowed.

        By the rule of three (Hanley and Lippman-Hand, JAMA 249, 1983): 3/p trials without a failure bound it by p.
        """
        return math.ceil(3 / self.error_rate) if self.error_rate else 1


@dataclass(frozen=True)
class Suite:
    """One suite. `base` names a configured address; `k6` is a script beside the suite, instead of checks.

    `concurrency` callers go round checks and data rows for `duration` seconds, and on until each check has the requests
    that its error rate takes (ten times as long at most); 0: each once. `before`: whether a
    deploy of `release` asks for a green run at most `max_age` seconds old; `after`: whether it is validated by one.
    """

    name: str
    title: str
    purpose: str
    base: str
    release: str = ""
    checks: tuple[Check, ...] = ()
    data: tuple[Mapping[str, Any], ...] = ()
    concurrency: int = 1
    duration: float = 0.0
    timeout: float = 5.0
    thresholds: Thresholds = Thresholds()
    before: Strictness = "off"
    max_age: int = 86_400
    after: bool = False
    k6: str = ""
    digest: str = ""

    def about(self, release: str) -> bool:
        """Whether it is one of that release's."""
        return self.release in ("", release)


@dataclass(frozen=True)
class Measured:
    """What became of one check: how many requests, how many failed, latencies in ms, and some failures in words."""

    name: str
    requests: int
    failures: int
    p50: int
    p95: int
    p99: int
    slowest: int
    why: tuple[str, ...] = ()

    @property
    def error_rate(self) -> float:
        """The share of failed requests; 1 when there was none."""
        return self.failures / self.requests if self.requests else 1.0


@dataclass(frozen=True)
class SmokeRun:
    """One run of a suite, as it is kept. `problems`: which thresholds were not kept; none means it passed."""

    id: str
    suite: str
    digest: str
    release: str
    channel: str
    address: str
    at: datetime
    seconds: float
    checks: tuple[Measured, ...]
    problems: tuple[str, ...]
    by: str
    engine: str = "built-in"
    change_id: str = ""

    @property
    def passed(self) -> bool:
        """Whether every threshold was kept."""
        return not self.problems

    @property
    def requests(self) -> int:
        """How many requests were made."""
        return sum(c.requests for c in self.checks)

    @property
    def failures(self) -> int:
        """How many of them failed."""
        return sum(c.failures for c in self.checks)

    @property
    def p95(self) -> int:
        """The slowest check's 95th percentile, in milliseconds."""
        return max((c.p95 for c in self.checks), default=0)

    @property
    def told(self) -> str:
        """One line on how it went."""
        rate = f"{self.requests / self.seconds:.0f}/s, " if self.seconds >= 1 else ""
        went = f"{self.requests} requests, {rate}{self.failures} failed, p95 {self.p95} ms"
        return went if self.passed else f"{'; '.join(self.problems[:3])} ({went})"

    def as_json(self) -> dict[str, Any]:
        """Plain JSON."""
        return {
            "id": self.id,
            "suite": self.suite,
            "release": self.release,
            "channel": self.channel,
            "address": self.address,
            "at": self.at.isoformat(),
            "seconds": round(self.seconds, 3),
            "passed": self.passed,
            "problems": list(self.problems),
            "requests": self.requests,
            "failures": self.failures,
            "p95": self.p95,
            "by": self.by,
            "engine": self.engine,
            "change": self.change_id,
            "checks": [
                {
                    "name": c.name,
                    "requests": c.requests,
                    "failures": c.failures,
                    "error_rate": round(c.error_rate, 6),
                    "p50": c.p50,
                    "p95": c.p95,
                    "p99": c.p99,
                    "slowest": c.slowest,
                    "why": list(c.why),
                }
                for c in self.checks
            ],
        }


def judged(expect: Expect, status: int, text: str, headers: Mapping[str, str], milliseconds: int) -> str:
    """Why an answer is not what was expected; '' when it is. Names of headers are read without case."""
    if status not in expect.status:
        return f"status {status}, not {' or '.join(map(str, expect.status))}"
    for words in expect.contains:
        if words not in text:
            return f"the answer doesn't hold {words!r}"
    given = {name.lower(): value for name, value in headers.items()}
    for name, value in expect.headers.items():
        if given.get(name.lower()) != value:
            return f"header {name} is {given.get(name.lower())!r}, not {value!r}"
    if expect.json or expect.graphql:
        why = _json(expect, text)
        if why:
            return why
    if expect.milliseconds and milliseconds > expect.milliseconds:
        return f"it took {milliseconds} ms, more than {expect.milliseconds}"
    return ""


def _json(expect: Expect, text: str) -> str:
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        return "the answer is no JSON"
    if expect.graphql and isinstance(document, Mapping) and document.get("errors"):
        return f"GraphQL errors: {json.dumps(document['errors'], ensure_ascii=False)[:200]}"
    for pointer, value in expect.json.items():
        found = at_pointer(document, pointer)
        if found is _MISSING:
            return f"{pointer} is not there"
        if found != value or isinstance(found, bool) != isinstance(value, bool):
            return f"{pointer} is {json.dumps(found, ensure_ascii=False)[:120]}, not {json.dumps(value)[:120]}"
    return ""


def at_pointer(document: Any, pointer: str) -> Any:
    """What stands at an RFC 6901 pointer, or a mark that is equal to nothing."""
    for raw in pointer.split("/")[1:]:
        token = raw.replace("~1", "/").replace("~0", "~")
        if isinstance(document, Mapping) and token in document:
            document = document[token]
        elif isinstance(document, list) and token.isascii() and token.isdigit() and int(token) < len(document):
            document = document[int(token)]
        else:
            return _MISSING
    return document


def measured(name: str, latencies: Sequence[int], failures: Sequence[str]) -> Measured:
    """The sum of one check's requests: `latencies` of every request in ms, `failures` of those that failed."""
    ordered = sorted(latencies)
    kept = tuple(dict.fromkeys(filter(None, failures)))[:5]
    p50, p95, p99 = (percentile(ordered, share) for share in (0.5, 0.95, 0.99))
    return Measured(name, len(ordered), len(failures), p50, p95, p99, ordered[-1] if ordered else 0, kept)


def percentile(ordered: Sequence[int], share: float) -> int:
    """Nearest rank in a sorted list; 0 for an empty one."""
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)] if ordered else 0


def problems(thresholds: Thresholds, checks: Sequence[Measured]) -> tuple[str, ...]:
    """Which thresholds a run did not keep, in words."""
    out = []
    for c in checks:
        if not c.requests:
            out.append(f"{c.name}: no request was made")
        elif c.error_rate > thresholds.error_rate:
            why = f": {c.why[0]}" if c.why else ""
            out.append(f"{c.name}: {c.failures} of {c.requests} failed{why}")
        for word, limit, found in (
            ("p50", thresholds.p50, c.p50),
            ("p95", thresholds.p95, c.p95),
            ("p99", thresholds.p99, c.p99),
        ):
            if limit and found > limit:
                out.append(f"{c.name}: {word} is {found} ms, more than {limit}")
    return tuple(out) if checks else ("no check was made",)
