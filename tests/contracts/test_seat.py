"""The sequencer's seat, in memory and in PostgreSQL: one holder, free when it dies; its word closes the doors."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator

import psycopg
import pytest
from sqlalchemy import Engine

from conductor_core.adapters.postgres.change_store import PostgresChangeStore
from conductor_core.adapters.postgres.engine import open_engine
from conductor_core.adapters.postgres.ledger_index import PostgresLedgerIndex
from conductor_core.adapters.postgres.seat import PostgresSeat
from conductor_core.errors import Diagnostics, LedgerError, UnreachableError
from conductor_core.ports.seat import Seat
from tests.fakes.domain import change, event
from tests.fakes.ledger import MemorySeat

WHY = Diagnostics("The ledger's files are ahead.", "Old database.", "Restore a newer one.")


@pytest.fixture(params=["memory", pytest.param("postgres", marks=pytest.mark.postgres)])
def seats(request: pytest.FixtureRequest) -> Iterator[Callable[[], Seat]]:
    made: list[Seat] = []
    holder: list[MemorySeat] = []

    def make() -> Seat:
        memory = request.param == "memory"
        made.append(MemorySeat(holder) if memory else PostgresSeat(request.getfixturevalue("engine")))
        return made[-1]

    yield make
    for seat in made:
        seat.leave()


def test_one_sits_and_the_next_follows(seats: Callable[[], Seat]) -> None:
    first, second = seats(), seats()
    assert first.take()
    assert first.take()
    assert not second.take()
    second.leave()
    assert not second.take()
    first.leave()
    first.leave()
    assert second.take()
    assert not first.take()


def test_waiting_ends(seats: Callable[[], Seat]) -> None:
    seat = seats()
    assert seat.take()
    started = time.monotonic()
    seat.wait(0.05)
    assert time.monotonic() - started < 5


@pytest.mark.postgres
def test_a_commit_wakes_whoever_waits(engine: Engine) -> None:
    seat, store = PostgresSeat(engine), PostgresChangeStore(engine)
    assert seat.take()
    store.record([event("evt-0")])
    started = time.monotonic()
    seat.wait(20)  # it was committed after the seat was taken
    later = threading.Timer(0.2, lambda: store.record([event("evt-1")]))
    later.start()
    seat.wait(20)
    assert time.monotonic() - started < 10
    later.join()
    seat.leave()


@pytest.mark.postgres
def test_a_holder_that_dies_leaves_the_seat(database_url: str, engine: Engine) -> None:
    other = open_engine(database_url)
    lost, next_ = PostgresSeat(other), PostgresSeat(engine)
    assert lost.take()
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND objid = %s AND granted",
            [0x4D43_0003],
        )
    with pytest.raises(UnreachableError):
        lost.wait(5)
    assert next_.take()
    with pytest.raises(UnreachableError):
        lost.wait(5)
    assert not lost.take()
    next_.leave()
    assert lost.take()
    lost.leave()
    other.dispose()


@pytest.mark.postgres
def test_while_the_ledger_refuses_nothing_is_changed(engine: Engine) -> None:
    seat, store, index = PostgresSeat(engine), PostgresChangeStore(engine), PostgresLedgerIndex(engine)
    seat.refuse(Diagnostics("something else", "", ""))
    seat.refuse(WHY)
    assert index.refusal() == WHY
    with pytest.raises(LedgerError, match=r"Nothing was changed: The ledger's files are ahead\.") as refused:
        store.create(change(), [event("evt-0")])
    assert (refused.value.why, refused.value.next) == (WHY.why, WHY.next)
    with pytest.raises(LedgerError):
        store.record([event("evt-1")])
    assert store.events() == []
    with pytest.raises(Exception, match="There is no Change"):
        store.get("chg-01")
    seat.refuse(None)
    seat.refuse(None)
    assert index.refusal() is None
    store.create(change(), [event("evt-0")])
    assert len(store.events()) == 1
