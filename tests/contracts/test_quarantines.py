"""What every store of quarantines must do: a row with its event, once, and a lifted one stays lifted."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta

import pytest
from sqlalchemy import Engine

from conductor_core.adapters.postgres.change_store import PostgresChangeStore
from conductor_core.adapters.postgres.quarantines import PostgresQuarantines
from conductor_core.domain.quarantine import Quarantine
from conductor_core.ports.change_store import ChangeStore
from conductor_core.ports.quarantines import Quarantines
from tests.fakes.change_store import MemoryChangeStore
from tests.fakes.domain import NOW, event
from tests.fakes.quarantines import MemoryQuarantines

BAD = Quarantine("chg-1", "shop", "1.4.3", "staging", "errors", "requester", NOW, "hmac-sha256:ab", True)
FREE = BAD.lifted("captain", "chg-2", "it was the database", NOW + timedelta(hours=1))


@dataclass
class Room:
    quarantines: Quarantines
    changes: ChangeStore

    def events(self) -> list[str]:
        return [row.event.id for row in self.changes.events("chg-1")]


@pytest.fixture(params=["memory", pytest.param("postgres", marks=pytest.mark.postgres)])
def room(request: pytest.FixtureRequest) -> Room:
    if request.param == "memory":
        changes = MemoryChangeStore()
        return Room(MemoryQuarantines(changes), changes)
    engine: Engine = request.getfixturevalue("engine")
    return Room(PostgresQuarantines(engine), PostgresChangeStore(engine))


def test_it_is_written_once_with_its_event(room: Room) -> None:
    assert room.quarantines.put(BAD, [event("evt-1", "chg-1")])
    assert not room.quarantines.put(replace(BAD, reason="again"), [event("evt-2", "chg-1")])
    assert room.quarantines.of("shop") == [BAD]
    assert room.events() == ["evt-1"]


def test_it_is_lifted_once_and_never_stands_again(room: Room) -> None:
    room.quarantines.put(BAD, [event("evt-1", "chg-1")])
    assert room.quarantines.put(FREE, [event("evt-2", "chg-1")])
    assert not room.quarantines.put(replace(FREE, lifted_by="other"), [event("evt-3", "chg-1")])
    assert not room.quarantines.put(BAD, [event("evt-4", "chg-1")])
    assert room.quarantines.of("shop") == [FREE]
    assert room.events() == ["evt-1", "evt-2"]


def test_releases_are_told_apart_and_the_newest_is_first(room: Room) -> None:
    later = replace(BAD, change_id="chg-3", at=NOW + timedelta(minutes=1))
    other = replace(BAD, change_id="chg-4", release="search", at=NOW + timedelta(minutes=2))
    for one in (BAD, later, other):
        room.quarantines.put(one, [])
    assert room.quarantines.of("shop") == [later, BAD]
    assert room.quarantines.of() == [other, later, BAD]
    assert room.quarantines.of("nothing") == []
