"""The database itself: tables from the revisions, migration by several processes, limits, and foreign errors."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import psycopg
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, exc, text

from conductor_core.adapters.postgres.engine import MIGRATIONS, migrate, open_engine, server_version
from conductor_core.adapters.postgres.schema import METADATA
from conductor_core.adapters.postgres.wall import TABLE, translated, wall
from conductor_core.errors import (
    ConductorError,
    ConfigurationError,
    ConflictError,
    InputError,
    StorageError,
    UnreachableError,
)

pytestmark = pytest.mark.postgres
NEWEST = ScriptDirectory(str(MIGRATIONS)).get_current_head()


@pytest.fixture
def empty_url(postgres_url: str) -> Iterator[str]:
    """A database without tables."""
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute("CREATE DATABASE bare TEMPLATE template0")
    yield postgres_url.replace("/conductor?", "/bare?")
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute("DROP DATABASE bare WITH (FORCE)")


def test_the_revisions_make_exactly_the_tables_of_the_schema(engine: Engine) -> None:
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
        assert compare_metadata(context, METADATA) == []


def test_several_may_migrate_at_once_and_again(empty_url: str) -> None:
    failures: list[BaseException] = []

    def run() -> None:
        try:
            migrate(empty_url)
        except ConductorError as bad:
            failures.append(bad)

    threads = [threading.Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    migrate(empty_url)
    assert failures == []
    with psycopg.connect(empty_url) as connection:
        assert connection.execute("SELECT version_num FROM alembic_version").fetchall() == [(NEWEST,)]


def test_a_migration_that_fails_leaves_nothing(empty_url: str) -> None:
    with psycopg.connect(empty_url) as connection:
        connection.execute("CREATE TABLE run_lines (mine int)")
    with pytest.raises(StorageError, match="run_lines"):
        migrate(empty_url)
    with psycopg.connect(empty_url) as connection:
        found = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").fetchall()
    assert found == [("run_lines",)]


def test_tables_of_a_newer_version_are_refused(database_url: str) -> None:
    with psycopg.connect(database_url) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(ConfigurationError, match="9999"):
        migrate(database_url)


def test_before_the_tables_are_made_the_act_is_named(empty_url: str) -> None:
    engine = open_engine(empty_url)
    with pytest.raises(ConfigurationError) as raised, wall("No."), engine.connect() as connection:
        connection.execute(text("SELECT * FROM changes"))
    engine.dispose()
    assert "tables up to date" in raised.value.next


def test_the_version_proves_that_it_answers(engine: Engine) -> None:
    assert server_version(engine).startswith("18.")


@pytest.mark.parametrize("url", ["", "nonsense", "sqlite:///x.db", "mysql://host/db", "postgresql://host:port/db"])
def test_an_address_that_is_none_is_a_wrong_setting(url: str) -> None:
    for act in (open_engine, migrate):
        with pytest.raises(ConfigurationError) as raised:
            act(url)
        assert "CONDUCTOR_DATABASE_URL" in raised.value.next


def test_the_password_stays_out_of_errors() -> None:
    engine = open_engine("postgresql://user:sesame@127.0.0.1:1/db")
    with pytest.raises(UnreachableError) as raised:
        server_version(engine)
    assert "sesame" not in str(raised.value.diagnostics())


def test_statements_and_values_stay_out_of_errors(engine: Engine) -> None:
    question = text("SELECT 1 / (length(:word) - 6)")
    with pytest.raises(InputError) as raised, wall("No."), engine.connect() as connection:
        connection.execute(question, {"word": "sesame"})
    assert raised.value.why == "division by zero"
    assert "sesame" not in str(raised.value.__cause__)


@pytest.mark.parametrize(
    ("statement", "kind"),
    [
        ("SELECT pg_sleep(20)", UnreachableError),
        ("SELECT 1/0", InputError),
        ("SELECT * FROM no_such_table", ConfigurationError),
        ("SELECT no_such_column FROM changes", ConfigurationError),
        ("nonsense", StorageError),
        ("SELECT pg_terminate_backend(pg_backend_pid())", UnreachableError),
        ("SET default_transaction_read_only = on; COMMIT; DELETE FROM events", StorageError),
        ("DO $$ BEGIN RAISE EXCEPTION USING ERRCODE = '53100'; END $$", StorageError),
        ("DO $$ BEGIN RAISE EXCEPTION USING ERRCODE = '53300'; END $$", UnreachableError),
        ("DO $$ BEGIN RAISE EXCEPTION USING ERRCODE = '40001'; END $$", ConflictError),
        ("DO $$ BEGIN RAISE EXCEPTION USING ERRCODE = 'XX001'; END $$", StorageError),
        ("DO $$ BEGIN RAISE EXCEPTION USING ERRCODE = '42501'; END $$", ConfigurationError),
    ],
)
def test_what_the_server_says_becomes_ours(engine: Engine, statement: str, kind: type[ConductorError]) -> None:
    if "pg_sleep" in statement:
        statement = f"SET LOCAL statement_timeout = 100; {statement}"
    with pytest.raises(kind) as raised, wall("It did not work."), engine.connect() as connection:
        connection.exec_driver_sql(statement)
    assert raised.value.what == "It did not work."
    assert raised.value.__cause__ is not None
    assert all(raised.value.diagnostics().as_dict().values())


def test_every_row_of_the_table_has_a_code_of_its_form() -> None:
    assert all(len(code) in (2, 5) and code.isalnum() and code.upper() == code for code in TABLE)
    assert all(act.endswith(".") for _, act in TABLE.values())


def test_a_pool_that_is_exhausted_is_said() -> None:
    assert isinstance(translated("No.", exc.TimeoutError("QueuePool limit")), UnreachableError)


def test_our_errors_pass_the_wall_untouched() -> None:
    ours = InputError("Ours.")
    with pytest.raises(InputError) as raised, wall("Theirs."):
        raise ours
    assert raised.value is ours


def test_a_lock_is_not_waited_for_for_ever(engine: Engine) -> None:
    with engine.connect() as connection:
        settings = {
            name: connection.exec_driver_sql(f"SHOW {name}").scalar_one()
            for name in ("statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout", "timezone")
        }
    assert settings == {
        "statement_timeout": "15s",
        "lock_timeout": "10s",
        "idle_in_transaction_session_timeout": "1min",
        "timezone": "UTC",
    }
