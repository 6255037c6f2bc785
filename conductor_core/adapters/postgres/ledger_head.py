"""The ledger's side of the database: the committed head and the outbox rows that wait (ports `log_store`, `outbox`).

The head changes by compare-and-swap in the transaction that gives the rows their indexes, which is what keeps two
sequencers, or one and its ghost, from writing two histories.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, Engine, Text, cast, func, insert, select, text, update

from conductor_core.adapters.postgres.schema import EVENTS, LEDGER_HEAD
from conductor_core.adapters.postgres.wall import wall
from conductor_core.errors import ConflictError
from conductor_core.ports.log_store import Head
from conductor_core.ports.outbox import Queued

_HEAD = LEDGER_HEAD.c
_PLACE = text(
    "UPDATE events SET ledger_index = :first + placed.place - 1 "
    "FROM unnest(CAST(:rows AS bigint[])) WITH ORDINALITY AS placed(sequence, place) "
    "WHERE events.sequence = placed.sequence AND events.ledger_index IS NULL"
)


class PostgresLedgerRows:
    """Implements `ports.log_store.HeadStore` and `ports.outbox.Outbox` over the same tables as the Changes."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def queued(self, limit: int) -> Sequence[Queued]:
        """Committed events without an index, oldest first; none that commits later can belong before them."""
        statement = (
            select(EVENTS.c.sequence, cast(EVENTS.c.envelope, Text))
            .where(EVENTS.c.ledger_index.is_(None))
            .order_by(EVENTS.c.sequence)
            .limit(max(0, limit))
        )
        with wall("The events that wait for the ledger could not be read."), self._engine.connect() as connection:
            return [Queued(row, entry.encode("utf-8")) for row, entry in connection.execute(statement).all()]

    def head(self) -> Head | None:
        """The head, or None before the first; raises `StorageError`, `UnreachableError`."""
        with wall("The head of the ledger could not be read."), self._engine.connect() as connection:
            return _present(connection)

    def claim(self) -> int:
        """See `HeadStore.claim`: the row is locked by whoever advances it."""
        more = update(LEDGER_HEAD).values(claim=_HEAD.claim + 1).returning(_HEAD.claim)
        with wall("The ledger could not be claimed."), self._engine.begin() as connection:
            return int(connection.execute(more).scalar_one_or_none() or 0)

    def advance(self, old: Head | None, new: Head, rows: Sequence[int], claim: int = 0) -> None:
        """Swap `old` for `new` and index the rows, or raise `ConflictError` with nothing changed."""
        row = {"size": new.size, "root": new.root, "updated_at": func.now()}
        with wall("The head of the ledger could not be advanced."), self._engine.begin() as connection:
            if old is None:
                connection.execute(insert(LEDGER_HEAD).values(one=1, **row))  # a second first head is a conflict
            else:
                is_old = (_HEAD.size == old.size) & (_HEAD.root == old.root) & (_HEAD.claim == claim)
                if connection.execute(update(LEDGER_HEAD).where(is_old).values(**row)).rowcount != 1:
                    newest = connection.execute(select(_HEAD.claim)).scalar_one_or_none()
                    if newest != claim:
                        raise _conflict(f"Somebody has claimed the ledger since: claim {newest}, ours is {claim}.")
                    raise _conflict(f"The head is {_words(_present(connection))}, not {_words(old)}.")
            first = old.size if old else 0
            if rows and connection.execute(_PLACE, {"first": first, "rows": list(rows)}).rowcount != len(rows):
                raise _conflict("One of the events already has an index, or isn't there.")


def _present(connection: Connection) -> Head | None:
    row = connection.execute(select(_HEAD.size, _HEAD.root)).one_or_none()
    return Head(row.size, bytes(row.root)) if row else None


def _words(head: Head | None) -> str:
    return f"{head.size} entries with root {head.root.hex()[:16]}" if head else "none"


def _conflict(why: str) -> ConflictError:
    return ConflictError(
        "The head of the ledger is not the expected one.",
        why=why,
        next="Leave one sequencer running; it reads the head when it starts.",
    )
