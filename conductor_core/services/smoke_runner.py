"""Runs the checks of a smoke suite: callers side by side, each answer judged as it comes, progress once a second."""

from __future__ import annotations

import itertools
import json
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from conductor_core.domain.smoke import Check, Measured, Suite, judged, measured
from conductor_core.domain.smoke_suites import filled
from conductor_core.errors import UnreachableError
from conductor_core.ports.web import Web

Say = Callable[[str], None]
EVERY = 1.0
"""Seconds between two lines of progress."""
OVERTIME = 10
"""How many times its duration a load may go on for the requests that its error rate takes."""
MOST_KEPT = 20
"""Failures of a check that are kept in words."""


class SmokeRunner:
    """Asks a web; `monotonic` gives seconds."""

    def __init__(self, web: Web, monotonic: Callable[[], float]) -> None:
        self._web, self._monotonic = web, monotonic

    def run(self, suite: Suite, address: str, say: Say) -> tuple[Measured, ...]:
        """Each check and data row once, or round and round for the suite's duration, by its number of callers.

        A load goes on after its duration until each check has `thresholds.requests`, or `OVERTIME` is over.
        """
        tally = _Tally(suite, say, self._monotonic)
        jobs = [(check, row) for row in suite.data or ({},) for check in suite.checks]
        turn = itertools.cycle(jobs) if suite.duration else iter(jobs)
        lock, started = threading.Lock(), self._monotonic()

        def over() -> bool:
            past = self._monotonic() - started
            enough = tally.least() >= suite.thresholds.requests
            return past >= suite.duration * (1 if enough else OVERTIME)

        def call() -> None:
            for check, row in _shared(turn, lock):
                if suite.duration and over():
                    return
                tally.add(check.name, *self._ask(suite, address, check, row))

        with ThreadPoolExecutor(suite.concurrency, thread_name_prefix="smoke") as pool:
            for caller in [pool.submit(call) for _ in range(suite.concurrency)]:
                caller.result()
        return tally.results()

    def _ask(self, suite: Suite, address: str, check: Check, row: Any) -> tuple[int, str]:
        path, body = filled(check, row)
        headers = {"Accept": "application/json", **check.headers}
        data = None
        if body is not None:
            data = body.encode() if isinstance(body, str) else json.dumps(body).encode()
            headers = {"Content-Type": "application/json", **headers}
        started = self._monotonic()
        try:
            answer = self._web.send(
                check.method, address.rstrip("/") + path, headers=headers, body=data, timeout=suite.timeout
            )
        except UnreachableError as silent:
            return round((self._monotonic() - started) * 1000), f"no answer: {silent.why or silent.what}"
        why = judged(check.expect, answer.status, answer.text, answer.headers, answer.milliseconds)
        return answer.milliseconds, why


def _shared(turn: Iterator[tuple[Check, Any]], lock: threading.Lock) -> Iterator[tuple[Check, Any]]:
    while True:
        with lock:
            job = next(turn, None)
        if job is None:
            return
        yield job


class _Tally:
    """Counts what callers bring, and says how it stands."""

    def __init__(self, suite: Suite, say: Say, monotonic: Callable[[], float]) -> None:
        self._say, self._monotonic, self._lock = say, monotonic, threading.Lock()
        self._names = [check.name for check in suite.checks]
        self._latencies: dict[str, list[int]] = {name: [] for name in self._names}
        self._failures: dict[str, list[str]] = {name: [] for name in self._names}
        self._failed = dict.fromkeys(self._names, 0)
        self._streams = suite.duration > 0
        self._due = monotonic() + EVERY

    def add(self, name: str, milliseconds: int, why: str) -> None:
        with self._lock:
            self._latencies[name].append(milliseconds)
            if why:
                self._failed[name] += 1
                if len(self._failures[name]) < MOST_KEPT:
                    self._failures[name].append(why)
            line = self._line(name, milliseconds, why)
        if line:
            self._say(line)

    def least(self) -> int:
        """The requests of the check that has had the fewest."""
        with self._lock:
            return min((len(found) for found in self._latencies.values()), default=0)

    def _line(self, name: str, milliseconds: int, why: str) -> str:
        if not self._streams:
            return f"{name}: {'FAILED: ' + why if why else 'passed'} ({milliseconds} ms)"
        first = why and self._failed[name] == 1
        if not first and self._monotonic() < self._due:
            return ""
        self._due = self._monotonic() + EVERY
        done, bad = sum(map(len, self._latencies.values())), sum(self._failed.values())
        return f"{done} requests, {bad} failed" + (f"; {name}: {why}" if first else "")

    def results(self) -> tuple[Measured, ...]:
        out = []
        for name in self._names:
            told = self._failures[name] + [""] * (self._failed[name] - len(self._failures[name]))
            out.append(measured(name, self._latencies[name], told))
        return tuple(out)
