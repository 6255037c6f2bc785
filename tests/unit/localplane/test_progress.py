"""Progress is readable by other processes, and a dead builder is noticed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from conductor_core.localplane import progress
from conductor_core.localplane.progress import BuildProgress, Clock
from conductor_core.settings import Settings


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    (tmp_path / "programs").mkdir()
    return Settings(cache=tmp_path)


def test_idle_when_nothing_was_written(settings: Settings) -> None:
    assert progress.read(settings) == BuildProgress("idle", 0, 0)


@pytest.mark.parametrize("text", ["", "[]", "{}", "nonsense"])
def test_idle_when_the_file_is_broken(settings: Settings, text: str) -> None:
    progress.progress_file(settings).write_text(text)
    assert progress.read(settings).state == "idle"


def test_a_living_builder(settings: Settings) -> None:
    progress.write(settings, BuildProgress("building", 2, 14, "etcd", 100, 5.0, 0.25))
    told = progress.read(settings)
    assert (told.state, told.done, told.total, told.current, told.fraction) == ("building", 2, 14, "etcd", 0.25)
    assert 98 <= told.seconds_left <= 100


def test_a_dead_builder(settings: Settings) -> None:
    progress.write(settings, BuildProgress("building", 2, 14, "etcd", 100))
    path = progress.progress_file(settings)
    body = json.loads(path.read_text())
    path.write_text(json.dumps(body | {"created": body["created"] - 100}))
    told = progress.read(settings)
    assert (told.state, told.done, told.total) == ("idle", 2, 14)
    assert "resumes" in told.why


def test_an_ended_build_stays_told(settings: Settings) -> None:
    progress.write(settings, BuildProgress("failed", 2, 14, why="no network"))
    assert progress.read(settings) == BuildProgress("failed", 2, 14, why="no network")


def test_time_left_learns_the_pace() -> None:
    clock = Clock({"a": 10, "b": 20}, started=100.0)
    assert clock.left(["a", "b"], 100.0) == 30
    clock.finish("a", 120.0)
    assert clock.left(["b"], 120.0) == 40
    assert clock.left(["b"], 130.0) == 30
    assert clock.left(["b"], 900.0) == 1
    assert clock.left([], 900.0) == 0
