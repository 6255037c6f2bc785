"""Why the ledger is not written, in one row that every writer looks at (security rule 8)."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "ledger_refusal",
        sa.Column("one", sa.SmallInteger, autoincrement=False, nullable=False, comment="always 1: there is one reason"),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("what", sa.Text, nullable=False),
        sa.Column("why", sa.Text, nullable=False),
        sa.Column("next", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("one", name="ledger_refusal_pk"),
        sa.CheckConstraint("one = 1", name="ledger_refusal_one_row"),
    )
