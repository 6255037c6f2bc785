"""The room of papermill: reads, runs and shows notebooks behind the port `Notebooks` (security rules 16 and 18).

Papermill, nbclient and nbconvert cost a second to import, so that each is imported when it is first needed.
https://papermill.readthedocs.io, https://nbclient.readthedocs.io
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from conductor_core.domain.runbooks import Parameter
from conductor_core.ports.notebooks import NotebookRun, Output


class PapermillRuns:
    """`Notebooks` on papermill and one kernel process a run; safe to share between threads.

    `scratch` is the folder in which each run keeps its sockets, its connection file and the kernel's own log while it
    lasts (0700, removed at the end); the system's temporary folder when none is given or its path is too long.
    """

    def __init__(self, scratch: Path | None = None) -> None:
        self._scratch = scratch

    def parameters(self, notebook: Path) -> tuple[Parameter, ...]:
        """The declared parameters, in order.

        Raises `InputError` when the notebook or its parameters cell can't be read.
        """
        from conductor_core.adapters.papermill_runs import declarations, files

        return declarations.declared(files.read(notebook), notebook.name)

    def run(
        self,
        notebook: Path,
        parameters: Mapping[str, object],
        environment: Mapping[str, str],
        on_output: Callable[[Output], None],
        timeout: int,
    ) -> NotebookRun:
        """Run cell by cell; see the port. `environment` is all that the kernel gets besides PATH, HOME and LANG.

        A failed cell, a kernel that dies and a run out of time are results with an error text: the notebook says how
        far it came. What `on_output` raises is logged and doesn't stop the run. Raises `InputError` for values that
        the notebook doesn't declare or that can't be pasted as literals, `ToolError` when the kernel can't start.
        """
        from conductor_core.adapters.papermill_runs import runs

        return runs.run(notebook, parameters, environment, on_output, timeout, self._scratch)

    def page(self, notebook: bytes) -> str:
        """The executed notebook as one HTML page: no script, no event handler, nothing loaded from elsewhere.

        Raises `InputError` when the bytes are no notebook.
        """
        from conductor_core.adapters.papermill_runs import files, pages

        return pages.page(files.parse(notebook, "The executed notebook"))
