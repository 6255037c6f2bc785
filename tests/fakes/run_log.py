"""Run lines in memory."""

from __future__ import annotations

import re

from conductor_core.errors import InputError
from conductor_core.ports.clock import Clock
from conductor_core.ports.run_log import RunLine

KINDS = ("cell", "output", "operation", "check", "cluster", "note")


class MemoryRunLog:
    """`RunLog` in a list."""

    def __init__(self, clock: Clock) -> None:
        self.lines: list[tuple[str, RunLine]] = []
        self.clock = clock

    def write(self, change_id: str, kind: str, text: str, cell: int = -1, cells: int = 0) -> None:
        if kind not in KINDS:
            raise InputError(f"A run has no lines of kind {kind!r}.")
        clean = re.sub("[\x00\ud800-\udfff]", "\ufffd", text)
        if len(clean) > 8_000:
            clean = f"{clean[:8_000]}\n[cut: the line had {len(clean):,} characters]"
        line = RunLine(len(self.lines) + 1, self.clock.now(), kind, clean, cell, cells)
        self.lines.append((change_id, line))

    def read(self, change_id: str, after: int = 0, limit: int = 2000) -> list[RunLine]:
        found = [line for owner, line in self.lines if owner == change_id and line.sequence > after]
        return found[: max(0, limit)]
