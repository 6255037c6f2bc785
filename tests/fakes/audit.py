"""A record to ask: Changes in every state, as events, and a read model of it in a folder."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import cast

from conductor_core.adapters.duckdb_audit.answer_files import AuditAnswerFiles
from conductor_core.adapters.duckdb_audit.question_files import QuestionFolder
from conductor_core.adapters.duckdb_audit.writer import DuckdbAuditBuilder
from conductor_core.domain.changes import State
from conductor_core.errors import ConductorError, StateError
from conductor_core.ports.audit_database import Answer, AuditDatabase, Limits, Position
from conductor_core.ports.change_store import RecordedEvent
from conductor_core.services.audit import AuditService
from conductor_core.services.audit_projection import project
from conductor_core.services.audit_projector import AuditProjector
from conductor_core.settings import PROJECT_ROOT
from tests.fakes.conductor import build


def record(home: Path) -> list[RecordedEvent]:
    """The events of one Change in each state, as the store gives them."""
    conductor = build(home)
    for state in State:
        conductor.settled(state)
    return conductor.store.events(limit=100_000)


def publish(folder: Path, events: Sequence[RecordedEvent], sealed: int = 1 << 60, at_once: int = 20) -> Position:
    """Build and publish a read model of these events, so many at once; some of its rows are in the base."""
    builder = DuckdbAuditBuilder(folder)
    position = builder.open()
    for start in range(0, len(events), at_once):
        batch = project(events[start : start + at_once], position, builder.known)
        builder.write(batch)
        builder.publish(sealed)
        position = batch.position
    builder.close()
    return position


class Canned:
    """`AuditDatabase` that gives one answer or error to everything; `slow` statements run until they are cancelled."""

    def __init__(
        self, answer: Answer | None = None, error: ConductorError | None = None, *, slow: bool = False
    ) -> None:
        self.answer, self.error, self.slow = answer, error, slow
        self.asked: list[tuple[str, Limits, dict[str, int | float | str]]] = []
        self.position: Position | None = Position(9, 9, 9)

    def start(self, sql: str, limits: Limits, parameters: Mapping[str, int | float | str]) -> CannedRun:
        self.asked.append((sql, limits, dict(parameters)))
        return CannedRun(self)

    def published(self) -> Position | None:
        return self.position


class CannedRun:
    """`Running` on a `Canned`."""

    def __init__(self, source: Canned) -> None:
        self._source = source
        self._cancelled = False

    @property
    def done(self) -> bool:
        return self._cancelled or not self._source.slow

    def result(self) -> Answer:
        if self._cancelled:
            raise StateError("The question was cancelled.", next="Ask again when you want.")
        if self._source.error is not None:
            raise self._source.error
        assert self._source.answer is not None
        return self._source.answer

    def cancel(self) -> None:
        self._cancelled = True


def audit_on(database: AuditDatabase, projector: AuditProjector | None = None) -> AuditService:
    """The explorer over a database, with the saved questions of the product."""
    idle = cast("AuditProjector", projector)
    return AuditService(database, QuestionFolder(PROJECT_ROOT / "data" / "queries"), AuditAnswerFiles(), idle)
