"""Runs of smoke suites in PostgreSQL, each with its event in one transaction (port `smoke`)."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import JSON, Engine, Text, cast, insert, literal, select

from conductor_core.adapters.postgres import outbox
from conductor_core.adapters.postgres.documents import Document
from conductor_core.adapters.postgres.schema import SMOKE_RUNS
from conductor_core.adapters.postgres.wall import wall
from conductor_core.domain.events import Event
from conductor_core.domain.smoke import SmokeRun

_RUNS = Document(SmokeRun, "smoke run")


class PostgresSmokeRuns:
    """Implements `ports.smoke.SmokeRuns`."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def put(self, run: SmokeRun, events: Sequence[Event]) -> None:
        """See `SmokeRuns.put`."""
        row = insert(SMOKE_RUNS).values(
            id=run.id,
            suite=run.suite,
            release=run.release,
            channel=run.channel,
            at=run.at,
            passed=run.passed,
            document=cast(literal(_RUNS.write(run), Text), JSON),
        )
        with wall(f"The smoke run of {run.suite} could not be written."), self._engine.begin() as connection:
            connection.execute(row)
            outbox.append(connection, events)

    def of(self, *, suite: str = "", release: str = "", channel: str = "", limit: int = 100) -> list[SmokeRun]:
        """See `SmokeRuns.of`."""
        c = SMOKE_RUNS.c
        statement = select(cast(c.document, Text)).order_by(c.at.desc(), c.id.desc()).limit(max(0, limit))
        for column, value in ((c.suite, suite), (c.release, release), (c.channel, channel)):
            if value:
                statement = statement.where(column == value)
        with wall("The smoke runs could not be read."), self._engine.connect() as connection:
            return [_RUNS.read(text) for text in connection.execute(statement).scalars()]
