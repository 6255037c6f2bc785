"""Runbooks by name, and the title, target and tier that their parameters give."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from conductor_core.domain.runbooks import Runbook, accept
from conductor_core.errors import InputError, NotFoundError
from conductor_core.ports.runbook_files import Catalogue, RunbookFiles


class RunbookService:
    """Reads the catalogue; a broken runbook is named with its problem when somebody asks for it."""

    def __init__(self, files: RunbookFiles) -> None:
        self._files = files

    def catalogue(self) -> Catalogue:
        """Every runbook that works, and every file that doesn't."""
        return self._files.catalogue()

    def get(self, name: str) -> Runbook:
        """The runbook; raises `NotFoundError` that lists the known ones, `InputError` when its file is broken."""
        catalogue = self.catalogue()
        if name in catalogue.runbooks:
            return catalogue.runbooks[name]
        for broken in catalogue.broken:
            if Path(broken.file).stem == name:
                raise InputError(
                    f"Runbook {name} can't be used.", why=broken.problem, next=f"Correct {broken.file}, then try again."
                )
        known = ", ".join(sorted(catalogue.runbooks)) or "none"
        raise NotFoundError(
            f"There is no runbook {name!r}.", why=f"Known: {known}.", next="Run `conductor runbook list`."
        )

    def notebook(self, runbook: Runbook) -> Path:
        """The path of the notebook that it runs."""
        return self._files.notebook(runbook)

    def bind(self, runbook: Runbook, given: Mapping[str, object]) -> tuple[dict[str, object], str, str, str]:
        """The checked parameters, and the title, target and tier that they give."""
        parameters = accept(runbook, given)
        texts = {name: str(value) for name, value in parameters.items()}
        return (
            parameters,
            runbook.title.format_map(texts),
            runbook.target.format_map(texts),
            runbook.tier.format_map(texts),
        )
