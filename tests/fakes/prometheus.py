"""`Prometheus` in memory: each query is a function of time; what is asked is counted in samples."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from conductor_core.errors import ConductorError, InputError
from conductor_core.ports.prometheus import Series


@dataclass
class FakePrometheus:
    """`curves` by query; a query without a curve has no series, and one with an open bracket is bad PromQL."""

    curves: dict[str, Callable[[float], float | None]] = field(default_factory=dict)
    failure: ConductorError | None = None
    asked: list[tuple[str, float, float, float]] = field(default_factory=list)
    samples: int = 0

    def range(self, query: str, start: float, end: float, step: float) -> tuple[Series, ...]:
        self._check(query)
        self.asked.append((query, start, end, step))
        count = int((end - start) // step) + 1
        if count > 11_000:
            raise InputError("exceeded maximum resolution of 11,000 points")
        return self._series(query, [start + step * n for n in range(count)])

    def instant(self, query: str, at: float | None = None) -> tuple[Series, ...]:
        self._check(query)
        self.asked.append((query, at or 0.0, at or 0.0, 0.0))
        return self._series(query, [at or 0.0])

    def _series(self, query: str, times: list[float]) -> tuple[Series, ...]:
        curve = self.curves.get(query)
        if curve is None:
            return ()
        points = tuple((t, v) for t in times if (v := curve(t)) is not None)
        self.samples += len(points)
        return (Series((), points),) if points else ()

    def _check(self, query: str) -> None:
        if self.failure is not None:
            raise self.failure
        if query.count("(") != query.count(")"):
            raise InputError("Prometheus can't evaluate the query.", why="unclosed left parenthesis")
