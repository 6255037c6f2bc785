"""A `RunbookFiles` of runbooks given as values."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from conductor_core.domain.runbooks import BrokenRunbook, Runbook
from conductor_core.errors import NotFoundError
from conductor_core.ports.runbook_files import Catalogue


class FakeRunbookFiles:
    """`folder` holds the notebooks."""

    def __init__(self, runbooks: Iterable[Runbook], folder: Path, broken: Iterable[BrokenRunbook] = ()) -> None:
        self.runbooks = {runbook.name: runbook for runbook in runbooks}
        self.broken = list(broken)
        self.folder = folder

    def catalogue(self) -> Catalogue:
        return Catalogue(dict(self.runbooks), tuple(sorted(self.broken, key=lambda b: b.file)))

    def notebook(self, runbook: Runbook) -> Path:
        path = self.folder / f"{runbook.notebook}.ipynb"
        if path.resolve().parent != self.folder.resolve() or not path.is_file():
            raise NotFoundError("The notebook is not there.", why=f"{path.name} is no file.", next="Write it.")
        return path
