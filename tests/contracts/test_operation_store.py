"""What every store of operations must do: a row before dispatch and after, each with its event, and one dispatch."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta

import pytest
from sqlalchemy import Engine, text

from conductor_core.adapters.postgres.change_store import PostgresChangeStore
from conductor_core.adapters.postgres.operation_store import PostgresOperationStore
from conductor_core.domain.actors import SYSTEM
from conductor_core.domain.operations import Operation, OperationState
from conductor_core.errors import ConflictError, InputError, NotFoundError, StorageError
from conductor_core.ports.change_store import ChangeStore
from conductor_core.ports.operation_store import OperationStore
from tests.fakes.change_store import MemoryChangeStore
from tests.fakes.clock import SteppingClock
from tests.fakes.domain import NOW
from tests.fakes.operation_store import MemoryOperationStore

REQUEST: dict[str, object] = {"release": "api", "values": {"b": 1, "a": [0.5, None]}}
STARTED = Operation("chg-1", "helm", "helm.upgrade", REQUEST, OperationState.STARTED, NOW)
DONE = STARTED.finished(OperationState.SUCCEEDED, {"revision": 4, "took": 1.25}, NOW + timedelta(seconds=3))


@dataclass
class Room:
    operations: OperationStore
    changes: ChangeStore

    def facts(self, change_id: str = "chg-1") -> list[str]:
        kinds = [row.event.type for row in self.changes.events(change_id)]
        return [kind.removeprefix("conductor.operation.").removesuffix(".v1") for kind in kinds]


@pytest.fixture(params=["memory", pytest.param("postgres", marks=pytest.mark.postgres)])
def room(request: pytest.FixtureRequest) -> Room:
    if request.param == "memory":
        changes = MemoryChangeStore()
        return Room(MemoryOperationStore(changes, SteppingClock()), changes)
    engine: Engine = request.getfixturevalue("engine")
    return Room(PostgresOperationStore(engine, SteppingClock()), PostgresChangeStore(engine))


def test_a_row_is_begun_once(room: Room) -> None:
    assert room.operations.begin(STARTED) is None
    assert room.operations.begin(replace(STARTED, kind="other", request={})) == STARTED
    assert room.operations.of("chg-1") == [STARTED]
    assert room.facts() == ["started"]


def test_it_ends_once_and_the_same_ending_twice_is_one(room: Room) -> None:
    room.operations.begin(STARTED)
    room.operations.finish(DONE)
    room.operations.finish(DONE)
    assert room.operations.begin(STARTED) == DONE
    with pytest.raises(ConflictError):
        room.operations.finish(STARTED.finished(OperationState.FAILED, {}, NOW))
    assert room.operations.of("chg-1") == [DONE]
    assert room.facts() == ["started", "succeeded"]


@pytest.mark.parametrize("state", [OperationState.FAILED, OperationState.UNKNOWN])
def test_every_ending_has_its_event(room: Room, state: OperationState) -> None:
    room.operations.begin(STARTED)
    room.operations.finish(STARTED.finished(state, {"why": "timeout"}, NOW))
    event = room.changes.events("chg-1")[-1].event
    assert event.type == f"conductor.operation.{state.value}.v1"
    assert event.actor == SYSTEM.key
    assert event.time == NOW
    assert {k: event.data[k] for k in ("key", "kind", "dispatches")} == {
        "key": "helm",
        "kind": "helm.upgrade",
        "dispatches": 1,
    }


def test_a_second_dispatch_is_counted_once_by_whoever_read_the_row(room: Room) -> None:
    room.operations.begin(STARTED)
    room.operations.again(STARTED)
    with pytest.raises(ConflictError):
        room.operations.again(STARTED)
    twice = replace(STARTED, dispatches=2)
    assert room.operations.of("chg-1") == [twice]
    room.operations.again(twice)
    assert room.operations.of("chg-1") == [replace(STARTED, dispatches=3)]
    assert room.facts() == ["started", "dispatched_again", "dispatched_again"]


def test_an_ended_operation_is_not_dispatched_again(room: Room) -> None:
    room.operations.begin(STARTED)
    room.operations.finish(DONE)
    with pytest.raises(ConflictError):
        room.operations.again(STARTED)
    assert room.operations.of("chg-1") == [DONE]


def test_what_was_never_begun_is_not_found(room: Room) -> None:
    with pytest.raises(NotFoundError):
        room.operations.finish(DONE)
    with pytest.raises(NotFoundError):
        room.operations.again(STARTED)
    assert room.operations.of("chg-1") == []
    assert room.facts() == []


def test_operations_are_in_the_order_in_which_they_were_begun(room: Room) -> None:
    for key in ("z", "a", "m"):
        room.operations.begin(replace(STARTED, key=key))
    room.operations.begin(replace(STARTED, change_id="chg-2", key="b"))
    room.operations.finish(replace(DONE, key="z"))
    assert [operation.key for operation in room.operations.of("chg-1")] == ["z", "a", "m"]
    assert [operation.key for operation in room.operations.of("chg-2")] == ["b"]


@pytest.mark.postgres
def test_of_many_workers_one_may_dispatch(engine: Engine) -> None:
    store = PostgresOperationStore(engine, SteppingClock())
    answers: list[Operation | None] = []
    threads = [threading.Thread(target=lambda: answers.append(store.begin(STARTED))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert answers.count(None) == 1
    assert answers.count(STARTED) == 7


@pytest.mark.postgres
def test_a_row_without_its_event_is_not_written(engine: Engine) -> None:
    store = PostgresOperationStore(engine, SteppingClock())
    store.begin(STARTED)
    with engine.begin() as connection:
        connection.execute(text("ALTER TABLE events ADD CONSTRAINT closed CHECK (false) NOT VALID"))
    acts: list[Callable[[], object]] = [
        lambda: store.begin(replace(STARTED, key="other")),
        lambda: store.again(STARTED),
        lambda: store.finish(DONE),
    ]
    for act in acts:
        with pytest.raises(StorageError):
            act()
    assert store.of("chg-1") == [STARTED]


@pytest.mark.postgres
def test_a_result_that_would_come_back_different_is_refused(engine: Engine) -> None:
    store = PostgresOperationStore(engine, SteppingClock())
    store.begin(STARTED)
    with pytest.raises(InputError):
        store.finish(STARTED.finished(OperationState.SUCCEEDED, {"took": float("nan")}, NOW))
    assert store.of("chg-1") == [STARTED]
