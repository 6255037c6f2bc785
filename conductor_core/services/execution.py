"""Execution: the worker's side of a Change. Handlers read the present state; calling one again does no harm."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace

from conductor_core.domain import changes as c
from conductor_core.domain.changes import Change, Check, Outcome, State
from conductor_core.domain.emergencies import gives_way
from conductor_core.domain.gates import Result, overall
from conductor_core.domain.operations import Operation, OperationState
from conductor_core.domain.plans import what_changed
from conductor_core.errors import (
    AccessDeniedError,
    ConductorError,
    LedgerError,
    StateError,
    StorageError,
    TransientError,
)
from conductor_core.ports.blobs import Blobs
from conductor_core.ports.notebooks import NotebookRun, Notebooks, Output
from conductor_core.ports.run_log import RunLog
from conductor_core.services.access import Action, Resource, authorize, to_request
from conductor_core.services.changes import ChangeService
from conductor_core.services.operations import OperationService
from conductor_core.services.planning import PlanningService
from conductor_core.services.runbooks import RunbookService

LOOKS = (0.0, 2.0, 10.0, 30.0)
"""Seconds before each further look at an act in the middle of which a run broke off: whatever keeps one run from
looking (a kernel that was killed, a database that is busy) may be over at the next one.
"""
CHECK = "check"
"""How the kinds of the operations begin that are post-flight checks: `check:<name>`."""


class ExecutionService:
    """Plans and executes Changes. It alone runs notebooks, and only the plan that the approvals name."""

    def __init__(
        self,
        changes: ChangeService,
        planning: PlanningService,
        runbooks: RunbookService,
        operations: OperationService,
        notebooks: Notebooks,
        run_log: RunLog,
        blobs: Blobs,
        environment: Callable[[str], Mapping[str, str]],
        overtaken: Callable[[Change], str] = lambda _: "",
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """`environment` gives the variables of the kernel that runs the Change of an id, `overtaken` the emergency that
        waits for the same target; `sleep` waits so many seconds.
        """
        self._changes = changes
        self._planning = planning
        self._runbooks = runbooks
        self._operations = operations
        self._notebooks = notebooks
        self._run_log = run_log
        self._blobs = blobs
        self._environment = environment
        self._overtaken = overtaken
        self._sleep = sleep

    def plan(self, change_id: str) -> None:
        """Plan a requested Change, leave any other alone. Raises `TransientError` when it must be called again."""
        with _called_again():
            change = self._changes.get(change_id)
            if change.state is State.REQUESTED:
                self._transition(change_id, self._planned(change))

    def execute(self, change_id: str) -> None:
        """Execute an approved Change, or go on with one whose worker died.

        Raises `TransientError` when it must be called again.
        """
        with _called_again():
            change = self._changes.get(change_id)
            if change.state is State.APPROVED and not self._still_holds(change):
                return
            if change.state is State.APPROVED and not self._transition(change_id, c.Start(change.plan_digest)):
                return
            change = self._changes.get(change_id)
            if change.state in c.RUNNING:
                self._transition(change_id, self._run(change))

    def _planned(self, change: Change) -> c.Planned | c.PlanFailed:
        try:
            return self._planning.plan(change)
        except TransientError:
            raise
        except Exception as bug:  # a Change must not stay in no state because of it
            logging.exception("planning %s", change.id)
            return c.PlanFailed(_unexpected("The plan", bug))

    def _still_holds(self, change: Change) -> bool:
        """Check again at dispatch: authority, evidence, policy and target (security rule 3)."""
        try:
            needed = to_request(self._runbooks.get(change.runbook))
            authorize(change.requester, needed, Resource("change", change.id, change.requester.key))
            for approval in change.valid_approvals:
                authorize(approval.actor, Action.APPROVE, Resource("change", change.id, change.requester.key))
        except AccessDeniedError as refused:
            self._run_log.write(change.id, "note", f"not executed: {refused}")
            next = "Somebody who may has to request it anew, and have it approved."
            self._transition(change.id, c.Refuse(Outcome("Refused at dispatch.", str(refused), next)))
            return False
        except ConductorError as unknown:
            self._replan(change, (str(unknown),), None)
            return False
        if by := self._overtaken(change):
            self._replan(change, (f"the emergency {by} goes first",), None)
            return False
        fresh = self._planned(change)
        if isinstance(fresh, c.PlanFailed):
            self._replan(change, (fresh.outcome.what,), fresh)
            return False
        same = fresh.plan.digest == change.plan_digest
        if same and overall(fresh.verdicts) is not Result.DENY:
            return True
        before = change.plan
        reasons = what_changed(before, fresh.plan) if before and not same else ("a gate denies it now",)
        self._replan(change, reasons, fresh)
        return False

    def _replan(self, change: Change, reasons: tuple[str, ...], fresh: c.Planned | c.PlanFailed | None) -> None:
        for line in reasons:
            self._run_log.write(change.id, "note", f"not executed: {line}")
        if self._transition(change.id, c.Replan(reasons)) and fresh is not None:
            self._transition(change.id, fresh)

    def _run(self, change: Change) -> c.Message:
        try:
            run = self._notebook(change)
            for wait in LOOKS:
                if not self._half_done(change.id):
                    break
                # It broke off in the middle of an act. The next run waits for the act's program and observes.
                self._run_log.write(change.id, "note", f"the run broke off: {run.error}; looking what came of it")
                self._sleep(wait)
                run = self._notebook(change)
        except TransientError:  # the database is busy or away: what came of it is asked when it answers again
            raise
        except ConductorError as bad:
            said = bad.diagnostics()
            return _ending(NotebookRun(b"", said.what), "", self._operations.of(change.id), said.why, said.next)
        except Exception as bug:  # a Change must not stay in no state because of it
            logging.exception("running %s", change.id)
            end = _unexpected("The run", bug)
            return _ending(
                NotebookRun(b"", f"{end.what} {end.why}"), "", self._operations.of(change.id), end.why, end.next
            )
        ending = _ending(run, self._kept(change.id, run.notebook), self._operations.of(change.id))
        by = self._overtaken(change)
        return _gave_way(ending, by) if by and isinstance(ending, c.Finish) else ending

    def _half_done(self, change_id: str) -> bool:
        return any(o.state is OperationState.STARTED and not _is_check(o) for o in self._operations.of(change_id))

    def _notebook(self, change: Change) -> NotebookRun:
        """Run its notebook; where an act is half done, a run that can't begin is one that broke off."""
        try:
            runbook = self._runbooks.get(change.runbook)
            return self._notebooks.run(
                self._runbooks.notebook(runbook),
                change.parameters,
                self._environment(change.id),
                lambda output: self._tell(change.id, output),
                runbook.timeout,
            )
        except Exception as bad:
            if not self._half_done(change.id):
                raise
            if isinstance(bad, ConductorError):
                return NotebookRun(b"", f"{bad.what} {bad.why}")
            logging.exception("running %s", change.id)
            return NotebookRun(b"", type(bad).__name__)

    def _kept(self, change_id: str, notebook: bytes) -> str:
        """The digest of the executed notebook; '' when there is none, or no disk takes it: what was done to the world
        counts more.
        """
        if not notebook:
            return ""
        try:
            return self._blobs.put(notebook)[0]
        except StorageError as full:
            self._run_log.write(change_id, "note", f"the executed notebook could not be kept: {full}")
            return ""

    def _tell(self, change_id: str, output: Output) -> None:
        self._run_log.write(change_id, output.kind, output.text, output.cell, output.cells)

    def _transition(self, change_id: str, message: c.Message) -> bool:
        try:
            self._changes.apply(change_id, message)
        except StateError as refused:
            self._run_log.write(change_id, "note", str(refused))
            return False
        return True


@contextmanager
def _called_again() -> Iterator[None]:
    """A transition that could not be written down is due: the worker goes on asking until a person has made room."""
    try:
        yield
    except (StorageError, LedgerError) as closed:
        raise TransientError(closed.what, why=closed.why, next=closed.next) from closed


def _unexpected(what: str, bug: Exception) -> Outcome:
    why = f"{type(bug).__name__}: {bug}" if isinstance(bug, ConductorError) else type(bug).__name__
    return Outcome(f"{what} stopped with an unexpected error.", why, "Look into maestro-worker.log in the logs folder.")


def _ending(run: NotebookRun, digest: str, operations: list[Operation], why: str = "", next: str = "") -> c.Message:
    lost = [op for op in operations if op.state in (OperationState.UNKNOWN, OperationState.STARTED)]
    acts = [op for op in lost if not _is_check(op)]
    if acts:
        seen = "; ".join(f"{op.key}: {op.result.get('seen') or op.result.get('what') or 'no answer'}" for op in acts)
        what = f"It can't be told whether {acts[0].key} has happened."
        why = f"{seen}. The last look: {run.error}" if run.error else seen
        return c.LoseTrack(Outcome(what, why, "Look at the target, then settle this Change."), digest)
    failed = [op for op in operations if op.state is OperationState.FAILED and not _is_check(op)]
    checks = tuple(
        Check(op.key.removeprefix(f"{CHECK}:"), op.state is OperationState.SUCCEEDED, str(op.result.get("detail", "")))
        for op in operations
        if _is_check(op)
    )
    if failed:
        result = failed[0].result
        error = Outcome(str(result.get("what", f"{failed[0].key} failed.")), str(result.get("why", "")))
        return c.Finish(checks, Outcome(error.what, error.why, str(result.get("next", ""))), digest)
    unwell = [f"{check.name}: {check.detail or 'it did not finish'}" for check in checks if not check.passed]
    if unwell:
        what = "It was carried out, but it is not healthy."
        next = "Mend the cause and request it again, or go back to the last good state."
        return c.Finish(checks, Outcome(what, "; ".join(unwell), next), digest)
    if run.error:
        next = next or "Read the executed notebook, mend the cause, then request it again."
        return c.Finish(checks, Outcome("The runbook stopped with an error.", why or run.error, next), digest)
    return c.Finish(checks, None, digest)


def _gave_way(ending: c.Finish, by: str) -> c.Finish:
    """The same ending, said as what it is where it stopped for that emergency; what failed by itself stays so."""
    why = f"{ending.error.what} {ending.error.why}".strip() if ending.error else ""
    if gives_way(by) not in why:
        return ending
    next = "Look at the target when the emergency has ended, and request it again if it is still wanted."
    return replace(ending, error=Outcome(f"It gave way to the emergency {by}.", why, next))


def _is_check(operation: Operation) -> bool:
    return operation.kind.startswith(f"{CHECK}:")
