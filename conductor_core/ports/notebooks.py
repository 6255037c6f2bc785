"""Port: parameterised notebooks, executed and recorded."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from conductor_core.domain.runbooks import Parameter


@dataclass(frozen=True)
class Output:
    """What a running notebook just did: `kind` is `cell` (one starts) or `output`; `cell` counts from 0."""

    kind: str
    text: str
    cell: int
    cells: int


@dataclass(frozen=True)
class NotebookRun:
    """How a run ended: the executed notebook as bytes, and the first error's text (empty: none)."""

    notebook: bytes
    error: str


class Notebooks(Protocol):
    """Reads and runs notebooks. A failing cell is a result, not an error; only a broken notebook or kernel raises."""

    def parameters(self, notebook: Path) -> tuple[Parameter, ...]:
        """The declared parameters; raises `InputError` when the notebook can't be read."""

    def run(
        self,
        notebook: Path,
        parameters: Mapping[str, object],
        environment: Mapping[str, str],
        on_output: Callable[[Output], None],
        timeout: int,
    ) -> NotebookRun:
        """Run cell by cell, telling `on_output` while cells run; `timeout` in seconds for the whole run.

        The kernel dies with its parent. Raises `ToolError` when the kernel can't start.
        """

    def page(self, notebook: bytes) -> str:
        """The executed notebook as one HTML page without scripts."""
