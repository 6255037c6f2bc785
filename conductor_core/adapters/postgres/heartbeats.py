"""Signs of life of the workers, one row each (port `heartbeats`)."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Engine, func, select
from sqlalchemy.dialects.postgresql import insert

from conductor_core.adapters.postgres.schema import HEARTBEATS
from conductor_core.adapters.postgres.wall import wall


class PostgresHeartbeats:
    """Implements `ports.heartbeats.Heartbeats`."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def beat(self, worker: str, now: datetime) -> None:
        """The worker of that name lives."""
        row = insert(HEARTBEATS).values(worker=worker, at=now)
        statement = row.on_conflict_do_update(index_elements=["worker"], set_={"at": row.excluded.at})
        with wall("The worker's sign of life could not be written."), self._engine.begin() as connection:
            connection.execute(statement)

    def latest(self) -> datetime | None:
        """The newest sign of life of any worker."""
        with wall("The workers' signs of life could not be read."), self._engine.connect() as connection:
            return connection.execute(select(func.max(HEARTBEATS.c.at))).scalar()
