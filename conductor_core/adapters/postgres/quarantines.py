"""Quarantined versions in PostgreSQL, each with its event in one transaction (port `quarantines`)."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import JSON, Engine, Text, cast, literal, select
from sqlalchemy.dialects.postgresql import insert

from conductor_core.adapters.postgres import outbox
from conductor_core.adapters.postgres.documents import Document
from conductor_core.adapters.postgres.schema import QUARANTINES
from conductor_core.adapters.postgres.wall import wall
from conductor_core.domain.events import Event
from conductor_core.domain.quarantine import Quarantine

_QUARANTINES = Document(Quarantine, "quarantine")


class PostgresQuarantines:
    """Implements `ports.quarantines.Quarantines`."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def put(self, quarantine: Quarantine, events: Sequence[Event]) -> bool:
        """See `Quarantines.put`."""
        values = {
            "release": quarantine.release,
            "active": quarantine.active,
            "at": quarantine.at,
            "document": cast(literal(_QUARANTINES.write(quarantine), Text), JSON),
        }
        row = insert(QUARANTINES).values(change_id=quarantine.change_id, **values)
        if quarantine.active:
            row = row.on_conflict_do_nothing()
        else:
            row = row.on_conflict_do_update(
                index_elements=["change_id"],
                set_={name: row.excluded[name] for name in values},
                where=QUARANTINES.c.active,
            )
        what = f"The quarantine of {quarantine.release} {quarantine.version} could not be written."
        with wall(what), self._engine.begin() as connection:
            if connection.execute(row.returning(QUARANTINES.c.change_id)).scalar_one_or_none() is None:
                return False
            outbox.append(connection, events)
            return True

    def of(self, release: str = "") -> list[Quarantine]:
        """See `Quarantines.of`."""
        statement = select(cast(QUARANTINES.c.document, Text))
        if release:
            statement = statement.where(QUARANTINES.c.release == release)
        statement = statement.order_by(QUARANTINES.c.at.desc(), QUARANTINES.c.change_id.desc())
        with wall("The quarantined versions could not be read."), self._engine.connect() as connection:
            return [_QUARANTINES.read(text) for text in connection.execute(statement).scalars()]
