"""A `Workflows` whose work is done when the test says so, in this process."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Work:
    """One piece of work: `queue` is `plans` or `changes`."""

    queue: str
    change_id: str
    target: str
    key: str


class FakeWorkflows:
    """`queued` is what waits, in order; `keys` every key that was ever enqueued. `error`, when set, is raised."""

    def __init__(self) -> None:
        self.queued: list[Work] = []
        self.keys: set[str] = set()
        self.error: Exception | None = None

    def plan(self, change_id: str, key: str) -> None:
        self._enqueue(Work("plans", change_id, "", key))

    def execute(self, change_id: str, target: str, key: str) -> None:
        self._enqueue(Work("changes", change_id, target, key))

    def depth(self) -> dict[str, int]:
        if self.error is not None:
            raise self.error
        waiting = [work.queue for work in self.queued]
        counts = {f"{queue}.queued": waiting.count(queue) for queue in ("plans", "changes")}
        return counts | {"plans.running": 0, "changes.running": 0}

    def work(self, plan: Callable[[str], None], execute: Callable[[str], None]) -> int:
        """Do all that waits, and what it enqueues; returns how many pieces were done."""
        done = 0
        while self.queued:
            work = self.queued.pop(0)
            (plan if work.queue == "plans" else execute)(work.change_id)
            done += 1
        return done

    def _enqueue(self, work: Work) -> None:
        if self.error is not None:
            raise self.error
        if work.key not in self.keys:
            self.keys.add(work.key)
            self.queued.append(work)
