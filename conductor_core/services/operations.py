"""Operations: written before dispatch and after; found half done they are observed, never blindly repeated.

The promise: at most one dispatch per approval. It rests on three things: the row that `begin` inserts once; the
Change's lock, which every program that an operation starts inherits, so that holding it proves the predecessor dead;
and drivers that recognise in the world what they did.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Protocol

from conductor_core.domain.changes import Change
from conductor_core.domain.emergencies import gives_way
from conductor_core.domain.operations import Observation, Operation, OperationState, resume
from conductor_core.errors import ConductorError, NotFoundError, StateError
from conductor_core.ports.clock import Clock
from conductor_core.ports.locks import HeldLock
from conductor_core.ports.operation_store import OperationStore

Facts = dict[str, object]


@dataclass(frozen=True)
class Context:
    """What a driver may use: the Change, the lock that its programs must inherit, and a line to those who watch."""

    change: Change
    lock: HeldLock
    say: Callable[[str], None]
    overtaken: Callable[[], str] = lambda: ""
    """The id of an emergency that waits for the same target: what is only waited for is then waited for no longer."""

    @property
    def operation_id(self) -> str:
        """How the operation is written into the world, so that it can be recognised: the Change's id."""
        return self.change.id


class Driver(Protocol):
    """One kind of act on the world."""

    def prepare(self, context: Context) -> Facts:
        """What the act will be, read from the world before it is written down; `observe` compares with it."""

    def dispatch(self, context: Context, request: Mapping[str, object]) -> tuple[Observation, Facts]:
        """Do it; returns what came of it. Raises `ConductorError`; whatever it raises, `observe` is asked."""

    def observe(self, context: Context, request: Mapping[str, object]) -> tuple[Observation, Facts]:
        """What the world says about it. The predecessor is dead when this is called."""


class OperationService:
    """Performs operations by kind."""

    def __init__(self, store: OperationStore, drivers: Mapping[str, Driver], clock: Clock) -> None:
        self._store = store
        self._drivers = dict(drivers)
        self._clock = clock

    @property
    def kinds(self) -> tuple[str, ...]:
        """The kinds that a notebook may perform."""
        return tuple(sorted(self._drivers))

    def of(self, change_id: str) -> list[Operation]:
        """The operations of a Change."""
        return self._store.of(change_id)

    def perform(self, context: Context, kind: str, key: str = "") -> Operation:
        """Carry out one operation and return how it ended; called again, it returns the same ending.

        Raises `NotFoundError` for an unknown kind, `StateError` when an emergency waits for the target and the act has
        not begun. A failure of the act is a state of the operation, not an error.
        """
        driver = self._drivers.get(kind)
        if driver is None:
            raise NotFoundError(f"There is no operation {kind!r}.", why=f"Known: {', '.join(self.kinds)}.")
        key = key or kind
        past = next((op for op in self._store.of(context.change.id) if op.key == key), None)
        if past is None:
            if by := context.overtaken():
                raise _given_way(kind, by)
            fresh = Operation(
                context.change.id, key, kind, driver.prepare(context), OperationState.STARTED, self._clock.now()
            )
            past = self._store.begin(fresh)
            if past is None:
                context.say(f"{kind}: started")
                return self._dispatch(context, driver, fresh)
        if past.state is not OperationState.STARTED:
            context.say(f"{kind}: already {past.state.value}")
            return past
        return self._resume(context, driver, past)

    def _resume(self, context: Context, driver: Driver, past: Operation) -> Operation:
        context.say(f"{past.kind}: found half done, observing")
        observation, seen = _observe(driver, context, past)
        state = resume(observation)
        if state is not None:
            return self._finish(context, past, state, seen | {"observed": observation.value})
        if by := context.overtaken():
            ended: Facts = dict(_given_way(past.kind, by).diagnostics().as_dict())
            return self._finish(context, past, OperationState.FAILED, ended | seen | {"observed": observation.value})
        context.say(f"{past.kind}: it had not happened, dispatching")
        self._store.again(past)
        return self._dispatch(context, driver, replace(past, dispatches=past.dispatches + 1))

    def _dispatch(self, context: Context, driver: Driver, operation: Operation) -> Operation:
        try:
            observation, result = driver.dispatch(context, operation.request)
        except ConductorError as bad:
            observation, seen = _observe(driver, context, operation)
            result = dict(bad.diagnostics().as_dict()) | seen | {"observed": observation.value}
        state = resume(observation) or OperationState.FAILED
        return self._finish(context, operation, state, result)

    def _finish(self, context: Context, operation: Operation, state: OperationState, result: Facts) -> Operation:
        ended = operation.finished(state, result, self._clock.now())
        self._store.finish(ended)
        context.say(f"{operation.kind}: {state.value}" + (f": {result['what']}" if "what" in result else ""))
        return ended


def _given_way(kind: str, by: str) -> StateError:
    return StateError(
        f"{kind} was not begun: {gives_way(by)}.",
        why="An emergency on the same target goes first.",
        next="Look at the target when the emergency has ended, and request it again if it is still wanted.",
    )


def _observe(driver: Driver, context: Context, operation: Operation) -> tuple[Observation, Facts]:
    try:
        return driver.observe(context, operation.request)
    except ConductorError as blind:
        return Observation.UNCLEAR, {"blind": str(blind)}
