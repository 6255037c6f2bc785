from __future__ import annotations

import threading
import time
from collections.abc import Callable

import pytest

from conductor_core.adapters.signing import ed25519
from conductor_core.errors import LedgerError, UnreachableError
from conductor_core.ports.log_store import Head
from conductor_core.services.sealing import Sealing
from conductor_core.services.sequencing import Sequencer
from tests.fakes.ledger import SIGNER, MemorySeat
from tests.fakes.log_store import MemoryLedgerRows, MemoryLogStore


class World:
    def __init__(self) -> None:
        self.files, self.rows, self.holder = MemoryLogStore(), MemoryLedgerRows(), list[MemorySeat]()

    def worker(self) -> tuple[Sealing, MemorySeat]:
        seat = MemorySeat(self.holder)
        return Sealing(Sequencer(self.files, self.rows, self.rows, SIGNER, ed25519), seat), seat


@pytest.fixture
def world() -> World:
    return World()


def until(fact: Callable[[], bool]) -> None:
    end = time.monotonic() + 20
    while not fact():
        assert time.monotonic() < end
        time.sleep(0.005)


def test_what_is_committed_becomes_provable_until_it_is_told_to_stop(world: World) -> None:
    worker, seat = world.worker()
    assert worker.open()
    assert seat.told == [None]
    stopping = threading.Event()
    thread = threading.Thread(target=worker.work, args=(stopping,))
    thread.start()
    for n in range(3):
        world.rows.put(b"%d" % n)
        until(lambda: world.rows.head() == Head(len(world.rows.entries), world.rows.head().root))  # type: ignore[union-attr]  # it has started
    stopping.set()
    thread.join(10)
    assert world.rows.placed == [0, 1, 2]
    assert world.holder == []


def test_a_second_worker_stands_by_and_takes_over(world: World) -> None:
    first, second = world.worker()[0], world.worker()[0]
    assert first.open()
    assert not second.open()
    stopping, later = threading.Event(), threading.Event()
    threads = [
        threading.Thread(target=first.work, args=(stopping,)),
        threading.Thread(target=second.work, args=(later,)),
    ]
    for thread in threads:
        thread.start()
    world.rows.put(b"a")
    until(lambda: len(world.rows.placed) == 1)
    stopping.set()
    threads[0].join(10)
    world.rows.put(b"b")
    until(lambda: len(world.rows.placed) == 2)
    later.set()
    threads[1].join(10)
    assert world.files.aside == []


def test_a_lost_seat_is_taken_again_and_the_log_read_anew(world: World) -> None:
    worker, seat = world.worker()
    worker.open()
    stopping = threading.Event()
    thread = threading.Thread(target=worker.work, args=(stopping,))
    thread.start()
    seat.error = UnreachableError("The ledger's seat was lost.")
    until(lambda: seat.error is None)
    world.rows.put(b"a")
    until(lambda: len(world.rows.placed) == 1)
    stopping.set()
    thread.join(10)
    assert len(seat.told) >= 2


def test_a_ledger_that_can_t_be_started_is_said_and_the_seat_left(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    worker, _ = world.worker()
    worker.open()
    world.rows.put(b"a", b"b")
    stopping = threading.Event()
    threading.Timer(0.2, stopping.set).start()
    worker.work(stopping)
    old = World()
    old.files = world.files  # the files of two entries beside a database that knows of none
    again, seat = old.worker()
    with pytest.raises(LedgerError, match="ahead of the database"):
        again.open()
    assert seat.told[0] is not None
    assert seat.told[0].what == "The ledger's files are ahead of the database."
    assert old.holder == []
    assert "nothing is changed until it is" in caplog.text


def test_a_group_that_can_t_be_written_ends_the_work(world: World) -> None:
    worker, _ = world.worker()
    worker.open()

    def full(act: str) -> None:
        if act == "write":
            raise LedgerError("The disk is full.")

    world.files.before = full
    world.rows.put(b"a")
    with pytest.raises(LedgerError, match="The disk is full"):
        worker.work(threading.Event())
    assert world.holder == []
    assert world.rows.placed == []


def test_a_database_that_does_not_answer_at_the_start_is_no_refusal(world: World) -> None:
    worker, seat = world.worker()
    seat.error = UnreachableError("It does not answer.")
    with pytest.raises(UnreachableError):
        worker.open()
    assert seat.told == []
    assert worker.open()
