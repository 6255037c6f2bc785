"""Connections to PostgreSQL: a small pool that notices dead connections and never waits for ever (architecture 4)."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import URL, Connection, Engine, create_engine, make_url, text
from sqlalchemy.pool import NullPool

from conductor_core.adapters.postgres.wall import wall
from conductor_core.errors import ConfigurationError

DRIVER = "postgresql+psycopg"
MIGRATIONS = Path(__file__).parent / "migrations"
STATEMENT_TIMEOUT_MS = 15_000
LOCK_TIMEOUT_MS = 10_000
IDLE_TIMEOUT_MS = 60_000
MIGRATION_LOCK = 0x4D43_0001
"""Key of the advisory lock that lets one process at a time change the tables."""
EVENT_LOCK = 0x4D43_0002
"""Key of the advisory lock that makes events visible in the order of their sequence."""
SEAT_LOCK = 0x4D43_0003
"""Key of the advisory lock that lets one process at a time write the ledger."""
EVENT_CHANNEL = "conductor_events"
"""Channel on which every transaction that commits events says so."""


def open_engine(url: str, *, pool_size: int = 5) -> Engine:
    """An engine on `url` (`postgresql://...`, the driver is ours to choose); connects on first use.

    At most twice `pool_size` connections; a statement may take 15 s and wait 10 s for a lock. Raises
    `ConfigurationError` for an address that isn't one of a PostgreSQL database.
    """
    with wall("The address of the database can't be used."):
        return create_engine(
            _address(url),
            pool_size=pool_size,
            max_overflow=pool_size,
            pool_timeout=10,
            pool_pre_ping=True,
            pool_recycle=1800,
            hide_parameters=True,
            connect_args=_arguments(STATEMENT_TIMEOUT_MS),
        )


def server_version(engine: Engine) -> str:
    """The version of the server (`18.4`), which proves that it answers; raises `UnreachableError`."""
    with wall("The database does not answer."), engine.connect() as connection:
        return str(connection.execute(text("SHOW server_version")).scalar_one())


def migrate(url: str) -> None:
    """Bring the tables up to date; any number of processes may call it at once, one of them does the work.

    All steps are one transaction: on any error nothing has changed. Raises `UnreachableError`, `StorageError`,
    `ConfigurationError` (also when the tables are newer than this program).
    """
    with wall("The tables of the database could not be brought up to date."):
        engine = create_engine(_address(url), poolclass=NullPool, connect_args=_arguments(0))
        with engine.begin() as connection:
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": MIGRATION_LOCK})
            _upgrade(connection)


def _upgrade(connection: Connection) -> None:
    from alembic import command  # a slow import that only a start needs
    from alembic.config import Config
    from alembic.util import CommandError

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = connection
    try:
        command.upgrade(config, "head")
    except CommandError as foreign:
        raise ConfigurationError(
            "The tables of the database don't belong to this version of the product.",
            why=str(foreign),
            next="Run the version that wrote them or a newer one, or point CONDUCTOR_DATABASE_URL elsewhere.",
        ) from foreign


def _address(url: str) -> URL:
    try:
        address = make_url(url)
    except ValueError as foreign:
        raise ConfigurationError(
            "The address of the database can't be read.",
            why="Its port is not a number.",
            next="Give CONDUCTOR_DATABASE_URL the form postgresql://user:password@host:port/database.",
        ) from foreign
    if address.get_backend_name() != "postgresql":
        raise ConfigurationError(
            "The address of the database isn't one of PostgreSQL.",
            why=f"It begins with {address.drivername}://.",
            next="Give CONDUCTOR_DATABASE_URL the form postgresql://user:password@host:port/database.",
        )
    return address.set(drivername=DRIVER)


def _arguments(statement_timeout: int) -> dict[str, object]:
    limits = {
        "statement_timeout": statement_timeout,
        "lock_timeout": LOCK_TIMEOUT_MS if statement_timeout else 0,
        "idle_in_transaction_session_timeout": IDLE_TIMEOUT_MS,
        "timezone": "UTC",
    }
    return {
        "connect_timeout": 5,
        "application_name": "conductor",
        "options": " ".join(f"-c {name}={value}" for name, value in limits.items()),
    }
