"""What `status`, `down`, `reset` and `endpoints` say of a home without a running plane, and how states are told."""

from __future__ import annotations

from pathlib import Path

import pytest

from conductor_core.errors import StateError
from conductor_core.localplane import layout as layouts
from conductor_core.localplane import plane
from conductor_core.localplane.processes import STOPPED, ProcessStatus, SetStatus, State
from conductor_core.localplane.progress import BuildProgress
from conductor_core.settings import Settings

IDLE = BuildProgress("idle", 0, 0)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path / "home", cache=tmp_path / "cache")


def test_an_empty_home(settings: Settings) -> None:
    now = plane.status(settings)
    assert (now.state, now.processes, now.endpoints) == ("absent", (), None)
    assert "kube-apiserver" in now.missing_programs
    assert plane.down(settings) is False
    assert plane.reset(settings) is False
    with pytest.raises(StateError):
        plane.endpoints(settings)


def test_reset_deletes_the_plane_and_nothing_else(settings: Settings) -> None:
    layouts.of(settings).make()
    (settings.home / "blobs").mkdir()
    assert plane.reset(settings) is True
    assert [p.name for p in settings.home.iterdir() if p.name != "logs"] == ["blobs"]


def running(*states: tuple[State, int]) -> SetStatus:
    told = tuple(ProcessStatus(f"p{n}", state, restarts=restarts) for n, (state, restarts) in enumerate(states))
    return SetStatus(True, 1, 1.0, "", False, told)


@pytest.mark.parametrize(
    ("build", "now", "state"),
    [
        (IDLE, STOPPED, "absent"),
        (BuildProgress("building", 1, 2), STOPPED, "building"),
        (IDLE, running(("ready", 0), ("done", 0)), "ready"),
        (IDLE, running(("ready", 0), ("starting", 0)), "starting"),
        (IDLE, running(("ready", 0), ("backoff", 1)), "degraded"),
        (BuildProgress("building", 1, 2), running(("ready", 3)), "ready"),
    ],
)
def test_states(build: BuildProgress, now: SetStatus, state: str) -> None:
    assert plane._state(build, now, None) == state


def test_progress_of_a_start_names_what_it_waits_for() -> None:
    told = plane._starting(running(("ready", 0), ("waiting", 0), ("starting", 0)))
    assert (told.stage, told.done, told.total, told.current) == ("starting", 1, 3, "p1")
