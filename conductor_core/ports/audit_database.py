"""Port: the read model that the SQL explorer asks, and its builder; it holds nothing that the record doesn't.

Rules: security, untrusted input 17; architecture, 4 (deleting the files loses nothing).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

Row = tuple[object, ...]
"""One row, in the order of its table's columns."""


@dataclass(frozen=True)
class Limits:
    """What one statement may cost: `seconds` until it is killed, `rows` and `size` (bytes as JSON) of its answer."""

    seconds: float = 20.0
    rows: int = 10_000
    size: int = 16_000_000


@dataclass(frozen=True)
class Position:
    """How far the read model is: the `sequence` of its last event, how many `events` it holds, how many of those are
    `sealed`."""

    sequence: int = 0
    events: int = 0
    sealed: int = 0


@dataclass(frozen=True)
class Answer:
    """The rows of one statement. `types` are SQL types; `capped` says which limit cut the rows off, empty: none did.

    Values are plain: None, bool, int, float, str, Decimal, date, time, datetime (UTC), timedelta, bytes, list, dict.
    """

    columns: tuple[str, ...]
    types: tuple[str, ...]
    rows: tuple[Row, ...]
    seconds: float
    position: Position
    capped: str = ""


@dataclass(frozen=True)
class Batch:
    """Rows to write by table name, and the position after them. Rows of a table with a key replace earlier ones."""

    rows: Mapping[str, Sequence[Row]]
    position: Position


@dataclass(frozen=True)
class Parameter:
    """A value that a question asks for; `kind` is int, float or text."""

    name: str
    kind: str
    default: int | float | str
    help: str


@dataclass(frozen=True)
class Chart:
    """How an answer is drawn: `kind` is bar, line, scatter or none; the others are columns."""

    kind: str = "none"
    x: str = ""
    y: tuple[str, ...] = ()
    color: str = ""


@dataclass(frozen=True)
class Question:
    """A saved question: what it asks in words, its SQL, and the values that it takes."""

    name: str
    title: str
    question: str
    sql: str
    parameters: tuple[Parameter, ...] = ()
    chart: Chart = field(default_factory=Chart)


class Running(Protocol):
    """A statement under way in a process of its own."""

    @property
    def done(self) -> bool:
        """Whether `result` would return at once."""

    def result(self) -> Answer:
        """Wait for the answer; at the deadline the process is killed.

        Raises `InputError` for SQL that is wrong or isn't one reading statement, `RefusedError` when it needs more
        memory or time than it may, `StateError` when it was cancelled, `StorageError` when the read model is damaged.
        """

    def cancel(self) -> None:
        """Kill it; `result` then raises `StateError`."""


class AuditDatabase(Protocol):
    """Asks the published copy. Statements are untrusted: one can't read or write a file, change a setting, reach a
    network, or use more than its limits. Any number may run at once, beside the builder."""

    def start(self, sql: str, limits: Limits, parameters: Mapping[str, int | float | str]) -> Running:
        """Start one statement; raises `NotFoundError` when nothing has been published yet."""

    def published(self) -> Position | None:
        """How far the published copy is; None: there is none."""


class AuditBuilder(Protocol):
    """Builds the read model. One process at a time may (the caller holds the lock). What isn't published is lost when
    the process ends, and is built again from the record. Each method raises `StorageError`."""

    def open(self) -> Position:
        """Take up what was published, or begin with nothing when that is missing, damaged or of another version."""

    def begin_anew(self) -> None:
        """Forget everything; what is published stays askable until the next `publish`."""

    def known(self, table: str, keys: Sequence[Sequence[object]]) -> dict[tuple[object, ...], Row]:
        """The present rows of a table with a key, of these keys."""

    def write(self, batch: Batch) -> None:
        """Add a batch, whole or not at all."""

    def publish(self, sealed: int) -> bool:
        """Have everything written so far be asked from here on; False when nothing is new. Readers are not held up."""

    def close(self) -> None:
        """Let go of the files."""


class QuestionFiles(Protocol):
    """The saved questions, read from files each time."""

    def all(self) -> tuple[Sequence[Question], Sequence[str]]:
        """Those that can be read, by name, and one line for each file that can't."""


class AnswerFiles(Protocol):
    """Answers as files."""

    def csv(self, answer: Answer) -> bytes:
        """UTF-8 with a header. Text that a spreadsheet would take for a formula gets a `'` in front."""

    def parquet(self, answer: Answer) -> bytes:
        """Typed columns; structures as JSON text."""
