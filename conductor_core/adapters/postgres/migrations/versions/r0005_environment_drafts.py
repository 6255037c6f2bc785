"""Drafts of environments: what somebody has typed so far."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "environment_drafts",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("owner", sa.Text, nullable=False, comment="the actor's key"),
        sa.Column("blueprint", sa.Text, nullable=False),
        sa.Column("environment", sa.Text, nullable=False),
        sa.Column("document", sa.JSON, nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="environment_drafts_pk"),
    )
    op.create_index("environment_drafts_owner_idx", "environment_drafts", ["owner", sa.text("updated_at DESC")])
