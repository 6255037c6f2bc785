"""What several folders of tests need: one embedded PostgreSQL a session, and a fresh database of it a test."""

from __future__ import annotations

import gc
import shutil
import tempfile
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

import hypothesis
import psycopg
import pytest

from conductor_core.adapters.postgres import embedded
from conductor_core.adapters.postgres.engine import migrate
from conductor_core.settings import load
from tests.fakes.s3_server import S3Server
from tests.fakes.small_volume import SmallVolume
from tests.real.verifier_programs import build_s3

TEMPLATE = "conductor_template"
TESTS = Path(__file__).parent

hypothesis.settings.register_profile("quick", max_examples=20)
"""For `make check`; `make test` tries a hundred examples of each law."""


gc.set_threshold(20_000, 20, 100)
"""Most of what a test makes is freed as it is let go; passes over everything that is imported took a fifth of a run."""


def pytest_collection_finish() -> None:
    """What is imported by now stays, so that no pass looks at it again."""
    gc.freeze()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What lies in tests/real, tests/crash and tests/browser is marked as such, so that no run leaves it out."""
    for item in items:
        folder = item.path.relative_to(TESTS).parts[0]
        if folder in {"real", "crash", "browser"}:
            item.add_marker(folder)


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """The URL of a database server of this session's own, with a migrated template database."""
    home = Path(tempfile.mkdtemp(prefix="conductor-test-"))
    try:
        url = embedded.start(home)
        with psycopg.connect(url, autocommit=True) as connection:
            for command in (
                "ALTER SYSTEM SET fsync = off",  # for speed: what a power cut leaves is not tested here
                "SELECT pg_reload_conf()",
                f"CREATE DATABASE {TEMPLATE}",
            ):
                connection.execute(command)
        migrate(url.replace("/conductor?", f"/{TEMPLATE}?"))
        yield url
    finally:
        embedded.stop(home)
        shutil.rmtree(home)


@pytest.fixture(scope="session")
def new_database(postgres_url: str) -> Callable[[], str]:
    """Makes migrated, empty databases; each call returns the URL of a new one."""
    numbers = count(1)

    def make() -> str:
        name = f"conductor_{next(numbers)}"
        with psycopg.connect(postgres_url, autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name} TEMPLATE {TEMPLATE}")
        return postgres_url.replace("/conductor?", f"/{name}?")

    return make


@pytest.fixture
def database_url(new_database: Callable[[], str]) -> str:
    """The URL of a migrated, empty database of this test's own."""
    return new_database()


@pytest.fixture
def small_volume() -> Iterator[SmallVolume]:
    """Runs programs on a volume of a few megabytes."""
    with tempfile.TemporaryDirectory(prefix="small-") as folder:
        yield SmallVolume(Path(folder))


@pytest.fixture(scope="session")
def s3_server() -> Iterator[S3Server]:
    """A real S3 server of this session's own, with an empty bucket."""
    with S3Server(build_s3(load())) as server:
        yield server


@pytest.fixture
def s3(s3_server: S3Server, monkeypatch: pytest.MonkeyPatch) -> Iterator[S3Server]:
    """The same, as the environment tells of it; it works well again when the test is over."""
    for name, value in s3_server.environment.items():
        monkeypatch.setenv(name, value)
    yield s3_server
    s3_server.fault = None
    s3_server.asked.clear()
