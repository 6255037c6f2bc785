"""What every store of smoke runs must do: a run with its event, once, newest first, as it was given."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta

import pytest
from sqlalchemy import Engine

from conductor_core.adapters.postgres.change_store import PostgresChangeStore
from conductor_core.adapters.postgres.smoke_runs import PostgresSmokeRuns
from conductor_core.domain.smoke import Measured, SmokeRun
from conductor_core.errors import ConflictError
from conductor_core.ports.change_store import ChangeStore
from conductor_core.ports.smoke import SmokeRuns
from tests.fakes.change_store import MemoryChangeStore
from tests.fakes.domain import NOW, event
from tests.fakes.smoke_runs import MemorySmokeRuns

CHECK = Measured("health", 40, 1, 3, 9, 12, 30, ("status 500, not 200",))
RUN = SmokeRun(
    "smk-1",
    "api",
    "sha256:ab",
    "shop",
    "dev",
    "http://a",
    NOW,
    2.25,
    (CHECK,),
    ("health: 1 of 40 failed",),
    "requester",
)


@dataclass
class Room:
    runs: SmokeRuns
    changes: ChangeStore


@pytest.fixture(params=["memory", pytest.param("postgres", marks=pytest.mark.postgres)])
def room(request: pytest.FixtureRequest) -> Room:
    if request.param == "memory":
        changes = MemoryChangeStore()
        return Room(MemorySmokeRuns(changes), changes)
    engine: Engine = request.getfixturevalue("engine")
    return Room(PostgresSmokeRuns(engine), PostgresChangeStore(engine))


def test_a_run_is_kept_as_it_was_with_its_event(room: Room) -> None:
    room.runs.put(RUN, [event("evt-1", "smk-1")])
    assert room.runs.of() == [RUN]
    assert [row.event.id for row in room.changes.events("smk-1")] == ["evt-1"]
    with pytest.raises(ConflictError):
        room.runs.put(RUN, [event("evt-2", "smk-1")])
    assert [row.event.id for row in room.changes.events("smk-1")] == ["evt-1"]


def test_runs_are_narrowed_and_the_newest_is_first(room: Room) -> None:
    later = replace(RUN, id="smk-2", at=NOW + timedelta(minutes=1), problems=())
    other = replace(RUN, id="smk-3", suite="ui", channel="prod", at=NOW + timedelta(minutes=2))
    for run in (RUN, other, later):
        room.runs.put(run, [])
    assert room.runs.of() == [other, later, RUN]
    assert room.runs.of(suite="api", release="shop", channel="dev") == [later, RUN]
    assert room.runs.of(suite="api", limit=1) == [later]
    assert room.runs.of(release="nothing") == []
