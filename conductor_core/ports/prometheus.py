"""Port of Prometheus: instant and range queries."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True)
class Series:
    """One series: its labels, sorted, and its samples as (Unix seconds, value); NaN and infinities are values."""

    labels: tuple[tuple[str, str], ...]
    points: tuple[tuple[float, float], ...]

    def label(self, name: str) -> str:
        """One label's value; '' when it has none."""
        return dict(self.labels).get(name, "")


class Prometheus(Protocol):
    """Reads only; nothing is kept and nothing retried.

    Errors: `UnreachableError` when it does not answer in time, `InputError` for PromQL that can't be read or would
    give too much, `ConfigurationError` when its address is missing or something else answers there.
    """

    def range(self, query: str, start: float, end: float, step: float) -> tuple[Series, ...]:
        """The samples from `start` to `end` (both included, Unix seconds) every `step` seconds."""
        ...

    def instant(self, query: str, at: float | None = None) -> tuple[Series, ...]:
        """One sample for each series at a time; None: now. A scalar is a series without labels."""
        ...
