"""Settings reach the record once for each difference, and no secret ever does."""

from __future__ import annotations

import json
import threading
from pathlib import Path

import pytest

from conductor_core.domain.events import Event
from conductor_core.errors import UnreachableError
from conductor_core.services import settings_record
from conductor_core.services.ledger import Ledger
from conductor_core.services.settings_record import SettingsRecord
from conductor_core.settings import Settings
from tests.fakes.change_store import MemoryChangeStore
from tests.fakes.clock import SteppingClock

KEY = b"k" * 16


class World:
    """A store, and processes that start on it."""

    def __init__(self, home: Path) -> None:
        self.home, self.store, self.clock = home, MemoryChangeStore(), SteppingClock()

    def started(self, version: str = "1.0", **settings: object) -> SettingsRecord:
        given = Settings.model_validate({"home": self.home, **settings})
        return SettingsRecord(given, self.store, Ledger(self.store, self.clock), KEY, version)

    def events(self) -> list[Event]:
        return [recorded.event for recorded in self.store.recorded]


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def test_only_differences_are_recorded(world: World) -> None:
    assert world.started(log_level="info").note("worker") is True
    assert world.started(log_level="info").note("worker") is False
    assert world.started(log_level="info").note("api") is True  # each kind of process by itself
    assert world.started(log_level="debug").note("worker") is True
    first, _, last = world.events()
    assert (first.subject, first.actor) == ("settings/worker", "conductor|worker")
    assert last.data["changed"] == [{"name": "CONDUCTOR_LOG_LEVEL", "before": "info", "after": "debug"}]
    assert world.started(log_level="info").note("worker") is True  # back to what once was is a change too


def test_no_secret_is_told_and_its_change_is(world: World) -> None:
    given = {"argocd_token": "tok-first-secret", "ops_repo": "https://bot:repo-pass@git.example/ops"}
    world.started(**given).note("api")
    world.started(**{**given, "argocd_token": "tok-other-secret"}).note("api")
    world.started(**{**given, "ops_repo": "https://bot:else-pass@git.example/ops"}).note("api")
    told = json.dumps([event.envelope() for event in world.events()])
    for secret in ("tok-first-secret", "tok-other-secret", "repo-pass", "else-pass"):
        assert secret not in told
    changed = [[change["name"] for change in event.data["changed"]] for event in world.events()]  # type: ignore[attr-defined]  # a list of maps
    assert changed == [[], ["CONDUCTOR_ARGOCD_TOKEN"], ["CONDUCTOR_OPS_REPO", "CONDUCTOR_ARGOCD_TOKEN"]]
    assert world.started().told()["CONDUCTOR_ARGOCD_TOKEN"] == ""


def test_it_is_tried_until_it_works(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings_record, "AGAIN_SECONDS", 0.0)
    record, left = world.started(), [2]

    class Waking(MemoryChangeStore):
        def record(self, events: object) -> None:
            left[0] -= 1
            if left[0] >= 0:
                raise UnreachableError("The database does not answer.")
            world.store.record(events)  # type: ignore[arg-type]  # passed on

    record._ledger = Ledger(Waking(), world.clock)
    record.keep("worker", threading.Event())
    assert len(world.events()) == 1
