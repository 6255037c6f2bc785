"""The projector's process stays small, whatever it projects, and shows what it has."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from conductor_core.adapters.file_locks import FileLocks
from conductor_core.domain.events import Event
from conductor_core.ports.audit_database import Batch, Position
from conductor_core.ports.change_store import RecordedEvent
from conductor_core.services import audit_projector
from conductor_core.services.audit_projector import RESTING, AuditProjector
from conductor_core.settings import PROJECT_ROOT
from tests.fakes.domain import NOW

MOST = 400 << 20
"""Bytes that the process of a projector may have resident at its peak; reading 5,000 events at once, it had 700 MB."""


@pytest.mark.slow
def test_a_record_of_large_events_is_projected_in_little_memory(tmp_path: Path) -> None:
    argv = [sys.executable, "-m", "tests.fakes.large_record", str(tmp_path)]
    environment = os.environ | {"PYTHONPATH": str(PROJECT_ROOT)}
    done = subprocess.run(argv, env=environment, cwd=PROJECT_ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    before, peak = map(int, done.stdout.split())
    assert before < peak < MOST, f"{peak / 1e6:.0f} MB"


class Rushing:
    """A store to which events come as fast as they are read."""

    def __init__(self, events: int) -> None:
        self.left = events

    def events(self, after: int = 0, limit: int = 1000, newest: bool = False, **_: object) -> list[RecordedEvent]:
        many = min(1 if newest else limit, self.left)
        self.left -= 0 if newest else many
        made = [Event(f"evt-{n}", "conductor.x.y.v1", "x", NOW, "a|b") for n in range(after, after + many)]
        return [RecordedEvent(after + n, event) for n, event in enumerate(made, 1)]


class Counting:
    """A builder that counts what was published when."""

    def __init__(self) -> None:
        self.position, self.shown = Position(), list[int]()

    def open(self) -> Position:
        return self.position

    def begin_anew(self) -> None:
        self.position = Position()

    def known(self, table: str, keys: object) -> dict[tuple[object, ...], tuple[object, ...]]:
        return {}

    def write(self, batch: Batch) -> None:
        self.position = batch.position

    def publish(self, sealed: int) -> bool:
        self.shown.append(self.position.events)
        return True

    def close(self) -> None:
        return


def test_a_first_build_that_never_catches_up_can_be_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audit_projector, "PUBLISH_SECONDS", 0.0)
    builder = Counting()
    carrier = AuditProjector(Rushing(5000), builder, FileLocks(tmp_path), lambda: 0)  # type: ignore[arg-type]  # it reads events and nothing else
    carrier.catch_up()
    assert builder.shown[-1] == 5000
    assert len(builder.shown) > 3


class Waited(threading.Event):
    """Is set after so many waits, and tells how long each was to be."""

    def __init__(self, most: int, between: Callable[[int], None]) -> None:
        super().__init__()
        self.waits, self._most, self._between = list[float | None](), most, between

    def wait(self, timeout: float | None = None) -> bool:
        self.waits.append(timeout)
        self._between(len(self.waits))
        if len(self.waits) == self._most:
            self.set()
        return self.is_set()


def test_while_nothing_comes_it_looks_less_often(tmp_path: Path) -> None:
    store, builder = Rushing(3), Counting()
    carrier = AuditProjector(store, builder, FileLocks(tmp_path), lambda: 0)  # type: ignore[arg-type]  # it reads events and nothing else

    def come(waits: int) -> None:
        store.left = 5 if waits == 3 else store.left

    stopping = Waited(5, come)
    carrier.run(stopping, every=1.0)
    assert stopping.waits == [1, RESTING, RESTING, 1, RESTING]
    assert builder.shown == [3, 3, 3, 8, 8]
