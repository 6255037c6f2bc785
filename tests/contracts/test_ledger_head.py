"""What the ledger's side of the database must do, in memory and in PostgreSQL: one history, whoever else writes."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass

import pytest
from sqlalchemy import Engine

from conductor_core.adapters.postgres.change_store import PostgresChangeStore
from conductor_core.adapters.postgres.ledger_head import PostgresLedgerRows
from conductor_core.domain.canonical import canonical_bytes
from conductor_core.errors import ConflictError
from conductor_core.ports.log_store import Head
from tests.fakes.domain import event
from tests.fakes.log_store import MemoryLedgerRows

EMPTY, TWO, THREE = (Head(size, bytes([size]) * 32) for size in (0, 2, 3))
EVENTS = [event(f"evt-{n}", text="é\u2028") for n in range(4)]
ENTRIES = [canonical_bytes(each.envelope()) for each in EVENTS]


@dataclass
class Side:
    rows: PostgresLedgerRows | MemoryLedgerRows
    put: Callable[[int], None]

    def waiting(self, limit: int = 100) -> list[bytes]:
        return [queued.entry for queued in self.rows.queued(limit)]


@pytest.fixture(params=["memory", pytest.param("postgres", marks=pytest.mark.postgres)])
def side(request: pytest.FixtureRequest) -> Side:
    if request.param == "memory":
        memory = MemoryLedgerRows()
        return Side(memory, lambda n: memory.put(ENTRIES[n]))
    engine: Engine = request.getfixturevalue("engine")
    store = PostgresChangeStore(engine)
    return Side(PostgresLedgerRows(engine), lambda n: store.record([EVENTS[n]]))


def test_a_log_that_was_never_started_has_no_head(side: Side) -> None:
    assert side.rows.head() is None
    assert side.waiting() == []
    side.rows.advance(None, EMPTY, ())
    assert side.rows.head() == EMPTY
    with pytest.raises(ConflictError):
        side.rows.advance(None, TWO, ())
    assert side.rows.head() == EMPTY


def test_entries_wait_in_order_with_the_bytes_that_were_committed(side: Side) -> None:
    for n in range(4):
        side.put(n)
    assert side.waiting() == ENTRIES
    assert side.waiting(3) == ENTRIES[:3]
    assert side.waiting(0) == []


def test_advancing_takes_rows_out_of_the_queue(side: Side) -> None:
    for n in range(3):
        side.put(n)
    side.rows.advance(None, EMPTY, ())
    side.rows.advance(EMPTY, TWO, [queued.row for queued in side.rows.queued(2)])
    assert side.rows.head() == TWO
    assert side.waiting() == ENTRIES[2:3]
    side.put(3)
    assert side.waiting() == ENTRIES[2:]


def test_another_head_is_a_conflict_and_changes_nothing(side: Side) -> None:
    side.put(0)
    side.rows.advance(None, EMPTY, ())
    row = side.rows.queued(1)[0].row
    for wrong in (TWO, Head(0, b"\xff" * 32)):
        with pytest.raises(ConflictError):
            side.rows.advance(wrong, THREE, [row])
    assert side.rows.head() == EMPTY
    assert side.waiting() == ENTRIES[:1]


def test_the_newest_claim_alone_advances(side: Side) -> None:
    assert side.rows.claim() == 0, "there is nothing to claim before the first head"
    side.rows.advance(None, EMPTY, (), 0)
    first = side.rows.claim()
    side.rows.advance(EMPTY, TWO, (), first)
    second = side.rows.claim()
    assert second > first
    for late in (0, first):
        with pytest.raises(ConflictError):
            side.rows.advance(TWO, THREE, (), late)
    assert side.rows.head() == TWO
    side.rows.advance(TWO, THREE, (), second)
    assert side.rows.head() == THREE


def test_a_row_gets_one_index(side: Side) -> None:
    for n in range(2):
        side.put(n)
    first, second = (queued.row for queued in side.rows.queued(2))
    side.rows.advance(None, EMPTY, ())
    side.rows.advance(EMPTY, Head(1, bytes(32)), [first])
    with pytest.raises(ConflictError):
        side.rows.advance(Head(1, bytes(32)), THREE, [second, first])
    assert side.rows.head() == Head(1, bytes(32))
    assert side.waiting() == ENTRIES[1:2]


@pytest.mark.postgres
def test_indexes_follow_the_order_of_the_group(engine: Engine) -> None:
    store, rows = PostgresChangeStore(engine), PostgresLedgerRows(engine)
    store.record(EVENTS)
    queued = [each.row for each in rows.queued(4)]
    rows.advance(None, TWO, ())
    rows.advance(TWO, Head(6, bytes(32)), [queued[2], queued[0], queued[3], queued[1]])
    with engine.connect() as connection:
        found = connection.exec_driver_sql("SELECT id, ledger_index FROM events ORDER BY ledger_index").all()
    assert [tuple(row) for row in found] == [("evt-2", 2), ("evt-0", 3), ("evt-3", 4), ("evt-1", 5)]


@pytest.mark.postgres
def test_of_two_sequencers_one_advances(engine: Engine) -> None:
    rows = PostgresLedgerRows(engine)
    rows.advance(None, EMPTY, ())
    won: list[int] = []

    def advance(n: int) -> None:
        try:
            PostgresLedgerRows(engine).advance(EMPTY, Head(n, bytes([n]) * 32), ())
            won.append(n)
        except ConflictError:
            pass

    threads = [threading.Thread(target=advance, args=(n,)) for n in range(1, 9)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert len(won) == 1
    assert rows.head() == Head(won[0], bytes(won) * 32)


@pytest.mark.postgres
def test_a_whole_group_of_the_largest_size_is_indexed(engine: Engine) -> None:
    rows = PostgresLedgerRows(engine)
    with engine.begin() as connection:
        connection.exec_driver_sql(
            "INSERT INTO events (id, type, subject, envelope) SELECT 'e' || n, 't', 's', '{}' "
            "FROM generate_series(1, 65536) AS n"
        )
    queued = rows.queued(65_536)
    rows.advance(None, EMPTY, ())
    rows.advance(EMPTY, Head(65_536, bytes(32)), [each.row for each in queued])
    assert rows.queued(1) == []
