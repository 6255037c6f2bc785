"""Places in the ledger as the database knows them (port `ledger_index`)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Engine, Text, cast, func, select

from conductor_core.adapters.postgres import outbox
from conductor_core.adapters.postgres.schema import EVENTS, LEDGER_REFUSAL
from conductor_core.adapters.postgres.wall import wall
from conductor_core.domain.ids import sortable_id
from conductor_core.errors import Diagnostics
from conductor_core.ports.ledger_index import Backlog

_WAITS = EVENTS.c.ledger_index.is_(None)
_FAILED = "The places of events in the ledger could not be read."


class PostgresLedgerIndex:
    """Implements `ports.ledger_index.LedgerIndex`; safe to share between threads."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def of_subject(self, subject: str) -> Sequence[int | None]:
        """See `LedgerIndex`."""
        rows = select(EVENTS.c.ledger_index).where(EVENTS.c.subject == subject).order_by(EVENTS.c.sequence)
        with wall(_FAILED), self._engine.connect() as connection:
            return list(connection.execute(rows).scalars())

    def between(self, start: datetime, end: datetime) -> range:
        """See `LedgerIndex`; the ids of events begin with their time, so that the index on them answers."""
        first, stop = (sortable_id("evt", at, bytes(10)) for at in (start, end))
        within = (EVENTS.c.id >= first) & (EVENTS.c.id < stop)
        rows = select(func.min(EVENTS.c.ledger_index), func.max(EVENTS.c.ledger_index)).where(within)
        with wall(_FAILED), self._engine.connect() as connection:
            low, high = connection.execute(rows).one()
        return range(0) if low is None else range(low, high + 1)

    def backlog(self) -> Backlog:
        """See `LedgerIndex`."""
        first = select(cast(EVENTS.c.envelope, Text)).where(_WAITS).order_by(EVENTS.c.sequence).limit(1)
        with wall(_FAILED), self._engine.connect() as connection:
            count = connection.execute(select(func.count()).select_from(EVENTS).where(_WAITS)).scalar_one()
            envelope = connection.execute(first).scalar_one_or_none()
        return Backlog(count, outbox.read(envelope).time if envelope else None)

    def refusal(self) -> Diagnostics | None:
        """See `LedgerIndex`."""
        rows = select(LEDGER_REFUSAL.c.what, LEDGER_REFUSAL.c.why, LEDGER_REFUSAL.c.next)
        with wall(_FAILED), self._engine.connect() as connection:
            row = connection.execute(rows).one_or_none()
        return Diagnostics(row.what, row.why, row.next) if row else None
