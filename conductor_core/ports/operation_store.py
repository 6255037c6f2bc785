"""Port: the rows of operations, written before dispatch and after (at most one dispatch per approval)."""

from __future__ import annotations

from typing import Protocol

from conductor_core.domain.operations import Operation


class OperationStore(Protocol):
    """Durable rows, unique by (change_id, key).

    Each method returns only when the row and its event are durable together. Raises `UnreachableError`, `StorageError`.
    """

    def begin(self, operation: Operation) -> Operation | None:
        """Insert the started row and return None; when a row with that key exists, change nothing and return it."""

    def again(self, operation: Operation) -> None:
        """Count one more dispatch of a started row that was observed as absent."""

    def finish(self, operation: Operation) -> None:
        """Write how it ended."""

    def of(self, change_id: str) -> list[Operation]:
        """The operations of a Change in the order in which they were begun."""
