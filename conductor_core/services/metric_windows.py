"""Windows of range queries, aligned to their step and kept: many viewers cost Prometheus as much as one, and a refresh
asks only for the steps that are new.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field

from conductor_core.ports.prometheus import Prometheus, Series

KEPT = 400
"""Windows that are kept; the one that was asked for longest ago goes first."""
LATE = 1
"""Steps at the end that are asked for once more: their samples may come late."""

Labels = tuple[tuple[str, str], ...]


@dataclass
class _Window:
    lock: threading.Lock = field(default_factory=threading.Lock)
    until: float = float("-inf")
    since: float = float("inf")
    points: dict[Labels, dict[float, float]] = field(default_factory=dict)


class MetricWindows:
    """`now` gives Unix seconds. Safe to use from many threads; those who ask for one window wait for one request."""

    def __init__(self, prometheus: Prometheus, now: Callable[[], float]) -> None:
        self._prometheus, self._now = prometheus, now
        self._lock = threading.Lock()
        self._windows: OrderedDict[tuple[str, float], _Window] = OrderedDict()
        self.fetched = 0
        """Samples that were fetched so far."""

    def series(self, query: str, seconds: float, step: float = 15.0) -> tuple[Series, ...]:
        """The last `seconds` of a query every `step` seconds, ending at the last whole step. Errors of `Prometheus`."""
        end = self._now() // step * step
        start = end - seconds // step * step
        window = self._window(query, step)
        with window.lock:
            if start < window.since:
                self._take(window, query, start, end, step, fresh=True)
            elif end > window.until:
                self._take(window, query, max(start, window.until - LATE * step + step), end, step)
            window.since = max(window.since, start) if window.since != float("inf") else start
            for points in window.points.values():
                for at in [t for t in points if t < start]:
                    del points[at]
            found = {labels: points for labels, points in window.points.items() if points}
            window.points = found
            return tuple(Series(labels, tuple(sorted(found[labels].items()))) for labels in sorted(found))

    def _window(self, query: str, step: float) -> _Window:
        with self._lock:
            window = self._windows.setdefault((query, step), _Window())
            self._windows.move_to_end((query, step))
            while len(self._windows) > KEPT:
                self._windows.popitem(last=False)
            return window

    def _take(self, window: _Window, query: str, start: float, end: float, step: float, *, fresh: bool = False) -> None:
        found = self._prometheus.range(query, start, end, step)
        if fresh:
            window.points, window.since = {}, start
        for series in found:
            window.points.setdefault(series.labels, {}).update(series.points)
            self.fetched += len(series.points)
        window.until = end
