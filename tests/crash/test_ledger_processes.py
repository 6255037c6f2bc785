"""The ledger under many processes: nothing is lost, nothing stands there twice, and no old database is written on."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import Engine

from conductor_core.adapters.postgres.change_store import PostgresChangeStore
from conductor_core.adapters.postgres.engine import open_engine
from conductor_core.adapters.postgres.ledger_index import PostgresLedgerIndex
from conductor_core.adapters.signing import ed25519
from conductor_core.adapters.tile_files import TileFiles
from conductor_core.errors import LedgerError
from conductor_core.services.ledger_reader import LedgerReader
from conductor_core.services.status import Health, Probe, ask
from conductor_core.settings import PROJECT_ROOT
from tests.crash.ledger_process import SIGNER, sealing
from tests.fakes.domain import change, event

WRITERS, EACH = 8, 1250
pytestmark = [pytest.mark.postgres, pytest.mark.crash]
Start = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def start() -> Iterator[Start]:
    """Starts `tests.crash.ledger_process`; whatever still runs at the end is killed."""
    running: list[subprocess.Popen[str]] = []

    def run(*arguments: object) -> subprocess.Popen[str]:
        command = [sys.executable, "-m", "tests.crash.ledger_process", *map(str, arguments)]
        running.append(subprocess.Popen(command, cwd=PROJECT_ROOT, stdout=subprocess.PIPE, text=True))
        return running[-1]

    yield run
    for process in running:
        process.kill()
        process.communicate()


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    found = open_engine(database_url)
    yield found
    found.dispose()


def reader(folder: Path, engine: Engine) -> LedgerReader:
    files = TileFiles(folder)
    return LedgerReader(files, lambda: [SIGNER.key], ed25519, PostgresLedgerIndex(engine), files.widths)


def until(fact: Callable[[], bool], seconds: float = 100) -> None:
    end = time.monotonic() + seconds
    while not fact():
        assert time.monotonic() < end, "it took too long"
        time.sleep(0.02)


def size(folder: Path) -> int:
    note = TileFiles(folder).published()
    return int(note.split(b"\n")[1]) if note else 0


@pytest.mark.slow
def test_ten_thousand_appends_of_eight_processes(
    start: Start, database_url: str, engine: Engine, tmp_path: Path
) -> None:
    first = start("seal", database_url, tmp_path)
    assert first.stdout is not None
    assert first.stdout.readline() == "ready\n"
    start("seal", database_url, tmp_path)
    writers = [start("append", database_url, f"w{n}", EACH) for n in range(WRITERS)]
    until(lambda: size(tmp_path) > WRITERS * EACH // 4)
    first.kill()  # whoever sits there dies in the middle; the other one takes over
    for writer in writers:
        assert writer.wait(120) == 0
    until(lambda: size(tmp_path) == WRITERS * EACH)
    log = reader(tmp_path, engine)
    assert log.verify().checkpoint.size == WRITERS * EACH
    entries = log.entries(limit=WRITERS * EACH)
    counted = Counter(str(entry.event["id"]) for entry in entries)
    assert counted == Counter(f"evt-w{n}-{m:05}" for n in range(WRITERS) for m in range(EACH))
    for n in range(WRITERS):
        places = log.of_change(f"chg-w{n}")
        own = [json.loads(entries[place].data)["id"] for place in places if place is not None]
        assert own == [f"evt-w{n}-{m:05}" for m in range(EACH)]
    assert PostgresLedgerIndex(engine).backlog().count == 0


def test_an_event_is_provable_within_a_second(start: Start, database_url: str, engine: Engine, tmp_path: Path) -> None:
    worker = start("seal", database_url, tmp_path)
    assert worker.stdout is not None
    assert worker.stdout.readline() == "ready\n"
    assert "is written from here" in worker.stdout.readline()
    store, took = PostgresChangeStore(engine), list[float]()
    for n in range(20):
        time.sleep(0.02)
        started = time.monotonic()
        store.record([event(f"evt-{n}")])
        until(lambda: size(tmp_path) == n + 1)  # noqa: B023  # it is called in this round
        took.append(time.monotonic() - started)
    assert sorted(took)[10] < 0.5
    assert max(took) < 5  # on a machine that does other work


def test_a_restored_old_database_is_refused_and_nothing_is_changed(
    start: Start, database_url: str, postgres_url: str, engine: Engine, tmp_path: Path
) -> None:
    def sealed() -> int:
        worker = sealing(engine, tmp_path)
        assert worker.open()
        while worker._sequencer.step():
            pass
        worker._leave()
        return size(tmp_path)

    PostgresChangeStore(engine).record([event(f"evt-{n}") for n in range(3)])
    assert sealed() == 3
    engine.dispose()
    name = database_url.split("?")[0].rsplit("/", 1)[1]
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        until(lambda: not connection.execute("SELECT 1 FROM pg_stat_activity WHERE datname = %s", [name]).fetchall())
        connection.execute(f"CREATE DATABASE {name}_backup TEMPLATE {name}")
    PostgresChangeStore(engine).record([event(f"evt-{n}") for n in range(3, 6)])
    assert sealed() == 6
    restored = database_url.replace(f"/{name}?", f"/{name}_backup?")
    old = open_engine(restored)
    PostgresChangeStore(old).record([event("evt-after-the-restore")])
    with pytest.raises(LedgerError, match=r"The ledger's files are ahead of the database\."):
        sealing(old, tmp_path).open()
    with pytest.raises(LedgerError, match="Nothing was changed"):
        PostgresChangeStore(old).create(change(), [event("evt-new")])
    seen = ask(Probe("ledger", reader(tmp_path, old).health))
    assert seen.health is Health.DOWN
    assert "restore one that is at least as new" in seen.next
    assert size(tmp_path) == 6
    assert sealed() == 6  # the true database goes on
    old.dispose()
