"""Runs a notebook by papermill with an engine of ours, which tells what a cell says while it still runs.

Papermill itself keeps the output of a cell until it ends (library-facts.md). One run is one kernel and one event loop
in the calling thread, so that any thread may run one, and several at once.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError
from nbformat import NotebookNode
from papermill import PapermillExecutionError, execute_notebook
from papermill.clientwrap import PapermillNotebookClient
from papermill.engines import NBClientEngine, papermill_engines
from papermill.exceptions import PapermillException
from zmq import ZMQError

from conductor_core.adapters.papermill_runs import declarations, files, kernels, literals, texts
from conductor_core.errors import ToolError
from conductor_core.ports.notebooks import NotebookRun, Output

ENGINE = "conductor"
START_PATIENCE = 60
INTERRUPT_PATIENCE = 5
OUTPUT_CAP = 16 * 1024 * 1024
"""Characters of output that one run may keep and tell; what follows is counted as lost, not the run."""

log = logging.getLogger(__name__)
logging.getLogger("papermill").setLevel(logging.ERROR)


def run(
    notebook: Path,
    parameters: Mapping[str, object],
    environment: Mapping[str, str],
    on_output: Callable[[Output], None],
    timeout: int,
    scratch: Path | None,
) -> NotebookRun:
    """See `PapermillRuns.run`."""
    node = files.read(notebook)
    values = literals.checked(declarations.declared(node, notebook.name), parameters)
    this = _Run(notebook.name, dict(environment), on_output, timeout, scratch)
    try:
        execute_notebook(
            node,
            None,
            parameters=values,
            engine_name=ENGINE,
            kernel_name="python3",
            language="python",
            progress_bar=False,
            run=this,
        )
    except PapermillExecutionError as failed:
        this.error = this.error or texts.clean(f"{failed.ename}: {failed.evalue}")[:4000]
    except (PapermillException, RuntimeError, OSError, ZMQError) as bad:
        raise ToolError(
            f"Notebook {notebook.name} could not be run.",
            why=f"{type(bad).__name__}: {bad}",
            next="Look at the worker's log, then run it again.",
        ) from bad
    return NotebookRun(this.notebook, this.error)


class _Run:
    """What one run is given and what it leaves."""

    def __init__(
        self,
        name: str,
        environment: dict[str, str],
        on_output: Callable[[Output], None],
        timeout: float,
        scratch: Path | None,
    ) -> None:
        self.name = name
        self.environment = environment
        self.timeout = timeout
        self.scratch = scratch
        self.notebook = b""
        self.error = ""
        self._on_output = on_output
        self._deaf = False

    def tell(self, output: Output) -> None:
        """Pass it on; a listener that fails is logged once, and the run goes on."""
        try:
            self._on_output(output)
        except Exception:
            if not self._deaf:
                log.exception("What notebook %s says can't be passed on; the executed notebook keeps it.", self.name)
            self._deaf = True


class _Client(PapermillNotebookClient):  # type: ignore[misc]  # papermill has no types
    """Papermill's client on our kernel, with one deadline for the whole run."""

    def __init__(self, manager: Any, run: _Run) -> None:
        super().__init__(manager, log=log, timeout=None, iopub_timeout=START_PATIENCE)
        self.run = run
        self.titles = texts.titles(self.nb.cells)
        self.place = -1
        self.kept = 0

    def execute(self, **_: Any) -> NotebookNode:
        self.reset_execution_trackers()
        asyncio.run(self._execute())
        executed: NotebookNode = self.nb
        return executed

    async def _execute(self) -> None:
        clock = asyncio.get_running_loop()
        deadline = clock.time() + self.run.timeout
        patience = min(START_PATIENCE, self.run.timeout)
        async with kernels.running(self.run.environment, self.run.scratch, patience) as kernel:
            self.km, self.kc = kernel.manager, kernel.client
            self.kc.allow_stdin = False
            cells = asyncio.create_task(self._cells())
            done, _ = await asyncio.wait({cells}, timeout=max(0, deadline - clock.time()))
            if not done:
                self.run.error = f"The run took more than {self.run.timeout:g} seconds and was stopped."
                await self.km.interrupt_kernel()
                await asyncio.wait({cells}, timeout=INTERRUPT_PATIENCE)
                cells.cancel()
            try:
                await cells
            except (asyncio.CancelledError, DeadKernelError):
                if not self.run.error:
                    raise

    async def _cells(self) -> None:
        for index, cell in enumerate(self.nb.cells):
            self.nb_man.cell_start(cell, index)
            if index in self.titles:
                self.place += 1
                self.run.tell(Output("cell", self.titles[index], self.place, len(self.titles)))
            try:
                await self.async_execute_cell(cell, index)
            except CellExecutionError as failed:
                self.nb_man.cell_exception(cell, cell_index=index, exception=failed)
                return
            except (DeadKernelError, CellTimeoutError) as lost:
                self.nb_man.cell_exception(cell, cell_index=index, exception=lost)
                self.run.error = self.run.error or f"The kernel died or fell silent while cell {self.place + 1} ran."
                return
            finally:
                self.nb_man.cell_complete(cell, cell_index=index)

    def process_message(self, msg: dict[str, Any], cell: NotebookNode, cell_index: int) -> Any:
        size = texts.size(msg)
        full = self.kept >= OUTPUT_CAP
        self.kept += size
        if size and self.kept > OUTPUT_CAP:
            return None if full else self._last_output(cell)
        output = super().process_message(msg, cell, cell_index)
        self._say(texts.of_message(msg))
        return output

    def _say(self, text: str) -> None:
        if text:
            self.run.tell(Output("output", text, self.place, len(self.titles)))

    def _last_output(self, cell: NotebookNode) -> NotebookNode:
        self.kept = max(self.kept, OUTPUT_CAP)
        words = f"This run has said more than {OUTPUT_CAP // 2**20} MiB; the rest of its output is not kept.\n"
        self._say(words)
        out = files.node(output_type="stream", name="stderr", text=words)
        cell.outputs.append(out)
        return out


class _Engine(NBClientEngine):  # type: ignore[misc]  # papermill has no types
    """Papermill's engine for `_Client`; it keeps the executed notebook before papermill puts its marks into it."""

    @classmethod
    def execute_notebook(cls, nb: NotebookNode, kernel_name: str, *, run: _Run, **_: Any) -> NotebookNode:
        nb.metadata.papermill["input_path"] = run.name
        try:
            executed: NotebookNode = super().execute_notebook(
                nb, kernel_name, progress_bar=False, autosave_cell_every=0, run=run
            )
            return executed
        finally:
            run.notebook = files.write(nb)

    @classmethod
    def execute_managed_notebook(cls, nb_man: Any, kernel_name: str, *, run: _Run, **_: Any) -> NotebookNode:
        executed: NotebookNode = _Client(nb_man, run).execute()
        return executed


papermill_engines.register(ENGINE, _Engine)
