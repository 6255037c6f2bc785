"""Where errors of SQLAlchemy and psycopg stop: one table of SQLSTATEs, one context manager (style rule 5).

The codes are those of https://www.postgresql.org/docs/18/errcodes-appendix.html; the longest prefix decides.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from sqlalchemy import exc

from conductor_core.errors import (
    ConductorError,
    ConfigurationError,
    ConflictError,
    InputError,
    StorageError,
    UnreachableError,
)

_ROOM = "Free some space on the volume of the database (CONDUCTOR_HOME, when it is the embedded one), then try again."
_AGAIN = "Try again in a moment; `conductor status` shows whether the database answers."
_URL = "Correct CONDUCTOR_DATABASE_URL, or leave it empty for the embedded database."
_RIGHTS = "Give the database user its rights on this database, or correct CONDUCTOR_DATABASE_URL."
_SCHEMA = "Start the API or the worker once: it brings the tables up to date. Then try again."
_TEXT = "Take the character that can't be stored (NUL, half a surrogate pair) out of the text."
_LOOK = "Read the log of the database, then try again."

TABLE: dict[str, tuple[type[ConductorError], str]] = {
    "08": (UnreachableError, _AGAIN),
    "0A": (StorageError, _LOOK),
    "22": (InputError, "Correct the value and try again."),
    "22021": (InputError, _TEXT),
    "22P05": (InputError, _TEXT),
    "22P02": (InputError, _TEXT),
    "23505": (ConflictError, "Read the present state, then decide again."),
    "25006": (StorageError, "The database is read-only: point CONDUCTOR_DATABASE_URL at the primary."),
    "25P03": (UnreachableError, _AGAIN),
    "28": (ConfigurationError, _URL),
    "3D000": (ConfigurationError, _URL),
    "40": (ConflictError, _AGAIN),
    "42501": (ConfigurationError, _RIGHTS),
    "42P01": (ConfigurationError, _SCHEMA),
    "42703": (ConfigurationError, _SCHEMA),
    "3F000": (ConfigurationError, _SCHEMA),
    "53": (UnreachableError, _AGAIN),
    "53100": (StorageError, _ROOM),
    "55P03": (ConflictError, _AGAIN),
    "57": (UnreachableError, _AGAIN),
    "58": (StorageError, _LOOK),
    "58030": (StorageError, _LOOK),
    "XX001": (StorageError, "Stop the product and restore the database from a backup: its files are damaged."),
    "XX002": (StorageError, "Rebuild the damaged index (REINDEX), then try again."),
}

_REFUSALS = ("does not exist", "authentication failed", "no password supplied", "pg_hba.conf", "permission denied")
"""What a server says that turns a connection away for good; libpq gives no SQLSTATE for it."""


@contextmanager
def wall(what: str) -> Iterator[None]:
    """Run a block; any error of the database leaves it as one of ours, with `what` as its first sentence.

    Raises `UnreachableError` (no answer, too busy, too slow), `ConflictError` (somebody else wrote first),
    `StorageError` (full, damaged, read-only, anything unknown), `ConfigurationError` (address, rights, tables),
    `InputError` (a value that the database can't hold).
    """
    try:
        yield
    except (exc.SQLAlchemyError, psycopg.Error) as foreign:
        raise translated(what, foreign) from foreign
    except UnicodeEncodeError as foreign:
        raise InputError(what, why="The text holds half a surrogate pair.", next=_TEXT) from foreign


def translated(what: str, foreign: exc.SQLAlchemyError | psycopg.Error) -> ConductorError:
    """Our error for a foreign one; the foreign text goes into `why`, without the statement and its values."""
    origin = foreign.orig if isinstance(foreign, exc.DBAPIError) else foreign
    state = (getattr(origin, "sqlstate", None) or "") if origin is not None else ""
    why = _first_line(origin if origin is not None else foreign)
    for length in (5, 2):
        if state[:length] in TABLE:
            kind, act = TABLE[state[:length]]
            return kind(what, why=why, next=act)
    if isinstance(foreign, exc.TimeoutError):
        return UnreachableError(what, why="Every connection of this process to the database is in use.", next=_AGAIN)
    if isinstance(foreign, exc.ArgumentError | exc.NoSuchModuleError):
        return ConfigurationError(what, why="The address of the database can't be read.", next=_URL)
    if "FATAL:" in why and any(words in why for words in _REFUSALS):
        return ConfigurationError(what, why=why, next=_URL)
    if isinstance(origin, psycopg.OperationalError) or (
        isinstance(foreign, exc.DBAPIError) and foreign.connection_invalidated
    ):
        return UnreachableError(what, why=why, next=_AGAIN)
    if isinstance(origin, psycopg.DataError):
        return InputError(what, why=why, next=_TEXT)
    return StorageError(what, why=why, next=_LOOK)


def _first_line(foreign: BaseException | object) -> str:
    return next((line.strip() for line in str(foreign).splitlines() if line.strip()), type(foreign).__name__)
