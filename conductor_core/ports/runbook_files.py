"""Port: where runbooks are declared."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from conductor_core.domain.runbooks import BrokenRunbook, Runbook


@dataclass(frozen=True)
class Catalogue:
    """Every runbook that works, by name, and every file that doesn't, with the reason."""

    runbooks: dict[str, Runbook]
    broken: tuple[BrokenRunbook, ...]


class RunbookFiles(Protocol):
    """Reads the runbooks folder; a bad file is named and left out, never raised."""

    def catalogue(self) -> Catalogue:
        """All runbooks; read again when a file changed."""

    def notebook(self, runbook: Runbook) -> Path:
        """The path of its notebook."""
