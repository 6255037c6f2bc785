"""Port of the named PromQL that the product ships and that a team adds to."""

from __future__ import annotations

from typing import Protocol

from conductor_core.domain.metric_queries import MetricQuery


class MetricFiles(Protocol):
    """Reads files; nothing is kept longer than a call."""

    def queries(self) -> tuple[tuple[MetricQuery, ...], tuple[str, ...]]:
        """Every query that can be used, by name, and what is wrong with the files that can't."""
        ...

    def matrix(self) -> bytes:
        """The text of `compatibility.yaml`: which versions work together. Raises `StorageError`."""
        ...
