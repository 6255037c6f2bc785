"""PostgreSQL of these settings: the configured one, else the embedded server; and the queue on it."""

from __future__ import annotations

from conductor_core.adapters.postgres import embedded
from conductor_core.ports.workflows import Workflows
from conductor_core.settings import Settings


def database_url(settings: Settings) -> str:
    """The URL of PostgreSQL: the configured one, else that of the embedded server, which is started if need be."""
    return settings.database_url.get_secret_value() or embedded.start(settings.home)


def prepare_database(settings: Settings) -> None:
    """Start the embedded server if it's the one to use, and bring the tables up to date."""
    from conductor_core.adapters.dbos_workflows import migrate as migrate_queue
    from conductor_core.adapters.postgres.engine import migrate

    migrate(database_url(settings))
    migrate_queue(database_url(settings))


def stop_database(settings: Settings) -> bool:
    """Stop the embedded server; True when it ran."""
    if settings.database_url.get_secret_value() or not embedded.running(settings.home):
        return False
    embedded.stop(settings.home)
    return True


def queue(url: str) -> Workflows:
    """The queue in the database at this URL."""
    from conductor_core.adapters.dbos_workflows import DbosWorkflows  # half of what a command's start-up would cost

    return DbosWorkflows(url)
