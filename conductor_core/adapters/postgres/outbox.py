"""The outbox: events written inside the transaction of the state that they describe (architecture 5).

Sequences become visible in order: a transaction holds one advisory lock from its first event to its commit, so that
nobody who reads `sequence > n` can pass over an event that commits later. It is taken after every row lock of the
transaction, so it can't be part of a deadlock. A rollback leaves a gap; readers don't mind gaps. The same statement
announces the commit to the sequencer, and reads whether the ledger refuses to be written: then nothing is changed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import JSON, Connection, Text, bindparam, cast, func, insert, literal, select, true

from conductor_core.adapters.postgres.documents import Document
from conductor_core.adapters.postgres.engine import EVENT_CHANNEL, EVENT_LOCK
from conductor_core.adapters.postgres.schema import EVENTS, LEDGER_REFUSAL
from conductor_core.domain.canonical import canonical_bytes
from conductor_core.domain.events import Event
from conductor_core.errors import InputError, LedgerError

MOST_BYTES = 65_535
"""The longest entry of a C2SP tlog-tiles bundle; a longer event could never be sealed."""

_INSERT = insert(EVENTS).values(envelope=cast(bindparam("json_text", type_=Text), JSON))
_TURN = select(func.pg_advisory_xact_lock(EVENT_LOCK), func.pg_notify(EVENT_CHANNEL, "")).subquery("turn")
_BEGIN = select(literal(1), LEDGER_REFUSAL.c.what, LEDGER_REFUSAL.c.why, LEDGER_REFUSAL.c.next).select_from(
    _TURN.outerjoin(LEDGER_REFUSAL, true())
)


@dataclass(frozen=True)
class _Envelope:
    """The CloudEvents attributes as they are stored."""

    specversion: str
    id: str
    source: str
    type: str
    subject: str
    time: datetime
    datacontenttype: str
    actor: str
    data: dict[str, object]


_ENVELOPES = Document(_Envelope, "event")


def append(connection: Connection, events: Sequence[Event]) -> None:
    """Insert the events in order; the caller's transaction commits them.

    Raises `InputError` before it writes, and `LedgerError`, which must end the transaction, while the ledger refuses.
    """
    rows = [_row(event) for event in events]
    if rows:
        refused = connection.execute(_BEGIN).one()
        if refused.what is not None:
            raise LedgerError(f"Nothing was changed: {refused.what}", why=refused.why, next=refused.next)
        connection.execute(_INSERT, rows)


def read(text: str) -> Event:
    """The event of a stored envelope; raises `StorageError`."""
    e = _ENVELOPES.read(text)
    return Event(e.id, e.type, e.subject, e.time, e.actor, e.data)


def _row(event: Event) -> dict[str, object]:
    envelope = canonical_bytes(event.envelope())
    if len(envelope) > MOST_BYTES:
        raise InputError(
            f"The event {event.type} of {event.subject} is too large to be recorded.",
            why=f"It has {len(envelope):,} bytes; an entry of the ledger holds {MOST_BYTES:,}.",
            next="Put the payload into the evidence store and name its digest in the event.",
        )
    return {"id": event.id, "type": event.type, "subject": event.subject, "json_text": envelope.decode("utf-8")}
