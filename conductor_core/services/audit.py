"""The SQL explorer: statements and saved questions asked of the read model of the record, by every door alike."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from conductor_core.domain.audit_model import TABLES, Table
from conductor_core.errors import ConflictError, InputError, NotFoundError, UnreachableError
from conductor_core.ports.audit_database import (
    Answer,
    AnswerFiles,
    AuditDatabase,
    Limits,
    Parameter,
    Position,
    Question,
    QuestionFiles,
    Running,
)
from conductor_core.services.audit_projector import AuditProjector

MOST = Limits(seconds=120.0, rows=100_000, size=64_000_000)
"""What nobody may exceed, however they ask."""
Given = Mapping[str, object]


class AuditService:
    """Asks, and keeps what is asked up to date where no worker does."""

    def __init__(
        self, database: AuditDatabase, questions: QuestionFiles, files: AnswerFiles, projector: AuditProjector
    ) -> None:
        self._database = database
        self._questions = questions
        self._files = files
        self.projector = projector

    def start(self, sql: str, limits: Limits | None = None, given: Given | None = None) -> Running:
        """Start a statement; it can be cancelled. `given` are the values of its `$parameters`.

        Raises `InputError`, `NotFoundError` when there is no read model yet.
        """
        if not sql.strip():
            raise InputError("There is no SQL.", why="The statement is empty.", next="Write one, or take a question.")
        return self._database.start(sql, within(limits or Limits()), _plain(given or {}))

    def ask(self, sql: str, limits: Limits | None = None, given: Given | None = None) -> Answer:
        """The answer to a statement; raises what `start` and `Running.result` raise."""
        return self.start(sql, limits, given).result()

    def ask_question(self, name: str, given: Given | None = None, limits: Limits | None = None) -> Answer:
        """The answer to a saved question; its parameters have defaults. Raises as `ask`, and `NotFoundError`."""
        question = self.question(name)
        return self.ask(question.sql, limits, bind(question, given or {}))

    def questions(self) -> tuple[Sequence[Question], Sequence[str]]:
        """The saved questions, and one line for each file that is none."""
        return self._questions.all()

    def question(self, name: str) -> Question:
        """One saved question; raises `NotFoundError` that lists them."""
        known, _ = self._questions.all()
        for question in known:
            if question.name == name:
                return question
        names = ", ".join(q.name for q in known) or "none"
        raise NotFoundError(f"There is no question {name!r}.", why=f"Saved are: {names}.", next="Ask one of these.")

    def tables(self) -> tuple[Table, ...]:
        """What can be asked: tables and columns, with their meaning."""
        return TABLES

    def freshness(self) -> Position | None:
        """How far the read model is; None: there is none yet."""
        return self._database.published()

    def catch_up(self, wait: float = 5.0) -> str:
        """Bring the read model up to date; the empty text, or why it may be behind. Never raises for that."""
        try:
            self.projector.catch_up(wait)
        except (ConflictError, UnreachableError) as bad:
            return str(bad)
        return ""

    def rebuild(self, say: Callable[[Position], None] = lambda _: None) -> Position:
        """Build the read model anew from the whole record; raises as `AuditProjector.rebuild` does."""
        return self.projector.rebuild(say)

    def csv(self, answer: Answer) -> bytes:
        """The answer as CSV."""
        return self._files.csv(answer)

    def parquet(self, answer: Answer) -> bytes:
        """The answer as Parquet."""
        return self._files.parquet(answer)


def within(limits: Limits) -> Limits:
    """The limits, none above `MOST`; raises `InputError` for one that is not above zero."""
    if not (limits.seconds > 0 and limits.rows > 0 and limits.size > 0):
        raise InputError("A limit must be above zero.", why=f"{limits}", next="Leave it out for the default.")
    return Limits(min(limits.seconds, MOST.seconds), min(limits.rows, MOST.rows), min(limits.size, MOST.size))


def bind(question: Question, given: Given) -> dict[str, int | float | str]:
    """The values of a question's parameters; raises `InputError` for one that it doesn't have, or of another kind."""
    known = {parameter.name: parameter for parameter in question.parameters}
    for name in given:
        if name not in known:
            raise InputError(
                f"{question.name} has no parameter {str(name)[:60]!r}.",
                why=f"It has: {', '.join(known) or 'none'}.",
                next="`conductor audit questions` lists them.",
            )
    return {name: _value(p, given[name]) if name in given else p.default for name, p in known.items()}


def _value(parameter: Parameter, value: object) -> int | float | str:
    if parameter.kind == "text":
        return str(value)
    try:
        return int(str(value)) if parameter.kind == "int" else float(str(value))
    except (ValueError, OverflowError) as bad:
        raise InputError(
            f"{parameter.name} takes a number.",
            why=f"{str(value)[:60]!r} is none.",
            next=f"Such as {parameter.default}.",
        ) from bad


def _plain(given: Given) -> dict[str, int | float | str]:
    for name, value in given.items():
        if isinstance(value, bool) or not isinstance(value, int | float | str):
            raise InputError(f"The value of {name} can't be given to SQL.", why="Values are numbers or text.")
    return {name: value for name, value in given.items() if isinstance(value, int | float | str)}
