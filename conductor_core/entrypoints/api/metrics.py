"""Metrics in the text format of Prometheus (https://prometheus.io/docs/instrumenting/exposition_formats/, 0.0.4)."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from conductor_core import __version__
from conductor_core.domain.changes import TERMINAL, State
from conductor_core.errors import ConductorError
from conductor_core.ports.change_store import ChangeQuery
from conductor_core.services.status import Health

if TYPE_CHECKING:
    from conductor_core.services.status import Connection
    from conductor_core.wiring import Conductor

MEDIA_TYPE = "text/plain; version=0.0.4; charset=utf-8"
BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""Upper bounds in seconds."""
FRESH = 15.0
"""Seconds for which the health of the connections is kept: asking takes as long as the slowest of them."""
COUNT_CAP = 1000
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")


class Metrics:
    """Counts requests; asks for the rest when it is read."""

    def __init__(self, conductor: Conductor) -> None:
        self._conductor = conductor
        self._lock = threading.Lock()
        self._seen: dict[tuple[str, str, str], list[int]] = {}
        self._sums: dict[tuple[str, str, str], float] = {}
        self._asking = threading.Lock()
        self._health: tuple[float, list[Connection]] = (float("-inf"), [])

    def observe(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count one request under its route's template, so that ids make no series of their own."""
        key = (method if method in METHODS else "other", route, str(status))
        with self._lock:
            row = self._seen.setdefault(key, [0] * (len(BUCKETS) + 1))
            row[next((i for i, bound in enumerate(BUCKETS) if seconds <= bound), len(BUCKETS))] += 1
            self._sums[key] = self._sums.get(key, 0.0) + seconds

    def text(self) -> str:
        """All metrics. What the store can't say is left out, and `conductor_store_up` is 0."""
        lines = ["# TYPE conductor_build_info gauge", _sample("conductor_build_info", {"version": __version__}, 1)]
        lines += ["# HELP conductor_store_up 1 when the database answers.", "# TYPE conductor_store_up gauge"]
        try:
            stored = [*self._changes(), *self._queue()]
        except ConductorError:
            lines.append("conductor_store_up 0")
        else:
            lines += ["conductor_store_up 1", *stored]
        return "\n".join([*lines, *self._connections(), *self._latency()]) + "\n"

    def _changes(self) -> Iterable[str]:
        yield "# HELP conductor_changes Changes that have not ended, by state."
        yield "# TYPE conductor_changes gauge"
        live = [state for state in State if state not in TERMINAL]
        found = self._conductor.changes.find(ChangeQuery(states=frozenset(live), limit=COUNT_CAP))
        for state in live:
            yield _sample("conductor_changes", {"state": state.value}, sum(c.state is state for c in found))

    def _queue(self) -> Iterable[str]:
        yield "# HELP conductor_queue_depth Work by queue and state."
        yield "# TYPE conductor_queue_depth gauge"
        for name, depth in sorted(self._conductor.status.queue().items()):
            yield _sample("conductor_queue_depth", {"queue": name}, depth)

    def _connections(self) -> Iterable[str]:
        yield "# HELP conductor_connection_up 1 when a configured connection is healthy."
        yield "# TYPE conductor_connection_up gauge"
        with self._asking:
            if time.monotonic() - self._health[0] > FRESH:
                self._health = (time.monotonic(), self._conductor.status.connections())
            connections = self._health[1]
        for connection in connections:
            if connection.health is not Health.OFF:
                up = int(connection.health is Health.HEALTHY)
                yield _sample("conductor_connection_up", {"connection": connection.name}, up)

    def _latency(self) -> Iterable[str]:
        name = "conductor_http_request_duration_seconds"
        yield f"# TYPE {name} histogram"
        with self._lock:
            seen = {key: list(row) for key, row in self._seen.items()}
            sums = dict(self._sums)
        for key in sorted(seen):
            labels = dict(zip(("method", "route", "status"), key, strict=True))
            total = 0
            for bound, count in zip([*map(str, BUCKETS), "+Inf"], seen[key], strict=True):
                total += count
                yield _sample(f"{name}_bucket", labels | {"le": bound}, total)
            yield _sample(f"{name}_sum", labels, round(sums[key], 6))
            yield _sample(f"{name}_count", labels, total)


def _sample(name: str, labels: Mapping[str, str], value: float) -> str:
    pairs = ",".join(f'{key}="{_escaped(text)}"' for key, text in labels.items())
    return f"{name}{{{pairs}}} {value}"


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
