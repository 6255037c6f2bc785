"""The rows of operations in PostgreSQL, each with its event (port `operation_store`, security rule 7)."""

from __future__ import annotations

from dataclasses import replace

from sqlalchemy import JSON, ColumnElement, Connection, Engine, Text, cast, literal, select, update
from sqlalchemy.dialects.postgresql import insert

from conductor_core.adapters.postgres import outbox
from conductor_core.adapters.postgres.documents import Document
from conductor_core.adapters.postgres.schema import OPERATIONS
from conductor_core.adapters.postgres.wall import wall
from conductor_core.domain.actors import SYSTEM
from conductor_core.domain.events import Event, stamp
from conductor_core.domain.operations import Operation, OperationState, fact_of
from conductor_core.errors import ConductorError, ConflictError, NotFoundError
from conductor_core.ports.clock import Clock

_OPERATIONS = Document(Operation, "operation")
_DOCUMENT = cast(OPERATIONS.c.document, Text)


class PostgresOperationStore:
    """Implements `ports.operation_store.OperationStore`; `clock` stamps the events."""

    def __init__(self, engine: Engine, clock: Clock) -> None:
        self._engine = engine
        self._clock = clock

    def begin(self, operation: Operation) -> Operation | None:
        """Insert the started row and its event; a row that is there already is returned and left alone."""
        row = insert(OPERATIONS).values(change_id=operation.change_id, key=operation.key, **_row(operation))
        fresh = row.on_conflict_do_nothing().returning(OPERATIONS.c.key)
        with wall(_what(operation)), self._engine.begin() as connection:
            if connection.execute(fresh).scalar_one_or_none() is None:
                return _present(connection, operation)
            outbox.append(connection, [self._event(operation, "started")])
            return None

    def again(self, operation: Operation) -> None:
        """Count one more dispatch of the row as it was read.

        Raises `ConflictError` when it has been finished or dispatched again meanwhile, `NotFoundError`.
        """
        more = replace(operation, dispatches=operation.dispatches + 1)
        unchanged = (OPERATIONS.c.state == OperationState.STARTED.value) & (
            OPERATIONS.c.dispatches == operation.dispatches
        )
        statement = update(OPERATIONS).where(_is(operation), unchanged).values(**_row(more))
        with wall(_what(operation)), self._engine.begin() as connection:
            if connection.execute(statement).rowcount != 1:
                raise _overtaken(operation, _present(connection, operation))
            outbox.append(connection, [self._event(more, "dispatched_again")])

    def finish(self, operation: Operation) -> None:
        """Write how it ended; the same ending twice is one ending.

        Raises `ConflictError` when it has already ended differently, `NotFoundError`.
        """
        started = OPERATIONS.c.state == OperationState.STARTED.value
        statement = update(OPERATIONS).where(_is(operation), started).values(**_row(operation))
        with wall(_what(operation)), self._engine.begin() as connection:
            if connection.execute(statement).rowcount == 1:
                outbox.append(connection, [self._event(operation, operation.state.value)])
                return
            present = _present(connection, operation)
            if present != operation:
                raise _overtaken(operation, present)

    def of(self, change_id: str) -> list[Operation]:
        """The operations of a Change in the order in which they were begun."""
        statement = select(_DOCUMENT).where(OPERATIONS.c.change_id == change_id).order_by(OPERATIONS.c.ordinal)
        with wall(f"The operations of {change_id} could not be read."), self._engine.connect() as connection:
            return [_OPERATIONS.read(text) for text in connection.execute(statement).scalars()]

    def _event(self, operation: Operation, name: str) -> Event:
        event_id, now = self._clock.new_id("evt"), self._clock.now()
        return stamp(fact_of(operation, name), event_id=event_id, subject=operation.change_id, actor=SYSTEM, now=now)


def _row(operation: Operation) -> dict[str, object]:
    return {
        "state": operation.state.value,
        "dispatches": operation.dispatches,
        "document": cast(literal(_OPERATIONS.write(operation), Text), JSON),
    }


def _is(operation: Operation) -> ColumnElement[bool]:
    return (OPERATIONS.c.change_id == operation.change_id) & (OPERATIONS.c.key == operation.key)


def _present(connection: Connection, operation: Operation) -> Operation | None:
    text = connection.execute(select(_DOCUMENT).where(_is(operation))).scalar_one_or_none()
    return None if text is None else _OPERATIONS.read(text)


def _what(operation: Operation) -> str:
    return f"Operation {operation.key} of {operation.change_id} could not be written down."


def _overtaken(wanted: Operation, present: Operation | None) -> ConductorError:
    if present is None:
        return NotFoundError(
            f"There is no operation {wanted.key} of {wanted.change_id}.",
            why="It was never begun.",
            next="Begin it before it is dispatched.",
        )
    return ConflictError(
        f"Operation {wanted.key} of {wanted.change_id} has moved on.",
        why=f"It is {present.state.value} after {present.dispatches} dispatches.",
        next="Read it again, then decide again.",
    )
