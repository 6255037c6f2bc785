"""The first tables: changes, events (the outbox), operations, run_lines, ledger_head."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Make the tables."""
    _changes()
    _events()
    op.create_table(
        "operations",
        sa.Column("change_id", sa.Text, nullable=False),
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("ordinal", sa.BigInteger, sa.Identity(always=True), nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("dispatches", sa.Integer, nullable=False),
        sa.Column("document", sa.JSON, nullable=False),
        sa.PrimaryKeyConstraint("change_id", "key", name="operations_pk"),
    )
    op.create_table(
        "run_lines",
        sa.Column("change_id", sa.Text, nullable=False),
        sa.Column("sequence", sa.BigInteger, sa.Identity(always=True), nullable=False),
        sa.Column("at", _TIME, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("cell", sa.Integer, nullable=False),
        sa.Column("cells", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("change_id", "sequence", name="run_lines_pk"),
    )
    op.create_table(
        "ledger_head",
        sa.Column("one", sa.SmallInteger, autoincrement=False, nullable=False, comment="always 1: there is one head"),
        sa.Column("size", sa.BigInteger, nullable=False),
        sa.Column("root", sa.LargeBinary, nullable=False, comment="32 bytes, RFC 6962"),
        sa.Column("updated_at", _TIME, nullable=False),
        sa.PrimaryKeyConstraint("one", name="ledger_head_pk"),
        sa.CheckConstraint("one = 1", name="ledger_head_one_row"),
    )


def _changes() -> None:
    op.create_table(
        "changes",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("runbook", sa.Text, nullable=False),
        sa.Column("target", sa.Text, nullable=False),
        sa.Column("requester", sa.Text, nullable=False, comment="the actor's key"),
        sa.Column("created_at", _TIME, nullable=False),
        sa.Column("updated_at", _TIME, nullable=False),
        sa.Column("search", sa.Text, nullable=False, comment="case-folded text that people search in"),
        sa.Column("document", sa.JSON, nullable=False),
        sa.PrimaryKeyConstraint("id", name="changes_pk"),
    )
    newest = [sa.text("created_at DESC"), sa.text("id DESC")]
    op.create_index("changes_newest_idx", "changes", newest)
    op.create_index("changes_state_idx", "changes", ["state", *newest])
    op.create_index("changes_target_idx", "changes", ["target", *newest])


def _events() -> None:
    op.create_table(
        "events",
        sa.Column("sequence", sa.BigInteger, sa.Identity(always=True), nullable=False),
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("type", sa.Text, nullable=False),
        sa.Column("subject", sa.Text, nullable=False),
        sa.Column("envelope", sa.JSON, nullable=False, comment="CloudEvents 1.0, RFC 8785 text"),
        sa.Column("ledger_index", sa.BigInteger, comment="place in the ledger; null until the sequencer has sealed it"),
        sa.PrimaryKeyConstraint("sequence", name="events_pk"),
        sa.UniqueConstraint("id", name="events_id_key"),
        sa.UniqueConstraint("ledger_index", name="events_ledger_index_key"),
    )
    op.create_index("events_subject_idx", "events", ["subject", "sequence"])
    op.create_index("events_unsealed_idx", "events", ["sequence"], postgresql_where=sa.text("ledger_index IS NULL"))
