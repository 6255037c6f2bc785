"""Drafts of environments, one row each (port `drafts`)."""

from __future__ import annotations

from sqlalchemy import Engine, Row, delete, select
from sqlalchemy.dialects.postgresql import insert

from conductor_core.adapters.postgres.schema import ENVIRONMENT_DRAFTS as TABLE
from conductor_core.adapters.postgres.wall import wall
from conductor_core.errors import ConflictError, NotFoundError
from conductor_core.ports.drafts import EnvironmentDraft

MOST = 100
"""Drafts of one person that are listed."""


class PostgresDrafts:
    """Implements `ports.drafts.Drafts`."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def put(self, draft: EnvironmentDraft) -> None:
        """See `Drafts.put`."""
        fields = {
            "blueprint": draft.blueprint,
            "environment": draft.environment,
            "document": dict(draft.values),
            "updated_at": draft.updated_at,
        }
        row = insert(TABLE).values(id=draft.id, owner=draft.owner, **fields)
        statement = row.on_conflict_do_update(
            index_elements=["id"], set_=fields, where=TABLE.c.owner == draft.owner
        ).returning(TABLE.c.id)
        with wall("The draft could not be kept."), self._engine.begin() as connection:
            if connection.execute(statement).first() is None:
                raise ConflictError(
                    f"The draft {draft.id} is somebody else's.", why="Its id is taken.", next="Begin a new one."
                )

    def get(self, owner: str, id: str) -> EnvironmentDraft:
        """See `Drafts.get`."""
        wanted = select(TABLE).where(TABLE.c.id == id, TABLE.c.owner == owner)
        with wall("The draft could not be read."), self._engine.connect() as connection:
            row = connection.execute(wanted).first()
        if row is None:
            raise NotFoundError(
                f"There is no draft {id[:40]!r} of yours.",
                why="It was requested, dropped, or is somebody else's.",
                next="Begin a new one.",
            )
        return _draft(row)

    def of(self, owner: str) -> list[EnvironmentDraft]:
        """See `Drafts.of`."""
        wanted = select(TABLE).where(TABLE.c.owner == owner).order_by(TABLE.c.updated_at.desc(), TABLE.c.id).limit(MOST)
        with wall("The drafts could not be read."), self._engine.connect() as connection:
            return [_draft(row) for row in connection.execute(wanted)]

    def drop(self, owner: str, id: str) -> None:
        """See `Drafts.drop`."""
        gone = delete(TABLE).where(TABLE.c.id == id, TABLE.c.owner == owner)
        with wall("The draft could not be dropped."), self._engine.begin() as connection:
            connection.execute(gone)


def _draft(row: Row[tuple[object, ...]]) -> EnvironmentDraft:
    found = row._mapping
    return EnvironmentDraft(
        found["id"], found["owner"], found["blueprint"], found["environment"], found["document"], found["updated_at"]
    )
