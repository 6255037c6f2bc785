"""Operations in memory."""

from __future__ import annotations

from dataclasses import replace

from conductor_core.domain.actors import SYSTEM
from conductor_core.domain.events import stamp
from conductor_core.domain.operations import Operation, OperationState, fact_of
from conductor_core.errors import ConflictError, NotFoundError
from conductor_core.ports.clock import Clock
from tests.fakes.change_store import MemoryChangeStore


class MemoryOperationStore:
    """`OperationStore` in a dictionary; its events go where those of the Changes go."""

    def __init__(self, changes: MemoryChangeStore, clock: Clock) -> None:
        self.rows: dict[tuple[str, str], Operation] = {}
        self.changes = changes
        self.clock = clock

    def begin(self, operation: Operation) -> Operation | None:
        present = self.rows.get((operation.change_id, operation.key))
        if present is None:
            self._write(operation, "started")
        return present

    def again(self, operation: Operation) -> None:
        present = self._present(operation)
        if present.state is not OperationState.STARTED or present.dispatches != operation.dispatches:
            raise ConflictError(f"Operation {operation.key} has moved on.")
        self._write(replace(operation, dispatches=operation.dispatches + 1), "dispatched_again")

    def finish(self, operation: Operation) -> None:
        present = self._present(operation)
        if present.state is OperationState.STARTED:
            self._write(operation, operation.state.value)
        elif present != operation:
            raise ConflictError(f"Operation {operation.key} has moved on.")

    def of(self, change_id: str) -> list[Operation]:
        return [row for row in self.rows.values() if row.change_id == change_id]

    def _present(self, operation: Operation) -> Operation:
        try:
            return self.rows[operation.change_id, operation.key]
        except KeyError as missing:
            raise NotFoundError(f"There is no operation {operation.key}.") from missing

    def _write(self, operation: Operation, fact: str) -> None:
        event_id, now = self.clock.new_id("evt"), self.clock.now()
        told = fact_of(operation, fact)
        self.changes.record([stamp(told, event_id=event_id, subject=operation.change_id, actor=SYSTEM, now=now)])
        self.rows[operation.change_id, operation.key] = operation
