"""What a notebook's cells call: the run of one Change, with its lock, its operations and its checks."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from contextlib import ExitStack

from conductor_core import settings as configuration
from conductor_core.domain import changes as c
from conductor_core.domain.changes import Change, State
from conductor_core.domain.operations import Operation, OperationState
from conductor_core.errors import ConfigurationError, InputError, StateError, ToolError
from conductor_core.services.execution import CHECK
from conductor_core.services.operations import Context
from conductor_core.wiring import Conductor, wire

CHANGE_VARIABLE = "CONDUCTOR_CHANGE_ID"
PREDECESSOR_WAIT = 900.0
"""Seconds to wait for a crashed predecessor's programs to end; an act on the world has a shorter deadline."""


class Run:
    """One executing Change, as its notebook sees it. What is printed here is part of the record."""

    def __init__(self, conductor: Conductor, change: Change, context: Context) -> None:
        self._conductor = conductor
        self._context = context
        self.change = change

    def show_plan(self) -> None:
        """Print what was approved: the plan digest, its facts, what it would change, and by whom."""
        change, plan = self.change, self.change.plan
        print(f"{change.title}\n{change.id}, requested by {change.requester.name}: {change.reason}")
        print(f"plan {change.plan_digest}")
        for name, value in (plan.summary | plan.facts).items() if plan else ():
            print(f"  {name}: {value}")
        for approval in change.valid_approvals:
            print(f"approved by {approval.actor.name} at {approval.at:%Y-%m-%d %H:%M:%S} UTC {approval.reason}")
        if not change.valid_approvals:
            print(f"approvals needed: {change.approvals_required}")

    def perform(self, kind: str, key: str = "") -> None:
        """Carry out one operation; raises `ToolError` when it did not succeed, which stops the notebook."""
        self._show(self._conductor.acts.perform(self._context, kind, key))

    def check(self, *names: str) -> None:
        """Run post-flight checks; all of them run, and then a failed one stops the notebook."""
        if self._conductor.changes.get(self.change.id).state is State.EXECUTING:
            self._conductor.changes.apply(self.change.id, c.Validate())
        ended = [self._conductor.acts.perform(self._context, f"{CHECK}:{name}") for name in names]
        failed = [op for op in ended if op.state is not OperationState.SUCCEEDED]
        for operation in ended:
            passed, detail = operation.state is OperationState.SUCCEEDED, str(operation.result.get("detail", ""))
            word = c.Check(operation.key, passed, detail).word
            print(f"{word if passed else 'FAILED'}  {operation.key}  {detail.removeprefix(c.NOT_ASKED)}")
        if failed:
            self._show(failed[0])

    @staticmethod
    def _show(operation: Operation) -> None:
        result = operation.result
        print(f"{operation.key}: {operation.state.value}")
        print(json.dumps(result, indent=2, sort_keys=True, default=str))
        if operation.state is not OperationState.SUCCEEDED:
            raise ToolError(
                str(result.get("what", f"{operation.key} ended as {operation.state.value}.")),
                why=str(result.get("why", "")),
                next=str(result.get("next", "")),
            )


_HELD = ExitStack()
"""Holds the Change's lock until the kernel dies; the programs that operations start inherit it."""


def begin(parameters: Mapping[str, object]) -> Run:
    """The run of the Change that the worker executes here.

    `parameters` are the notebook's own, to be compared with the approved ones. Raises `ConfigurationError` outside a
    Change, `StateError` when it doesn't execute, `InputError` when the parameters differ, `ConflictError` when a
    predecessor's programs still run.
    """
    change_id = os.environ.get(CHANGE_VARIABLE, "")
    if not change_id:
        raise ConfigurationError(
            "This notebook runs only under a Change.",
            why=f"{CHANGE_VARIABLE} is not set: nobody has approved this run.",
            next="Request it on the Runbooks page or with `conductor runbook run`.",
        )
    conductor = wire(configuration.load())
    lock = _HELD.enter_context(conductor.locks.hold(change_id, PREDECESSOR_WAIT))
    change = conductor.changes.get(change_id)
    if change.state not in c.RUNNING:
        raise StateError(
            "This Change does not execute.", why=f"{change.id} is {change.state.value}.", next="Look at its page."
        )
    if dict(parameters) != change.parameters:
        raise InputError(
            "The notebook's parameters are not the approved ones.",
            why=f"They differ in {', '.join(sorted(_differing(parameters, change.parameters)))}.",
            next="Request a new Change.",
        )
    context = Context(
        change, lock, lambda text: _say(conductor, change_id, text), lambda: conductor.emergencies.overtaking(change)
    )
    return Run(conductor, change, context)


def _differing(left: Mapping[str, object], right: Mapping[str, object]) -> set[str]:
    return {name for name in left.keys() | right.keys() if left.get(name) != right.get(name)}


def _say(conductor: Conductor, change_id: str, text: str) -> None:
    conductor.run_log.write(change_id, "operation", text)
