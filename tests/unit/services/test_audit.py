"""The explorer's service: questions, parameters, limits; and the projector that keeps what is asked up to date."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from conductor_core.adapters.duckdb_audit.child import opened
from conductor_core.adapters.duckdb_audit.published import read
from conductor_core.adapters.duckdb_audit.reader import DuckdbAuditDatabase
from conductor_core.adapters.duckdb_audit.statements import parsed
from conductor_core.adapters.duckdb_audit.writer import DuckdbAuditBuilder
from conductor_core.adapters.file_locks import FileLocks
from conductor_core.domain.changes import State
from conductor_core.errors import ConflictError, InputError, NotFoundError, StorageError, UnreachableError
from conductor_core.ports.audit_database import Answer, Limits, Position
from conductor_core.services.audit import MOST, bind, within
from conductor_core.services.audit_projector import LOCK, AuditProjector
from tests.fakes.audit import Canned, audit_on
from tests.fakes.conductor import FakeConductor, build

ANSWER = Answer(("a",), ("INTEGER",), ((1,),), 0.0, Position())


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, FakeConductor]:
    home = tmp_path_factory.mktemp("built")
    conductor = build(home)
    for state in State:
        conductor.settled(state)
    projector(home, conductor).catch_up()
    return home / "audit", conductor


def projector(home: Path, conductor: FakeConductor, sealed: int = 1 << 40) -> AuditProjector:
    builder = DuckdbAuditBuilder(home / "audit")
    return AuditProjector(conductor.store, builder, FileLocks(home / "locks"), lambda: sealed, chunk=10)


@contextmanager
def locked(folder: Path) -> Iterator[object]:
    made = read(folder)
    assert made is not None
    with opened(made.files(folder), made.views()) as db:
        yield db


SAVED = audit_on(Canned(ANSWER)).questions()[0]


@pytest.mark.parametrize("name", [question.name for question in SAVED])
def test_every_saved_question_is_taken_and_answers(built: tuple[Path, FakeConductor], name: str) -> None:
    question = audit_on(Canned()).question(name)
    assert question.title
    assert question.question.endswith(("?", "?)", "(There must be none.)", "(There should be none.)"))
    with locked(built[0]) as db:
        answer = db.execute(parsed(db, question.sql)[0], bind(question, {}) or None)  # type: ignore[attr-defined, arg-type]  # a DuckDB connection
        columns = [d[0] for d in answer.description]
    for column in filter(None, (question.chart.x, *question.chart.y, question.chart.color)):
        assert column in columns, f"{name} draws {column}, which it doesn't select"
    assert question.chart.kind == "none" or question.chart.y


def test_there_are_at_least_ten_good_questions() -> None:
    found, problems = audit_on(Canned()).questions()
    assert len(found) >= 10
    assert problems == []


def test_values_of_parameters_are_checked() -> None:
    audit, database = audit_on(Canned(ANSWER)), Canned(ANSWER)
    question = audit.question("lead_time")
    assert bind(question, {}) == {"days": 30}
    assert bind(question, {"days": "90"}) == {"days": 90}
    for bad in ({"days": "many"}, {"weeks": 3}, {"days": "1e3"}, {"days": None}):
        with pytest.raises(InputError):
            bind(question, bad)
    audit_on(database).ask_question("lead_time", {"days": 7}, Limits(rows=5))
    assert database.asked[0][2] == {"days": 7}
    with pytest.raises(NotFoundError, match="no question 'gone'"):
        audit.question("gone")
    with pytest.raises(InputError):
        audit.ask("  ")
    with pytest.raises(InputError):
        audit.ask("SELECT 1", given={"x": [1]})


def test_limits_have_a_ceiling() -> None:
    assert within(Limits(9999, 10**9, 10**12)) == MOST
    assert within(Limits(1, 2, 3)) == Limits(1, 2, 3)
    for bad in (Limits(seconds=0), Limits(rows=0), Limits(size=-1), Limits(seconds=float("nan"))):
        with pytest.raises(InputError):
            within(bad)


def test_what_is_recorded_can_be_asked(built: tuple[Path, FakeConductor], tmp_path: Path) -> None:
    conductor = build(tmp_path)
    carrier = projector(tmp_path, conductor)
    conductor.settled(State.SUCCEEDED)
    at = carrier.catch_up()
    assert at.events == len(conductor.store.events(limit=1000))
    conductor.settled(State.FAILED)
    assert carrier.catch_up().events == len(conductor.store.events(limit=1000))
    answer = audit_on(DuckdbAuditDatabase(tmp_path / "audit")).ask("SELECT state FROM changes ORDER BY 1")
    assert answer.rows == (("failed",), ("succeeded",))
    assert answer.position.events == at.events + 11 or answer.position.events > at.events


def test_deleting_the_files_loses_nothing(built: tuple[Path, FakeConductor], tmp_path: Path) -> None:
    folder, conductor = built
    carrier = projector(tmp_path, conductor)
    before = carrier.catch_up()
    for path in (tmp_path / "audit").iterdir():
        path.unlink()
    assert carrier.catch_up() == before
    with locked(folder) as one, locked(tmp_path / "audit") as other:
        sql = "SELECT * FROM changes ORDER BY id"
        assert one.execute(sql).fetchall() == other.execute(sql).fetchall()  # type: ignore[attr-defined]  # DuckDB connections


def test_rebuild_tells_how_far_it_is(built: tuple[Path, FakeConductor], tmp_path: Path) -> None:
    conductor = built[1]
    carrier = projector(tmp_path, conductor)
    carrier.catch_up()
    told: list[int] = []
    done = carrier.rebuild(lambda at: told.append(at.events))
    assert told == sorted(told)
    assert told[-1] == done.events == len(conductor.store.events(limit=1000))


def test_one_at_a_time(built: tuple[Path, FakeConductor], tmp_path: Path) -> None:
    carrier = projector(tmp_path, built[1])
    with FileLocks(tmp_path / "locks").hold(LOCK, 0.0):
        with pytest.raises(ConflictError):
            carrier.catch_up()
        assert "The lock audit is held." in audit_on(Canned(ANSWER), carrier).catch_up(0.0)
    assert audit_on(Canned(ANSWER), carrier).catch_up() == ""


@pytest.mark.slow
def test_the_thread_survives_what_fails_and_an_event_can_be_asked_within_a_second(tmp_path: Path) -> None:
    conductor = build(tmp_path)
    failing = [True]

    def before(_: str) -> None:
        if failing[0]:
            raise UnreachableError("The database does not answer.", next="Wait.")

    carrier, stopping = projector(tmp_path, conductor), threading.Event()
    conductor.memory.before = before
    thread = threading.Thread(target=carrier.run, args=(stopping, 0.05))
    thread.start()
    try:
        time.sleep(0.4)
        assert read(tmp_path / "audit") is None
        failing[0] = False
        for state in (State.SUCCEEDED, State.FAILED):
            conductor.settled(state)
            count, until = len(conductor.store.events(limit=1000)), time.monotonic() + 10
            while (made := read(tmp_path / "audit")) is None or made.position.events < count:
                assert time.monotonic() < until
                time.sleep(0.02)
    finally:
        stopping.set()
        thread.join()


def test_a_full_disk_is_said_and_mended(tmp_path: Path, built: tuple[Path, FakeConductor]) -> None:
    (tmp_path / "audit").write_text("in the way")
    carrier = projector(tmp_path, built[1])
    with pytest.raises(StorageError, match="can't be written"):
        carrier.catch_up()
    (tmp_path / "audit").unlink()
    assert carrier.catch_up().events > 0
