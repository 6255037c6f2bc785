"""Changes and their events in PostgreSQL, in one transaction (port `change_store`, security rule 8)."""

from __future__ import annotations

import json
from collections.abc import Sequence
from itertools import islice

from sqlalchemy import JSON, Connection, Engine, Text, cast, desc, func, insert, literal, select, update

from conductor_core.adapters.postgres import outbox
from conductor_core.adapters.postgres.documents import Document
from conductor_core.adapters.postgres.schema import CHANGES, EVENTS
from conductor_core.adapters.postgres.wall import wall
from conductor_core.domain.changes import Change
from conductor_core.domain.events import Event
from conductor_core.errors import ConflictError, NotFoundError
from conductor_core.ports.change_store import ChangeQuery, RecordedEvent

_CHANGES = Document(Change, "Change")
_CHUNK = 100
"""Documents that are fetched at once: some are as large as a plan."""
_DOCUMENT = cast(CHANGES.c.document, Text)


class PostgresChangeStore:
    """Implements `ports.change_store.ChangeStore`; safe to share between threads."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def create(self, change: Change, events: Sequence[Event]) -> None:
        """Store a new Change and its events; `ConflictError` when the id exists."""
        row = _row(change)
        with wall(f"Change {change.id} could not be stored."), self._engine.begin() as connection:
            connection.execute(insert(CHANGES).values(id=change.id, **row))
            outbox.append(connection, events)

    def save(self, change: Change, expected_version: int, events: Sequence[Event]) -> None:
        """Replace the Change at `expected_version` and add its events; `ConflictError` when it isn't there."""
        row = _row(change)
        at_version = (CHANGES.c.id == change.id) & (CHANGES.c.version == expected_version)
        with wall(f"Change {change.id} could not be saved."), self._engine.begin() as connection:
            if connection.execute(update(CHANGES).where(at_version).values(**row)).rowcount != 1:
                raise _overtaken(connection, change.id, expected_version)
            outbox.append(connection, events)

    def get(self, change_id: str) -> Change:
        """The Change; `NotFoundError`."""
        with wall(f"Change {change_id} could not be read."), self._engine.connect() as connection:
            text = connection.execute(select(_DOCUMENT).where(CHANGES.c.id == change_id)).scalar_one_or_none()
        if text is None:
            raise NotFoundError(
                f"There is no Change {change_id}.",
                why="No row has that id.",
                next="Run `conductor change list` for the ids.",
            )
        return _CHANGES.read(text)

    def find(self, query: ChangeQuery) -> list[Change]:
        """The Changes that match, newest first; `text` is searched for regardless of case."""
        newest = (desc(CHANGES.c.created_at), desc(CHANGES.c.id))
        statement = select(_DOCUMENT).order_by(*((CHANGES.c.updated_at, CHANGES.c.id) if query.oldest else newest))
        if query.states:
            statement = statement.where(CHANGES.c.state.in_(sorted(state.value for state in query.states)))
        for column, value in (("target", query.target), ("runbook", query.runbook), ("requester", query.requester)):
            if value:
                statement = statement.where(CHANGES.c[column] == value)
        if query.text:
            statement = statement.where(CHANGES.c.search.contains(_searchable(query.text), autoescape=True))
        times = (
            (query.since, CHANGES.c.created_at.__ge__),
            (query.until, CHANGES.c.created_at.__lt__),
            (query.updated_after, CHANGES.c.updated_at.__gt__),
        )
        statement = statement.where(*(holds(time) for time, holds in times if time is not None))
        within = [(name, value) for name in ("release", "channel", "tier") if (value := getattr(query, name))]
        if not within:
            statement = statement.limit(max(0, query.limit))
        for name, value in within:  # an operator of `json` would refuse a document with a NUL in any text
            told = f'"{name}":{json.dumps(value, ensure_ascii=False)}'
            statement = statement.where(_DOCUMENT.contains(told, autoescape=True))
        with (
            wall("The Changes could not be read."),
            self._engine.connect() as connection,
            connection.execution_options(yield_per=_CHUNK).execute(statement) as rows,
        ):
            found = (change for change in map(_CHANGES.read, rows.scalars()) if query.about(change))
            return list(islice(found, max(0, query.limit)))

    def record(self, events: Sequence[Event]) -> None:
        """Store events that belong to no transition."""
        with wall("The events could not be recorded."), self._engine.begin() as connection:
            outbox.append(connection, events)

    def events(
        self, subject: str = "", after: int = 0, kind: str = "", limit: int = 1000, newest: bool = False
    ) -> list[RecordedEvent]:
        """Events above `after`, in order (reversed if `newest`); `kind` is a prefix of the type."""
        order = EVENTS.c.sequence.desc() if newest else EVENTS.c.sequence.asc()
        statement = select(EVENTS.c.sequence, cast(EVENTS.c.envelope, Text)).where(EVENTS.c.sequence > after)
        if subject:
            statement = statement.where(EVENTS.c.subject == subject)
        if kind:
            statement = statement.where(func.starts_with(EVENTS.c.type, kind))
        with wall("The events could not be read."), self._engine.connect() as connection:
            rows = connection.execute(statement.order_by(order).limit(max(0, limit))).all()
        return [RecordedEvent(sequence, outbox.read(envelope)) for sequence, envelope in rows]


def _row(change: Change) -> dict[str, object]:
    words = (change.id, change.title, change.target, change.runbook, change.requester.name, change.reason)
    return {
        "version": change.version,
        "state": change.state.value,
        "runbook": change.runbook,
        "target": change.target,
        "requester": change.requester.key,
        "created_at": change.created_at,
        "updated_at": change.updated_at,
        "search": _searchable("\n".join(words)),
        "document": cast(literal(_CHANGES.write(change), Text), JSON),
    }


def _searchable(text: str) -> str:
    return text.replace("\x00", "").casefold()


def _overtaken(connection: Connection, change_id: str, expected_version: int) -> ConflictError:
    present = connection.execute(select(CHANGES.c.version).where(CHANGES.c.id == change_id)).scalar_one_or_none()
    return ConflictError(
        f"Change {change_id} has moved on.",
        why=f"It was to be at version {expected_version}; "
        + ("it isn't stored." if present is None else f"it is at version {present}."),
        next="Read it again, then decide again.",
    )
