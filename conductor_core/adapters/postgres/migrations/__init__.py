"""Alembic revisions: each is frozen once it has been released; a new one is added beside it."""
