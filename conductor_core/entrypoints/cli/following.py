"""Following a Change on stderr until it ends or waits for a person, and the exit code that its state means."""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING

import typer

from conductor_core.domain.changes import Change, State
from conductor_core.entrypoints.api.feed import PERIOD, RESTING, Feed
from conductor_core.entrypoints.api.forms import Form, change_form, read_back_form
from conductor_core.entrypoints.cli.rendering import news_line, show_change
from conductor_core.entrypoints.cli.shared import Door, entered, print_json
from conductor_core.errors import TransientError
from conductor_core.services.status import Health

if TYPE_CHECKING:
    from collections.abc import Callable

PLANNING = 20.0
"""Seconds that a command gives the worker to plan."""
WORKER_GRACE, WORKER_PERIOD = 3.0, 2.0
"""Seconds before the first look at whether a worker lives, and between two, while a Change waits for one."""
_FOR_A_WORKER = frozenset({State.REQUESTED, State.APPROVED, State.EXECUTING, State.VALIDATING})
_CODES = {
    State.SUCCEEDED: 0,
    State.AWAITING_APPROVAL: 3,
    State.DENIED: 3,
    State.REJECTED: 3,
    State.CANCELLED: 3,
    State.FAILED: 1,
    State.UNKNOWN: 1,
}


def exit_code(state: State) -> int:
    """0 succeeded; 3 it waits for a person or somebody or a gate said no; 1 failed or unknown; 5 it isn't there yet."""
    return _CODES.get(state, 5)


def follow(
    door: Door,
    change_id: str,
    *,
    through_approval: bool = False,
    timeout: float = 0.0,
    say: Callable[[Form], None] | None = None,
) -> Change:
    """Tell every piece of news (on stderr, or to `say`) until the Change ends or waits for a person.

    `through_approval`: an approval that is missing is waited for too. `timeout`: seconds, 0 for ever; raises
    `TransientError` when they have passed. That no worker answers is told on stderr; the wait goes on.
    """
    tell = say or _on_stderr
    feed = Feed(door.conductor, change_id)
    stops = RESTING if through_approval else RESTING | {State.AWAITING_APPROVAL}
    end = time.monotonic() + timeout
    worker = _WorkerWatch(door)
    while True:
        fresh = feed.news()
        for item in fresh:
            tell(item)
        if feed.state in stops and not fresh:
            return door.conductor.changes.get(change_id)
        if feed.state in _FOR_A_WORKER:
            worker.look()
        if timeout and time.monotonic() > end:
            raise TransientError(
                f"{change_id} is still {feed.state.value}.",
                why=f"It did not end within {timeout:g} s.",
                next="Wait again, or look at its events with `conductor change events`.",
            )
        time.sleep(PERIOD)


class _WorkerWatch:
    """Tells once that no worker answers, and once that one does again."""

    def __init__(self, door: Door) -> None:
        self._status = door.conductor.status
        self._next = time.monotonic() + WORKER_GRACE
        self._missing = False

    def look(self) -> None:
        if time.monotonic() < self._next or "worker" not in self._status.names:
            return
        self._next = time.monotonic() + WORKER_PERIOD
        worker = self._status.test("worker")
        missing = worker.health is Health.DOWN
        if missing != self._missing:
            words = f"{worker.detail} {worker.why} {worker.next}" if missing else f"a worker answers: {worker.detail}"
            sys.stderr.write(words + "\n")
            sys.stderr.flush()
        self._missing = missing


def planned(door: Door, change_id: str) -> Change:
    """The Change once the worker has planned it; as it is after `PLANNING` seconds."""
    end = time.monotonic() + PLANNING
    change = door.conductor.changes.get(change_id)
    while change.state is State.REQUESTED and time.monotonic() < end:
        time.sleep(PERIOD / 2)
        change = door.conductor.changes.get(change_id)
    return change


def requested(
    ctx: typer.Context,
    runbook: str,
    given: Mapping[str, object],
    reason: str,
    who: str,
    *,
    wait: bool,
    as_json: bool,
) -> None:
    """Request one run of a runbook as `who`, and answer with its Change."""
    door = entered(ctx)
    answer(door, door.conductor.changes.request(door.actor(who), runbook, given, reason), as_json=as_json, wait=wait)


def answer(door: Door, change: Change, *, as_json: bool, wait: bool = False) -> None:
    """Print the Change; with `wait`, follow it first and exit with what its state means."""
    if wait:
        change = follow(door, change.id)
    done = door.conductor.operations.of(change.id)
    if as_json:
        print_json({**change_form(change, door.conductor.settings), **read_back_form(done)})
    else:
        show_change(change, door.conductor.settings, done)
    if wait and exit_code(change.state):
        raise typer.Exit(exit_code(change.state))


def _on_stderr(item: Form) -> None:
    if line := news_line(item):
        sys.stderr.write(line + "\n")
        sys.stderr.flush()
