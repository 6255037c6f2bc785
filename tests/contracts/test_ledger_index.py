"""Places in the ledger, in memory and in PostgreSQL."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta

import pytest

from conductor_core.adapters.postgres.change_store import PostgresChangeStore
from conductor_core.adapters.postgres.ledger_head import PostgresLedgerRows
from conductor_core.adapters.postgres.ledger_index import PostgresLedgerIndex
from conductor_core.domain.canonical import canonical_bytes
from conductor_core.domain.events import Event
from conductor_core.domain.ids import sortable_id
from conductor_core.ports.ledger_index import Backlog, LedgerIndex
from conductor_core.ports.log_store import Head
from tests.fakes.change_store import MemoryChangeStore
from tests.fakes.domain import NOW, event
from tests.fakes.ledger import MemoryLedgerIndex
from tests.fakes.log_store import MemoryLedgerRows


@dataclass
class World:
    index: LedgerIndex
    record: Callable[[list[Event]], None]
    seal: Callable[[int], None]


def at(minute: int, subject: str = "chg-01") -> Event:
    when = NOW + timedelta(minutes=minute)
    return replace(event(sortable_id("evt", when, minute.to_bytes(10, "big")), subject), time=when)


@pytest.fixture(params=["memory", pytest.param("postgres", marks=pytest.mark.postgres)])
def world(request: pytest.FixtureRequest) -> World:
    rows: MemoryLedgerRows | PostgresLedgerRows
    if request.param == "memory":
        memory, rows = MemoryChangeStore(), MemoryLedgerRows()

        def record(events: list[Event]) -> None:
            memory.record(events)
            rows_.put(*(canonical_bytes(e.envelope()) for e in events))

        rows_ = rows
        index: LedgerIndex = MemoryLedgerIndex(memory, rows)
    else:
        engine = request.getfixturevalue("engine")
        rows, record = PostgresLedgerRows(engine), PostgresChangeStore(engine).record
        index = PostgresLedgerIndex(engine)

    def seal(count: int) -> None:
        head = rows.head()
        size = head.size if head else 0
        rows.advance(head, Head(size + count, bytes([size + count]) * 32), [q.row for q in rows.queued(count)])

    return World(index, record, seal)


def test_a_subject_s_events_and_their_places(world: World) -> None:
    world.record([at(0), at(1, "chg-02"), at(2), at(3)])
    world.seal(0)
    assert list(world.index.of_subject("chg-01")) == [None, None, None]
    world.seal(3)
    assert list(world.index.of_subject("chg-01")) == [0, 2, None]
    assert list(world.index.of_subject("chg-02")) == [1]
    assert list(world.index.of_subject("chg-03")) == []


def test_a_period_is_a_range_of_places(world: World) -> None:
    world.record([at(minute) for minute in range(6)])
    world.seal(0)
    world.seal(5)
    between = world.index.between
    assert between(NOW + timedelta(minutes=1), NOW + timedelta(minutes=3)) == range(1, 3)
    assert between(NOW, NOW + timedelta(days=1)) == range(5)
    assert between(NOW + timedelta(minutes=5), NOW + timedelta(days=1)) == range(0)
    assert between(NOW - timedelta(days=1), NOW) == range(0)


def test_the_backlog_counts_what_waits(world: World) -> None:
    assert world.index.backlog() == Backlog(0, None)
    world.record([at(0), at(1), at(2)])
    world.seal(0)
    world.seal(1)
    assert world.index.backlog() == Backlog(2, NOW + timedelta(minutes=1))
    world.seal(2)
    assert world.index.backlog() == Backlog(0, None)
    assert world.index.refusal() is None
