"""What is new about a Change: facts, lines of its run and operations, in order of time, for everyone who follows it.

A cursor is the text `<fact>.<line>`: the last sequence seen of each. Operations have no sequence: each comes once at
the start and again whenever its row changes, so a reader who starts over sees their present state and loses nothing.
"""

from __future__ import annotations

import heapq
import re
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING

from conductor_core.domain.changes import TERMINAL, State
from conductor_core.domain.operations import Operation
from conductor_core.entrypoints.api.forms import Form, fact_form, line_form, operation_form
from conductor_core.errors import InputError

if TYPE_CHECKING:
    from conductor_core.wiring import Conductor

PERIOD = 0.3
"""Seconds between two looks: news arrives well within a second."""
RESTING = TERMINAL | {State.DENIED, State.UNKNOWN}
"""Nothing more is said in these states until a person acts."""
_CURSOR = re.compile(r"(\d{1,18})\.(\d{1,18})")


class Feed:
    """One reader's place in the news of one Change. Raises `NotFoundError` when there is no such Change."""

    def __init__(self, conductor: Conductor, change_id: str, cursor: str = "") -> None:
        found = _CURSOR.fullmatch(cursor or "0.0")
        if found is None:
            raise InputError(
                f"{cursor[:40]!r} is not a place in the events of a Change.",
                why="A cursor is written <fact>.<line>, for example 12.40.",
                next="Give the cursor of the last answer, or leave it out to start from the beginning.",
            )
        self._conductor = conductor
        self._change_id = conductor.changes.get(change_id).id
        self._fact, self._line = int(found[1]), int(found[2])
        self._operations: dict[str, tuple[str, int]] = {}
        self.state = State.REQUESTED
        """The Change's state before the last look."""

    @property
    def cursor(self) -> str:
        """The place after everything that was given."""
        return f"{self._fact}.{self._line}"

    def news(self) -> list[Form]:
        """Everything that was written since the last look, oldest first; each has `kind`, `at` and `cursor`.

        Facts and lines keep their own order, whatever the clocks said: a cursor never skips one.
        """
        self.state = self._conductor.changes.get(self._change_id).state
        facts = map(fact_form, self._conductor.changes.events(self._change_id, self._fact))
        lines = map(line_form, self._conductor.run_log.read(self._change_id, self._line))
        found: list[Form] = []
        for item in heapq.merge(facts, lines, map(operation_form, self._moved()), key=lambda item: str(item["at"])):
            sequence = item.get("sequence")
            if isinstance(sequence, int) and item["kind"] == "fact":
                self._fact = sequence
            elif isinstance(sequence, int):
                self._line = sequence
            found.append(item | {"cursor": self.cursor})
        return found

    def _moved(self) -> Iterator[Operation]:
        for operation in self._conductor.operations.of(self._change_id):
            seen = (operation.state.value, operation.dispatches)
            if self._operations.get(operation.key) != seen:
                self._operations[operation.key] = seen
                yield operation

    @property
    def resting(self) -> bool:
        """True when the Change said its last word before the last look: nothing was missed, nothing more will come."""
        return self.state in RESTING

    def all(self) -> Iterator[Form]:
        """Everything that is there now."""
        while fresh := self.news():
            yield from fresh

    def follow(self) -> Iterator[Form]:
        """The news as it comes, until the Change rests."""
        while True:
            fresh = self.news()
            yield from fresh
            if self.resting and not fresh:
                return
            time.sleep(PERIOD if not fresh else PERIOD / 3)
