"""Port: durable execution. Whoever enqueues may die at once; the work is done at least once, by a worker."""

from __future__ import annotations

from typing import Protocol


class Workflows(Protocol):
    """A durable queue of work on Changes. `key` makes enqueueing idempotent: the same key is enqueued once, for ever.

    Raises `UnreachableError` when the queue can't be written.
    """

    def plan(self, change_id: str, key: str) -> None:
        """Have a worker plan the Change."""

    def execute(self, change_id: str, target: str, key: str) -> None:
        """Have a worker execute the Change; work on one target is done one after the other."""

    def depth(self) -> dict[str, int]:
        """How much work is queued and running, by queue name and state."""
