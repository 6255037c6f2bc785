"""The sequencer's seat: an advisory lock of one connection, on which commits of events are announced (port `seat`).

The lock belongs to the session, so it dies with its holder; https://www.postgresql.org/docs/18/explicit-locking.html.
"""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from sqlalchemy import Connection, Engine, delete, func, select
from sqlalchemy.dialects.postgresql import insert

from conductor_core.adapters.postgres.engine import EVENT_CHANNEL, SEAT_LOCK
from conductor_core.adapters.postgres.schema import LEDGER_REFUSAL
from conductor_core.adapters.postgres.wall import wall
from conductor_core.errors import ConductorError, Diagnostics, UnreachableError


class PostgresSeat:
    """Implements `ports.seat.Seat`; for one thread."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._held: Connection | None = None

    def take(self) -> bool:
        """See `Seat`; listens before it asks for the lock, so that nothing committed from then on is missed."""
        if self._held is not None:
            return True
        with wall("The ledger's seat could not be asked for."):
            asked = self._engine.connect().execution_options(isolation_level="AUTOCOMMIT")
            try:
                asked.exec_driver_sql(f"LISTEN {EVENT_CHANNEL}")
                if asked.execute(select(func.pg_try_advisory_lock(SEAT_LOCK))).scalar_one():
                    self._held = asked
            finally:
                if self._held is None:
                    _drop(asked)
        return self._held is not None

    def wait(self, seconds: float) -> None:
        """See `Seat`."""
        if self._held is None:
            raise UnreachableError("The ledger's seat is not held.", next="Take it again.")
        try:
            with wall("The ledger's seat was lost."):
                driver: Any = self._held.connection.driver_connection
                for _ in driver.notifies(timeout=seconds, stop_after=1):
                    return
        except ConductorError as lost:
            self.leave()
            said = lost.diagnostics()
            raise UnreachableError(said.what, why=said.why, next=said.next) from lost

    def leave(self) -> None:
        """See `Seat`; the connection is closed, which frees the lock whatever state it is in."""
        held, self._held = self._held, None
        if held is not None:
            _drop(held)

    def refuse(self, why: Diagnostics | None) -> None:
        """See `Seat`."""
        with (
            wall("It could not be written down whether the ledger can be written."),
            self._engine.begin() as connection,
        ):
            if why is None:
                connection.execute(delete(LEDGER_REFUSAL))
                return
            row = insert(LEDGER_REFUSAL).values(one=1, at=func.now(), **why.as_dict())
            told = {name: row.excluded[name] for name in ("at", "what", "why", "next")}
            connection.execute(row.on_conflict_do_update(index_elements=["one"], set_=told))


def _drop(connection: Connection) -> None:
    with suppress(Exception):  # the session ends either way
        connection.invalidate()
    with suppress(Exception):
        connection.close()
