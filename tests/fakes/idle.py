"""Ports of a product that has no runbooks and no worker, for tests of what happens before either."""

from __future__ import annotations

from pathlib import Path

from conductor_core.domain.runbooks import Runbook
from conductor_core.ports.runbook_files import Catalogue


class EmptyShelf:
    """`RunbookFiles` without runbooks."""

    def catalogue(self) -> Catalogue:
        return Catalogue({}, ())

    def notebook(self, runbook: Runbook) -> Path:
        return Path(runbook.notebook)


class IdleWorker:
    """`Workflows` that keeps what is enqueued, once for each key, and never does it."""

    def __init__(self) -> None:
        self.queued: dict[str, tuple[str, str]] = {}

    def plan(self, change_id: str, key: str) -> None:
        self.queued.setdefault(key, ("plan", change_id))

    def execute(self, change_id: str, target: str, key: str) -> None:
        self.queued.setdefault(key, ("execute", change_id))

    def depth(self) -> dict[str, int]:
        return {"changes queued": len(self.queued)}
