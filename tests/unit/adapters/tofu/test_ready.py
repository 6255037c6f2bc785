"""A console that waits: asked from the third time on, for its own declarations alone, and never waited for in vain."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from conductor_core.adapters.tofu.folders import VALUES, Folders
from conductor_core.adapters.tofu.ready import MOST_BYTES, ReadyConsole
from conductor_core.errors import TransientError
from conductor_core.ports.commands import CommandResult


class World:
    """Consoles that read their values to the end and repeat them; `late` ones are killed at their deadline."""

    def __init__(self, home: Path) -> None:
        self.ended: list[tuple[str, bytes]] = []
        self.late, self.begun = False, threading.Semaphore(0)
        self.ready = ReadyConsole(Folders(home, ""), self.run, 0.0)

    def run(self, root: Path, declarations: str, pipe: int) -> CommandResult:
        assert (root / VALUES).readlink() == Path(f"/dev/fd/{pipe}")
        assert (root / "variables.tf").read_text() == declarations
        self.begun.release()
        if self.late:
            raise TransientError("console did not finish.")
        values = (root / VALUES).read_bytes()
        self.ended.append((declarations, values))
        return CommandResult(0, values.decode(), "", 0.1)

    def ask(self, declarations: str, values: bytes = b"{}") -> str | None:
        told = self.ready.ask(declarations, values)
        return None if told is None else told.stdout

    def waits(self) -> None:
        """Until one more has begun."""
        assert self.begun.acquire(timeout=10)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path)
    yield made
    made.ask("the end")


def test_whoever_asks_twice_is_answered_ahead_from_then_on(world: World) -> None:
    assert world.ask("a") is None
    assert world.ask("a") is None
    for values in (b'{"x": 1}', b'{"x": 2}'):
        world.waits()
        assert world.ask("a", values) == values.decode()


def test_other_declarations_end_the_one_that_waits(world: World) -> None:
    world.ask("a")
    world.ask("a")
    world.waits()
    assert world.ask("b") is None
    deadline = time.monotonic() + 10
    while not world.ended and time.monotonic() < deadline:
        time.sleep(0.01)
    assert world.ended == [("a", b"")]


def test_more_than_a_pipe_takes_is_not_handed_over(world: World) -> None:
    world.ask("a")
    world.ask("a")
    world.waits()
    assert world.ask("a", b"x" * (MOST_BYTES + 1)) is None
    world.waits()
    assert world.ask("a", b"x" * MOST_BYTES) == "x" * MOST_BYTES


def test_one_that_was_ended_meanwhile_is_no_answer(world: World) -> None:
    world.late = True
    world.ask("a")
    world.ask("a")
    world.waits()
    assert world.ask("a") is None


def test_a_bug_of_the_one_that_waits_reaches_whoever_asks(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(root: Path, declarations: str, pipe: int) -> CommandResult:
        with open(f"/dev/fd/{pipe}", "rb") as values:  # noqa: PTH123  # a descriptor
            values.read()
        raise RuntimeError("a bug")

    monkeypatch.setattr(world.ready, "_run", broken)
    world.ask("a")
    world.ask("a")
    deadline = time.monotonic() + 10
    while world.ready._kept is None and time.monotonic() < deadline:
        time.sleep(0.01)
    with pytest.raises(RuntimeError, match="a bug"):
        world.ask("a")


def test_nothing_is_left_behind(world: World, tmp_path: Path) -> None:
    world.ask("a")
    world.ask("a")
    world.waits()
    world.ask("a")
    world.waits()
    world.ask("b")
    deadline = time.monotonic() + 10
    while list((tmp_path / "work").iterdir()) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not list((tmp_path / "work").iterdir())
