"""Who may write the ledger: the newest claim alone."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column."""
    comment = "who may write: the newest claim alone"
    op.add_column("ledger_head", sa.Column("claim", sa.BigInteger, nullable=False, server_default="0", comment=comment))
