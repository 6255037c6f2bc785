"""Execution: only the approved plan runs, and every ending is told apart."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import NoReturn

import pytest

from conductor_core.domain.actors import Actor, Role
from conductor_core.domain.changes import Change, State
from conductor_core.domain.emergencies import gives_way
from conductor_core.domain.gates import Verdict
from conductor_core.domain.operations import Operation, OperationState
from conductor_core.domain.runbooks import Parameter
from conductor_core.errors import ConductorError, LedgerError, StorageError, ToolError, TransientError, UnreachableError
from conductor_core.ports.notebooks import NotebookRun, Output
from conductor_core.services.changes import ChangeService
from conductor_core.services.emergencies import Emergencies
from conductor_core.services.evidence import EvidenceService
from conductor_core.services.execution import LOOKS, ExecutionService
from conductor_core.services.ledger import Ledger
from conductor_core.services.operations import OperationService
from conductor_core.services.planning import Draft, PlanningService
from conductor_core.services.runbooks import RunbookService
from tests.fakes import domain
from tests.fakes.blobs import MemoryBlobs
from tests.fakes.change_store import MemoryChangeStore
from tests.fakes.clock import SteppingClock
from tests.fakes.conductor import RUNBOOKS, RunbookShelf, Worker
from tests.fakes.operation_store import MemoryOperationStore
from tests.fakes.run_log import MemoryRunLog


class FullBlobs(MemoryBlobs):
    """Takes nothing more."""

    def put(self, data: bytes | Path) -> tuple[str, int]:
        raise StorageError("The disk is full.", why="No space left on device.", next="Free some space.")


class Stage:
    """One Change's way from request to ending; `world` is what plans read, `cells` what the notebook does."""

    def __init__(self) -> None:
        self.clock, self.memory, self.worker = SteppingClock(), MemoryChangeStore(), Worker()
        self.rows = MemoryOperationStore(self.memory, self.clock)
        self.blobs, self.log = MemoryBlobs(), MemoryRunLog(self.clock)
        self.world = "v1"
        self.verdict = domain.ALLOW
        self.cells: Callable[[str], str] = self.succeed
        self.runs, self.waited = 0, list[float]()
        runbooks = RunbookService(RunbookShelf())
        self.changes = ChangeService(self.memory, runbooks, self.worker, Ledger(self.memory, self.clock), self.clock)
        planning = PlanningService(
            runbooks, {"release_deploy": self._draft}, {"policy": self._judge}, EvidenceService(self.blobs), dict
        )
        acts = OperationService(self.rows, {}, self.clock)
        self.execution = ExecutionService(
            self.changes,
            planning,
            runbooks,
            acts,
            self,
            self.log,
            self.blobs,
            lambda change_id: {"ID": change_id},
            Emergencies(self.memory, runbooks, Ledger(self.memory, self.clock)).overtaking,
            self.waited.append,
        )

    def _draft(self, change: Change) -> Draft:
        return Draft({"manifests.yaml": ("application/yaml", self.world.encode())}, {"commit": self.world})

    def _judge(self, change: Change, draft: Draft) -> list[Verdict]:
        return [self.verdict]

    def parameters(self, notebook: Path) -> tuple[Parameter, ...]:
        return ()

    def page(self, notebook: bytes) -> str:
        return ""

    def run(
        self,
        notebook: Path,
        parameters: Mapping[str, object],
        environment: Mapping[str, str],
        on_output: Callable[[Output], None],
        timeout: int,
    ) -> NotebookRun:
        self.runs += 1
        on_output(Output("output", "hello", 0, 1))
        return NotebookRun(b"{}", self.cells(environment["ID"]))

    def operation(self, change_id: str, key: str, state: OperationState, **result: object) -> None:
        row = Operation(change_id, key, key, {}, OperationState.STARTED, self.clock.now())
        self.rows.begin(row)
        if state is not OperationState.STARTED:
            self.rows.finish(row.finished(state, dict(result), self.clock.now()))

    def succeed(self, change_id: str) -> str:
        self.operation(change_id, "helm_upgrade", OperationState.SUCCEEDED)
        self.operation(change_id, "check:pods", OperationState.SUCCEEDED, detail="3 pods are ready")
        return ""

    def request(self, channel: str = "dev") -> str:
        given: dict[str, object] = {"release": "shop", "channel": channel}
        return self.changes.request(domain.REQUESTER, "deploy_release", given, "because").id

    def state(self, change_id: str) -> State:
        return self.changes.get(change_id).state

    def approve(self, change_id: str, actor: Actor = domain.APPROVER) -> None:
        self.changes.approve(actor, change_id)


@pytest.fixture
def stage() -> Stage:
    return Stage()


def test_a_dev_deploy_goes_through(stage: Stage) -> None:
    change_id = stage.request()
    stage.execution.plan(change_id)
    assert stage.state(change_id) is State.APPROVED
    stage.execution.execute(change_id)
    change = stage.changes.get(change_id)
    assert change.state is State.SUCCEEDED
    assert [(c.name, c.passed, c.detail) for c in change.checks] == [("pods", True, "3 pods are ready")]
    assert stage.blobs.get(change.notebook) == b"{}"
    assert change.seal
    assert [line.text for line in stage.log.read(change_id)] == ["hello"]


def test_staging_waits_for_a_second_person(stage: Stage) -> None:
    change_id = stage.request("staging")
    stage.execution.plan(change_id)
    stage.execution.execute(change_id)
    assert (stage.state(change_id), stage.runs) == (State.AWAITING_APPROVAL, 0)
    stage.approve(change_id)
    stage.execution.execute(change_id)
    assert stage.state(change_id) is State.SUCCEEDED


def test_a_changed_world_voids_the_approval(stage: Stage) -> None:
    change_id = stage.request("staging")
    stage.execution.plan(change_id)
    stage.approve(change_id)
    stage.world = "v2"
    stage.execution.execute(change_id)
    change = stage.changes.get(change_id)
    assert (change.state, change.approvals_given, stage.runs) == (State.AWAITING_APPROVAL, 0, 0)
    assert "commit: v1 → v2" in change.void_reasons


def test_policy_is_asked_again_at_dispatch(stage: Stage) -> None:
    change_id = stage.request("staging")
    stage.execution.plan(change_id)
    stage.approve(change_id)
    stage.verdict = domain.DENY
    stage.execution.execute(change_id)
    assert (stage.state(change_id), stage.runs) == (State.DENIED, 0)


def test_who_may_only_break_the_glass_has_an_emergency_executed_and_nothing_else(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    ordinary = RUNBOOKS["deploy_release"]
    monkeypatch.setitem(RUNBOOKS, "deploy_release", replace(ordinary, emergency=True))
    on_call = Actor("https://idp.example", "on-call", "On call", frozenset({Role.BREAK_GLASS}))
    given: dict[str, object] = {"release": "shop", "channel": "dev"}
    first, second = (stage.changes.request(on_call, "deploy_release", given, "5 % errors").id for _ in range(2))
    stage.execution.plan(first)
    stage.execution.execute(first)
    assert stage.state(first) is State.SUCCEEDED
    stage.execution.plan(second)
    monkeypatch.setitem(RUNBOOKS, "deploy_release", ordinary)
    stage.execution.execute(second)
    ended = stage.changes.get(second)
    assert (ended.state, stage.runs) == (State.REJECTED, 1)  # not planned again: nothing would change
    assert ended.outcome is not None
    assert ended.outcome.what == "Refused at dispatch."
    assert "may not do change.request" in ended.outcome.why
    assert any("may not do change.request" in line.text for line in stage.log.read(second))


def urgent(stage: Stage) -> str:
    """An emergency that waits for the target of the others."""
    change_id = stage.changes.request(
        domain.CAPTAIN, "emergency", {"release": "shop", "channel": "dev"}, "5 % errors"
    ).id
    stage.execution.plan(change_id)
    assert stage.state(change_id) is State.APPROVED
    return change_id


@pytest.fixture
def emergency(monkeypatch: pytest.MonkeyPatch) -> None:
    ordinary = RUNBOOKS["deploy_release"]
    monkeypatch.setitem(RUNBOOKS, "emergency", replace(ordinary, name="emergency", emergency=True))


@pytest.mark.usefixtures("emergency")
def test_what_runs_on_the_target_of_an_emergency_says_that_it_gave_way(stage: Stage) -> None:
    running, waited = stage.request(), list[str]()

    def cells(change_id: str) -> str:
        stage.operation(change_id, "helm_upgrade", OperationState.SUCCEEDED)
        waited.append(urgent(stage))
        stage.operation(
            change_id, "check:workloads", OperationState.FAILED, detail=f"not waited for: {gives_way(waited[0])}."
        )
        return "ToolError: The check workloads did not pass."

    stage.cells = cells
    stage.execution.plan(running)
    stage.execution.execute(running)
    change = stage.changes.get(running)
    assert change.state is State.FAILED
    assert change.outcome is not None
    assert change.outcome.what == f"It gave way to the emergency {waited[0]}."
    assert "workloads: not waited for" in change.outcome.why
    stage.cells = stage.succeed
    stage.execution.execute(waited[0])
    assert stage.state(waited[0]) is State.SUCCEEDED


@pytest.mark.usefixtures("emergency")
def test_what_failed_by_itself_before_an_emergency_is_not_said_to_have_given_way(stage: Stage) -> None:
    running = stage.request()

    def cells(change_id: str) -> str:
        stage.operation(change_id, "helm_upgrade", OperationState.FAILED, what="helm_upgrade failed.", why="No quota.")
        urgent(stage)
        return "ToolError: helm_upgrade failed."

    stage.cells = cells
    stage.execution.plan(running)
    stage.execution.execute(running)
    outcome = stage.changes.get(running).outcome
    assert outcome is not None
    assert (outcome.what, outcome.why) == ("helm_upgrade failed.", "No quota.")


@pytest.mark.usefixtures("emergency")
def test_what_was_queued_before_an_emergency_is_planned_again_behind_it(stage: Stage) -> None:
    queued = stage.request()
    stage.execution.plan(queued)
    first = urgent(stage)
    stage.execution.execute(queued)
    assert (stage.state(queued), stage.runs) == (State.REQUESTED, 0)
    assert any(f"the emergency {first} goes first" in line.text for line in stage.log.read(queued))
    other = urgent(stage)
    stage.execution.execute(first)  # an emergency gives way to nobody
    assert (stage.state(first), stage.state(other), stage.runs) == (State.SUCCEEDED, State.APPROVED, 1)
    stage.execution.execute(other)
    stage.execution.plan(queued)
    stage.execution.execute(queued)
    assert stage.state(queued) is State.SUCCEEDED


def test_called_again_it_does_nothing_more(stage: Stage) -> None:
    change_id = stage.request()
    stage.execution.plan(change_id)
    stage.execution.execute(change_id)
    stage.execution.execute(change_id)
    stage.execution.plan(change_id)
    assert stage.runs == 1


def test_a_failed_operation_fails_the_change(stage: Stage) -> None:
    def fail(change_id: str) -> str:
        stage.operation(change_id, "helm_upgrade", OperationState.FAILED, what="No.", why="Schema.", next="Mend.")
        return "ToolError: No."

    stage.cells = fail
    change_id = stage.request()
    stage.execution.plan(change_id)
    stage.execution.execute(change_id)
    change = stage.changes.get(change_id)
    assert change.state is State.FAILED
    assert change.outcome is not None
    assert (change.outcome.what, change.outcome.why, change.outcome.next) == ("No.", "Schema.", "Mend.")


def test_a_failed_check_fails_the_change(stage: Stage) -> None:
    def sick(change_id: str) -> str:
        stage.operation(change_id, "helm_upgrade", OperationState.SUCCEEDED)
        stage.operation(change_id, "check:pods", OperationState.FAILED, detail="pod a: crash")
        return "ToolError: The check pods did not pass."

    stage.cells = sick
    change_id = stage.request()
    stage.execution.plan(change_id)
    stage.execution.execute(change_id)
    change = stage.changes.get(change_id)
    assert change.state is State.FAILED
    assert not change.checks[0].passed
    assert change.outcome is not None
    assert change.outcome.why == "pods: pod a: crash"
    assert "go back" in change.outcome.next


def test_an_act_in_which_the_kernel_died_is_observed(stage: Stage) -> None:
    """The second run finds the row started, and the operation service observes; here the fake does it for it."""

    def die_first(change_id: str) -> str:
        if stage.runs == 1:
            stage.operation(change_id, "helm_upgrade", OperationState.STARTED)
            return "The kernel died or fell silent while cell 3 ran."
        (row,) = stage.rows.of(change_id)
        stage.rows.finish(row.finished(OperationState.SUCCEEDED, {"observed": "done"}, stage.clock.now()))
        return ""

    stage.cells = die_first
    change_id = stage.request()
    stage.execution.plan(change_id)
    stage.execution.execute(change_id)
    assert (stage.state(change_id), stage.runs) == (State.SUCCEEDED, 2)
    assert any("the run broke off: The kernel died" in line.text for line in stage.log.read(change_id))


def test_a_look_that_fails_is_followed_by_another_one(stage: Stage) -> None:
    """A kernel that can't start, a database that is busy: what came of the act is asked until somebody answers."""

    def busy(change_id: str) -> str:
        if stage.runs == 1:
            stage.operation(change_id, "helm_upgrade", OperationState.STARTED)
            return "The kernel died or fell silent while cell 3 ran."
        if stage.runs == 2:
            raise ToolError("The notebook's kernel did not start.", why="It was slow.")
        if stage.runs == 3:
            raise KeyError("a bug of a library")
        if stage.runs == 4:
            return "UnreachableError: The database did not answer."
        (row,) = stage.rows.of(change_id)
        stage.rows.finish(row.finished(OperationState.SUCCEEDED, {"observed": "done"}, stage.clock.now()))
        return ""

    stage.cells = busy
    change_id = stage.request()
    stage.execution.plan(change_id)
    stage.execution.execute(change_id)
    assert (stage.state(change_id), stage.runs, stage.waited) == (State.SUCCEEDED, 5, [0.0, 2.0, 10.0, 30.0])


def test_a_database_that_is_away_while_it_looks_is_asked_again_later(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The act has happened; that nobody could read so for a moment must not end the Change as unknown."""

    def die_first(change_id: str) -> str:
        if stage.runs == 1:
            stage.operation(change_id, "helm_upgrade", OperationState.STARTED)
            monkeypatch.setattr(stage.rows, "of", away)
            return "The kernel died or fell silent while cell 3 ran."
        (row,) = stage.rows.of(change_id)
        stage.rows.finish(row.finished(OperationState.SUCCEEDED, {"observed": "done"}, stage.clock.now()))
        return ""

    def away(change_id: str) -> NoReturn:
        raise UnreachableError("The database did not answer.")

    stage.cells = die_first
    change_id = stage.request()
    stage.execution.plan(change_id)
    with pytest.raises(TransientError):
        stage.execution.execute(change_id)
    assert stage.state(change_id) is State.EXECUTING
    monkeypatch.undo()
    stage.execution.execute(change_id)
    assert (stage.state(change_id), stage.runs) == (State.SUCCEEDED, 2)


def test_when_no_look_succeeds_the_last_one_says_why(stage: Stage) -> None:
    def blind(change_id: str) -> str:
        if stage.runs == 1:
            stage.operation(change_id, "helm_upgrade", OperationState.STARTED)
        raise ToolError("The notebook's kernel did not start.", why="No memory.")

    stage.cells = blind
    change_id = stage.request()
    stage.execution.plan(change_id)
    stage.execution.execute(change_id)
    change = stage.changes.get(change_id)
    assert (change.state, stage.runs) == (State.UNKNOWN, 1 + len(LOOKS))
    assert change.outcome is not None
    assert change.outcome.why == (
        "helm_upgrade: no answer. The last look: The notebook's kernel did not start. No memory."
    )


def test_a_disk_that_takes_no_notebook_loses_no_ending(stage: Stage) -> None:
    change_id = stage.request()
    stage.execution.plan(change_id)
    stage.execution._blobs = FullBlobs()
    stage.execution.execute(change_id)
    change = stage.changes.get(change_id)
    assert (change.state, change.notebook) == (State.SUCCEEDED, "")
    assert any("could not be kept: The disk is full." in line.text for line in stage.log.read(change_id))


@pytest.mark.parametrize("error", [StorageError, LedgerError])
def test_a_transition_that_cant_be_written_is_tried_again(stage: Stage, error: type[ConductorError]) -> None:
    change_id = stage.request()
    stage.execution.plan(change_id)

    def full(method: str) -> None:
        if method == "save":
            raise error("No room.", why="0 bytes are free.", next="Make room.")

    stage.memory.before = full
    with pytest.raises(TransientError, match="No room") as later:
        stage.execution.execute(change_id)
    assert later.value.next == "Make room."
    stage.memory.before = lambda _: None
    stage.execution.execute(change_id)
    assert stage.state(change_id) is State.SUCCEEDED


@pytest.mark.parametrize("state", [OperationState.UNKNOWN, OperationState.STARTED])
def test_an_operation_that_cant_be_told_leaves_it_unknown(stage: Stage, state: OperationState) -> None:
    def lose(change_id: str) -> str:
        if not stage.rows.of(change_id):
            stage.operation(change_id, "helm_upgrade", state, seen="revision 3 is pending-upgrade")
        return "boom"

    stage.cells = lose
    change_id = stage.request()
    stage.execution.plan(change_id)
    stage.execution.execute(change_id)
    assert stage.state(change_id) is State.UNKNOWN
    settled = stage.changes.settle(domain.CAPTAIN, change_id, succeeded=False, reason="looked at it")
    assert settled.state is State.FAILED


def test_an_error_of_a_cell_fails_the_change(stage: Stage) -> None:
    stage.cells = lambda change_id: "NameError: name 'x' is not defined"
    change_id = stage.request()
    stage.execution.plan(change_id)
    stage.execution.execute(change_id)
    outcome = stage.changes.get(change_id).outcome
    assert outcome is not None
    assert "NameError" in outcome.why


def test_a_plan_that_cant_be_made_says_why(stage: Stage) -> None:
    def broken(change: Change) -> Draft:
        raise ToolError("helm can't render the chart", why="values.yaml is missing", next="add it")

    stage.execution._planning._functions["release_deploy"] = broken
    change_id = stage.request()
    stage.execution.plan(change_id)
    change = stage.changes.get(change_id)
    assert change.state is State.FAILED
    assert change.outcome is not None
    assert change.outcome.why == "values.yaml is missing"


def test_lost_work_is_enqueued_again(stage: Stage) -> None:
    change_id = stage.request()
    stage.worker.queued.clear()
    assert stage.changes.sweep() == 1
    assert stage.worker.queued == [("plan", change_id)]
