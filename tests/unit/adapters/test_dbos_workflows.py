"""Workers as real processes on the embedded PostgreSQL: order, side by side, kill -9, take-over, stop."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path

import psycopg
import pytest

from conductor_core.adapters.dbos_workflows import DbosWorkflows, identity, migrate, serve
from conductor_core.adapters.dbos_workflows import serving as serving_module
from conductor_core.errors import ConflictError, StateError, UnreachableError
from conductor_core.settings import PROJECT_ROOT

pytestmark = pytest.mark.postgres

WORKER = """
import os, signal, sys, threading, time
from conductor_core.adapters.dbos_workflows import identity, serve
from conductor_core.errors import UnreachableError
url, folder, executor, grace = sys.argv[1:]
identity.WATCH = 0.5
def say(word, change):
    with open(f"{folder}/log", "a") as log:
        log.write(f"{word} {change} {executor} {time.time()}\\n")
def handle(change):
    say("begin", change)
    if change.startswith("away"):
        raise UnreachableError("The cluster is away.")
    time.sleep(0.5 if change.startswith("short") else 600 if os.path.exists(f"{folder}/hang") else 0.1)
    say("end", change)
stop = threading.Event()
signal.signal(signal.SIGTERM, lambda *_: stop.set())
with serve(url, handle, handle, executor_id=executor, concurrency=4, grace=float(grace)) as serving:
    print("ready", flush=True)
    stop.wait()
print("left", *serving.running(), flush=True)
os._exit(0)
"""


class Workers:
    """Starts workers and reads what their handlers did."""

    def __init__(self, url: str, folder: Path) -> None:
        self.url, self.folder = url, folder
        self.started: list[subprocess.Popen[str]] = []
        self.queue = DbosWorkflows(url)

    def start(self, executor: str = "one", grace: float = 10) -> subprocess.Popen[str]:
        worker = subprocess.Popen(
            [sys.executable, "-c", WORKER, self.url, str(self.folder), executor, str(grace)],
            cwd=PROJECT_ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        )  # fmt: skip
        self.started.append(worker)
        assert worker.stdout is not None
        assert worker.stdout.readline() == "ready\n"
        return worker

    def hang(self, yes: bool) -> None:
        mark = self.folder / "hang"
        mark.touch() if yes else mark.unlink()

    def lines(self, word: str) -> list[tuple[str, str, float]]:
        log = self.folder / "log"
        rows = [line.split() for line in log.read_text().splitlines()] if log.exists() else []
        return [(row[1], row[2], float(row[3])) for row in rows if row[0] == word]

    def wait(self, word: str, count: int, seconds: float = 20) -> list[tuple[str, str, float]]:
        until(lambda: len(self.lines(word)) >= count, seconds)
        return self.lines(word)

    def rest(self) -> None:
        until(lambda: not any(self.queue.depth().values()), 20)


def until(true: Callable[[], bool], seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.05)


@pytest.fixture
def workers(database_url: str, tmp_path: Path) -> Iterator[Workers]:
    migrate(database_url)
    workers = Workers(database_url, tmp_path)
    yield workers
    workers.queue.close()
    for worker in workers.started:
        worker.kill()
        worker.communicate()


def test_one_target_one_after_the_other_and_two_targets_side_by_side(workers: Workers) -> None:
    for change, target in (("short_a1", "a"), ("short_a2", "a"), ("short_b1", "b")):
        workers.queue.execute(change, target, f"execute:{change}")
    workers.start()
    ends = {change: at for change, _, at in workers.wait("end", 3)}
    begins = {change: at for change, _, at in workers.lines("begin")}
    assert ends["short_a1"] <= begins["short_a2"]
    assert begins["short_b1"] < ends["short_a1"]
    assert begins["short_a1"] < ends["short_b1"]


@pytest.mark.slow
def test_a_target_is_locked_across_workers(workers: Workers) -> None:
    workers.start("one")
    workers.start("two")
    for number in range(6):
        workers.queue.execute(f"short_{number}", "a", f"execute:{number}")
    spans = sorted(zip((b[2] for b in workers.wait("begin", 6)), (e[2] for e in workers.wait("end", 6)), strict=True))
    assert all(end <= begin for (_, end), (begin, _) in pairwise(spans))


@pytest.mark.crash
@pytest.mark.slow
def test_after_kill_9_the_same_worker_is_called_again_for_what_it_left_and_only_that(workers: Workers) -> None:
    worker = workers.start()
    workers.queue.execute("done", "a", "execute:done")
    workers.wait("end", 1)
    workers.rest()
    workers.hang(True)
    workers.queue.execute("left", "a", "execute:left")
    workers.queue.execute("next", "a", "execute:next")
    workers.wait("begin", 2)
    worker.kill()
    worker.wait()
    assert workers.queue.depth()["changes.running"] == 1
    workers.hang(False)
    workers.start()
    workers.wait("end", 3)
    workers.rest()
    assert [change for change, _, _ in workers.lines("begin")] == ["done", "left", "left", "next"]
    assert [change for change, _, _ in workers.lines("end")] == ["done", "left", "next"]


@pytest.mark.crash
@pytest.mark.slow
def test_the_work_of_a_dead_worker_is_taken_over_and_that_of_a_living_one_is_not(workers: Workers) -> None:
    one = workers.start("one")
    workers.hang(True)
    workers.queue.execute("left", "a", "execute:left")
    workers.wait("begin", 1)
    workers.start("two")
    time.sleep(1.5)
    assert len(workers.lines("begin")) == 1
    workers.hang(False)
    one.kill()
    assert [(change, by) for change, by, _ in workers.wait("end", 1)] == [("left", "two")]
    assert [(change, by) for change, by, _ in workers.lines("begin")] == [("left", "one"), ("left", "two")]


def test_a_worker_that_stops_lets_its_work_end(workers: Workers) -> None:
    worker = workers.start()
    workers.queue.execute("short", "a", "execute:short")
    workers.wait("begin", 1)
    worker.send_signal(signal.SIGTERM)
    said, _ = worker.communicate(timeout=20)
    assert said == "left\n"
    assert len(workers.lines("end")) == 1
    assert not any(workers.queue.depth().values())


@pytest.mark.slow
def test_a_worker_whose_grace_is_over_leaves_the_work_to_the_next(workers: Workers) -> None:
    worker = workers.start(grace=0.5)
    workers.hang(True)
    workers.queue.execute("left", "a", "execute:left")
    workers.wait("begin", 1)
    worker.send_signal(signal.SIGTERM)
    said, _ = worker.communicate(timeout=20)
    assert said.splitlines()[-1] == "left left"
    workers.hang(False)
    workers.start()
    assert len(workers.wait("end", 1)) == 1
    assert len(workers.lines("begin")) == 2


@pytest.mark.slow
def test_a_worker_that_stops_while_it_waits_to_try_again_leaves_the_work(workers: Workers) -> None:
    worker = workers.start()
    workers.queue.execute("away", "a", "execute:away")
    workers.wait("begin", 1)
    worker.send_signal(signal.SIGTERM)
    said, _ = worker.communicate(timeout=20)
    assert said.splitlines()[-1] == "left"
    assert workers.queue.depth()["changes.running"] == 1
    workers.start()
    workers.wait("begin", 2)


def test_dbos_is_silent_when_all_is_well(workers: Workers) -> None:
    worker = workers.start()
    workers.queue.plan("plan", "plan:1")
    workers.wait("end", 1)
    workers.rest()
    worker.send_signal(signal.SIGTERM)
    said, _ = worker.communicate(timeout=20)
    assert said == "left\n"


def test_transient_errors_are_tried_again_and_others_are_not(
    database_url: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(serving_module, "RETRY_FIRST", 0.05)
    calls: list[str] = []

    def plan(change: str) -> None:
        calls.append(change)
        if change == "bad":
            raise ValueError("a secret: canary-secret")
        if calls.count(change) < 3:
            raise UnreachableError("The cluster is away.")

    migrate(database_url)
    queue = DbosWorkflows(database_url)
    queue.plan("away", "plan:away")
    queue.plan("bad", "plan:bad")
    with serve(database_url, plan, plan, executor_id="one", concurrency=2):
        until(lambda: not any(queue.depth().values()), 20)
    queue.close()
    assert (calls.count("away"), calls.count("bad")) == (3, 1)
    assert "plans of bad failed" in caplog.text
    with psycopg.connect(database_url) as connection:
        rows = connection.execute(
            "SELECT status, error::text FROM dbos.workflow_status ORDER BY workflow_uuid"
        ).fetchall()
        stored = connection.execute(
            "SELECT s::text, o::text FROM dbos.workflow_status s, dbos.operation_outputs o"
        ).fetchall()
    assert [row[0] for row in rows] == ["SUCCESS", "ERROR"]
    assert "canary-secret" not in str(rows) + str(stored)


def test_two_living_workers_cannot_share_an_id(workers: Workers, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(identity, "LOCK_PATIENCE", 0.3)
    workers.start("one")
    with (
        pytest.raises(ConflictError, match="id one is alive"),
        serve(workers.url, print, print, executor_id="one", concurrency=1),
    ):
        pass
    with (
        serve(workers.url, print, print, executor_id="two", concurrency=1),
        pytest.raises(StateError),
        serve(workers.url, print, print, executor_id="three", concurrency=1),
    ):
        pass


def test_a_worker_without_its_database_says_so() -> None:
    with (
        pytest.raises(UnreachableError) as caught,
        serve("postgresql+psycopg://u:canary@127.0.0.1:1/none", print, print, executor_id="one", concurrency=1),
    ):
        pass
    assert "canary" not in str(caught.value.diagnostics())


def test_a_lost_connection_of_the_lock_is_made_again(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(identity, "WATCH", 0.2)
    held = (
        "SELECT pid FROM pg_locks JOIN pg_database ON pg_database.oid = database "
        "WHERE locktype = 'advisory' AND granted AND datname = current_database()"
    )
    with (
        serve(database_url, print, print, executor_id="one", concurrency=1),
        psycopg.connect(database_url, autocommit=True) as connection,
    ):
        (pid,) = connection.execute(held).fetchone() or (0,)
        connection.execute("SELECT pg_terminate_backend(%s)", (pid,))
        until(lambda: (connection.execute(held).fetchone() or (pid,))[0] != pid, 10)


def test_what_runs_is_told_while_it_runs(database_url: str) -> None:
    go, seen = threading.Event(), threading.Event()

    def plan(_: str) -> None:
        seen.set()
        go.wait(10)

    migrate(database_url)
    queue = DbosWorkflows(database_url)
    queue.plan("chg_1", "plan:1")
    with serve(database_url, plan, plan, executor_id="one", concurrency=1) as serving:
        assert seen.wait(10)
        assert serving.running() == ["chg_1"]
        assert queue.depth()["plans.running"] == 1
        go.set()
    assert serving.running() == []
    queue.close()
