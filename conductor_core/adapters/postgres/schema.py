"""The tables. A document column is `json`, not `jsonb`: it keeps the text as written, so that floats, key order and
digests survive; what is searched for has a column of its own beside it. The Alembic revisions make these tables.
"""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    DateTime,
    Identity,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
)

METADATA = MetaData(
    naming_convention={
        "pk": "%(table_name)s_pk",
        "uq": "%(table_name)s_%(column_0_name)s_key",
        "ck": "%(table_name)s_%(constraint_name)s",
        "ix": "%(table_name)s_%(column_0_name)s_idx",
    }
)


def _time(name: str) -> Column[object]:
    return Column(name, DateTime(timezone=True), nullable=False)


CHANGES = Table(
    "changes",
    METADATA,
    Column("id", Text, primary_key=True),
    Column("version", Integer, nullable=False),
    Column("state", Text, nullable=False),
    Column("runbook", Text, nullable=False),
    Column("target", Text, nullable=False),
    Column("requester", Text, nullable=False, comment="the actor's key"),
    _time("created_at"),
    _time("updated_at"),
    Column("search", Text, nullable=False, comment="case-folded text that people search in"),
    Column("document", JSON, nullable=False),
)
Index("changes_newest_idx", CHANGES.c.created_at.desc(), CHANGES.c.id.desc())
Index("changes_state_idx", CHANGES.c.state, CHANGES.c.created_at.desc(), CHANGES.c.id.desc())
Index("changes_target_idx", CHANGES.c.target, CHANGES.c.created_at.desc(), CHANGES.c.id.desc())

EVENTS = Table(
    "events",
    METADATA,
    Column("sequence", BigInteger, Identity(always=True), primary_key=True),
    Column("id", Text, nullable=False),
    Column("type", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("envelope", JSON, nullable=False, comment="CloudEvents 1.0, RFC 8785 text"),
    Column("ledger_index", BigInteger, comment="place in the ledger; null until the sequencer has sealed it"),
    UniqueConstraint("id"),
    UniqueConstraint("ledger_index"),
)
Index("events_subject_idx", EVENTS.c.subject, EVENTS.c.sequence)
Index("events_unsealed_idx", EVENTS.c.sequence, postgresql_where=EVENTS.c.ledger_index.is_(None))

OPERATIONS = Table(
    "operations",
    METADATA,
    Column("change_id", Text, primary_key=True),
    Column("key", Text, primary_key=True),
    Column("ordinal", BigInteger, Identity(always=True), nullable=False),
    Column("state", Text, nullable=False),
    Column("dispatches", Integer, nullable=False),
    Column("document", JSON, nullable=False),
)

RUN_LINES = Table(
    "run_lines",
    METADATA,
    Column("change_id", Text, primary_key=True),
    Column("sequence", BigInteger, Identity(always=True), primary_key=True),
    _time("at"),
    Column("kind", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("cell", Integer, nullable=False),
    Column("cells", Integer, nullable=False),
)

LEDGER_HEAD = Table(
    "ledger_head",
    METADATA,
    Column("one", SmallInteger, primary_key=True, autoincrement=False, comment="always 1: there is one head"),
    Column("size", BigInteger, nullable=False),
    Column("root", LargeBinary, nullable=False, comment="32 bytes, RFC 6962"),
    Column("claim", BigInteger, nullable=False, server_default="0", comment="who may write: the newest claim alone"),
    _time("updated_at"),
    CheckConstraint("one = 1", name="one_row"),
)

LEDGER_REFUSAL = Table(
    "ledger_refusal",
    METADATA,
    Column("one", SmallInteger, primary_key=True, autoincrement=False, comment="always 1: there is one reason"),
    _time("at"),
    Column("what", Text, nullable=False),
    Column("why", Text, nullable=False),
    Column("next", Text, nullable=False),
    CheckConstraint("one = 1", name="one_row"),
)

HEARTBEATS = Table(
    "heartbeats",
    METADATA,
    Column("worker", Text, primary_key=True),
    _time("at"),
)

QUARANTINES = Table(
    "quarantines",
    METADATA,
    Column("change_id", Text, primary_key=True),
    Column("release", Text, nullable=False),
    Column("active", Boolean, nullable=False),
    _time("at"),
    Column("document", JSON, nullable=False),
)
Index("quarantines_release_idx", QUARANTINES.c.release, QUARANTINES.c.at.desc())

ENVIRONMENT_DRAFTS = Table(
    "environment_drafts",
    METADATA,
    Column("id", Text, primary_key=True),
    Column("owner", Text, nullable=False, comment="the actor's key"),
    Column("blueprint", Text, nullable=False),
    Column("environment", Text, nullable=False),
    Column("document", JSON, nullable=False),
    _time("updated_at"),
)
Index("environment_drafts_owner_idx", ENVIRONMENT_DRAFTS.c.owner, ENVIRONMENT_DRAFTS.c.updated_at.desc())
SMOKE_RUNS = Table(
    "smoke_runs",
    METADATA,
    Column("id", Text, primary_key=True),
    Column("suite", Text, nullable=False),
    Column("release", Text, nullable=False),
    Column("channel", Text, nullable=False),
    _time("at"),
    Column("passed", Boolean, nullable=False),
    Column("document", JSON, nullable=False),
)
Index("smoke_runs_newest_idx", SMOKE_RUNS.c.release, SMOKE_RUNS.c.channel, SMOKE_RUNS.c.at.desc())
