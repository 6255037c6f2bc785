"""The names that doors and workers share in the queue, and the wall at which its foreign errors stop."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg  # noqa: TID251  # this room is its home
from dbos import error as dbos_errors  # noqa: TID251  # this room is its home
from sqlalchemy.exc import SQLAlchemyError  # noqa: TID251  # this room is its home

from conductor_core.errors import UnreachableError

APPLICATION = "maestro-conductor"
VERSION = "1"
"""Fixed, so that work outlives an upgrade: DBOS would otherwise name the version after the code of its functions."""

PLANS, CHANGES = "plans", "changes"
FOREIGN = (SQLAlchemyError, dbos_errors.DBOSException, psycopg.Error, OSError)


def libpq(database_url: str) -> str:
    """The URL as libpq has it: without SQLAlchemy's driver."""
    return re.sub(r"^postgresql\+\w+:", "postgresql:", database_url)


@contextmanager
def wall(what: str) -> Iterator[None]:
    """Foreign errors stop here; the text of a connection error can hold the URL, so that only its kind is told."""
    try:
        yield
    except FOREIGN as bad:
        cause = getattr(bad, "orig", None) or bad
        raise UnreachableError(
            what,
            why=f"PostgreSQL answers: {type(cause).__name__}.",
            next="Run `conductor status`; if the worker never ran on this database, start it once.",
        ) from bad
