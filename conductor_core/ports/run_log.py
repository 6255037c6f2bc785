"""Port: what a running notebook says, line by line, so that every door can follow it within a second."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True)
class RunLine:
    """One line of a run. `kind`: `cell`, `output`, `operation`, `check`, `cluster` or `note`; `cell` counts from 0."""

    sequence: int
    at: datetime
    kind: str
    text: str
    cell: int = -1
    cells: int = 0


class RunLog(Protocol):
    """Append-only lines by Change. Lines are for reading: losing the last ones in a crash loses no fact."""

    def write(self, change_id: str, kind: str, text: str, cell: int = -1, cells: int = 0) -> None:
        """Append one line; text over 8,000 characters is cut and says so."""

    def read(self, change_id: str, after: int = 0, limit: int = 2000) -> list[RunLine]:
        """Lines with a sequence above `after`, in order."""
