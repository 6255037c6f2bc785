"""What every `Workflows` keeps to, asked of the fake and of DBOS on the embedded PostgreSQL."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import pytest

from conductor_core.adapters.dbos_workflows import DbosWorkflows, migrate, serve
from conductor_core.errors import UnreachableError
from conductor_core.ports.workflows import Workflows
from tests.fakes.workflows import FakeWorkflows

Done = list[tuple[str, str]]
NOTHING = {"plans.queued": 0, "plans.running": 0, "changes.queued": 0, "changes.running": 0}


class Queue:
    """A `Workflows` and a way to have all its work done."""

    def __init__(self, workflows: Workflows, work: Callable[[int], Done]) -> None:
        self.workflows = workflows
        self.work = work


@pytest.fixture(params=["fake", pytest.param("dbos", marks=pytest.mark.postgres)])
def queue(request: pytest.FixtureRequest) -> Iterator[Queue]:
    done: Done = []
    plan, execute = (lambda c: done.append(("plan", c))), (lambda c: done.append(("execute", c)))
    if request.param == "fake":
        fake = FakeWorkflows()

        def at_once(_: int) -> Done:
            fake.work(plan, execute)
            return done

        yield Queue(fake, at_once)
        return
    url = request.getfixturevalue("database_url")
    migrate(url)
    workflows = DbosWorkflows(url)

    def by_a_worker(expected: int) -> Done:
        with serve(url, plan, execute, executor_id="tester", concurrency=4):
            deadline = time.monotonic() + 20
            while time.monotonic() < deadline and (len(done) < expected or workflows.depth() != NOTHING):
                time.sleep(0.05)
        return done

    yield Queue(workflows, by_a_worker)
    workflows.close()


def test_what_is_enqueued_is_done_by_its_handler(queue: Queue) -> None:
    queue.workflows.plan("chg_1", "plan:chg_1:1")
    queue.workflows.execute("chg_1", "release/a@dev", "execute:chg_1:1")
    assert sorted(queue.work(2)) == [("execute", "chg_1"), ("plan", "chg_1")]
    assert queue.workflows.depth() == NOTHING


def test_one_key_is_enqueued_once_for_ever(queue: Queue) -> None:
    for _ in range(3):
        queue.workflows.plan("chg_1", "plan:chg_1:1")
        queue.workflows.execute("chg_1", "a", "execute:chg_1:1")
    assert queue.workflows.depth() == {**NOTHING, "plans.queued": 1, "changes.queued": 1}
    assert len(queue.work(2)) == 2
    queue.workflows.plan("chg_1", "plan:chg_1:1")
    queue.workflows.execute("chg_1", "a", "execute:chg_1:1")
    assert len(queue.work(2)) == 2
    queue.workflows.plan("chg_1", "plan:chg_1:2")
    assert len(queue.work(3)) == 3


def test_work_on_one_target_keeps_its_order(queue: Queue) -> None:
    for number in range(4):
        queue.workflows.execute(f"chg_{number}", "release/a@dev", f"execute:{number}")
        time.sleep(0.002)
    assert queue.work(4) == [("execute", f"chg_{number}") for number in range(4)]


def test_a_queue_that_cannot_be_written_is_unreachable() -> None:
    workflows = DbosWorkflows("postgresql://nobody:canary@127.0.0.1:1/none")
    fake = FakeWorkflows()
    fake.error = UnreachableError("The queue is away.")
    queues: list[Workflows] = [workflows, fake]
    for queue in queues:
        acts: list[Callable[[Workflows], object]] = [
            lambda q: q.plan("c", "k"),
            lambda q: q.execute("c", "t", "k"),
            lambda q: q.depth(),
        ]
        for act in acts:
            with pytest.raises(UnreachableError) as caught:
                act(queue)
            assert "canary" not in str(caught.value.diagnostics())
    workflows.close()


@pytest.mark.postgres
def test_a_database_without_the_queue_is_unreachable_and_says_what_to_do(database_url: str) -> None:
    workflows = DbosWorkflows(database_url)
    with pytest.raises(UnreachableError) as caught:
        workflows.plan("chg_1", "k")
    assert "start it once" in caught.value.next
    workflows.close()
