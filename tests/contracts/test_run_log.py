"""What every run log must do: lines in order, cut when long, whatever a program prints."""

from __future__ import annotations

import threading
import time

import pytest

from conductor_core.adapters.postgres.run_log import PostgresRunLog
from conductor_core.errors import InputError
from conductor_core.ports.run_log import RunLine, RunLog
from tests.fakes.clock import SteppingClock
from tests.fakes.domain import NOW
from tests.fakes.run_log import MemoryRunLog


@pytest.fixture(params=["memory", pytest.param("postgres", marks=pytest.mark.postgres)])
def log(request: pytest.FixtureRequest) -> RunLog:
    if request.param == "memory":
        return MemoryRunLog(SteppingClock())
    return PostgresRunLog(request.getfixturevalue("engine"), SteppingClock())


def test_lines_come_back_in_order_from_any_place(log: RunLog) -> None:
    log.write("chg-1", "cell", "Deploy", cell=0, cells=3)
    log.write("chg-2", "note", "another Change")
    log.write("chg-1", "output", "Release upgraded\n", 0, 3)
    log.write("chg-1", "check", "pods: 3 of 3")
    lines = log.read("chg-1")
    assert [(line.kind, line.text, line.cell, line.cells) for line in lines] == [
        ("cell", "Deploy", 0, 3),
        ("output", "Release upgraded\n", 0, 3),
        ("check", "pods: 3 of 3", -1, 0),
    ]
    assert lines[0] == RunLine(lines[0].sequence, NOW, "cell", "Deploy", 0, 3)
    assert log.read("chg-1", after=lines[0].sequence) == lines[1:]
    assert log.read("chg-1", limit=2) == lines[:2]
    assert log.read("chg-1", after=lines[-1].sequence) == []
    assert log.read("chg-1", limit=-1) == []
    assert log.read("chg-none") == []


@pytest.mark.parametrize("size", [7_999, 8_000])
def test_a_line_that_fits_is_whole(log: RunLog, size: int) -> None:
    log.write("chg-1", "output", "é" * size)
    assert log.read("chg-1")[0].text == "é" * size


def test_a_longer_one_is_cut_and_says_so(log: RunLog) -> None:
    log.write("chg-1", "output", "x" * 20_000)
    assert log.read("chg-1")[0].text == "x" * 8_000 + "\n[cut: the line had 20,000 characters]"


def test_any_output_of_a_program_is_kept_as_well_as_it_can_be(log: RunLog) -> None:
    log.write("chg-1", "output", "a\x00b\ud800c\x1b[31m\U0001f600")
    assert log.read("chg-1")[0].text == "a\ufffdb\ufffdc\x1b[31m\U0001f600"


def test_an_unknown_kind_is_refused(log: RunLog) -> None:
    with pytest.raises(InputError, match="'shout'"):
        log.write("chg-1", "shout", "x")
    assert log.read("chg-1") == []


@pytest.mark.postgres
def test_a_follower_of_several_writers_misses_nothing(request: pytest.FixtureRequest) -> None:
    log = PostgresRunLog(request.getfixturevalue("engine"), SteppingClock())

    def write(name: int) -> None:
        for n in range(100):
            log.write("chg-1", "output", f"{name}-{n}")

    writers = [threading.Thread(target=write, args=(name,)) for name in range(3)]
    for writer in writers:
        writer.start()
    seen: list[RunLine] = []
    deadline = time.monotonic() + 60
    while len(seen) < 300 and time.monotonic() < deadline:
        seen += log.read("chg-1", after=seen[-1].sequence if seen else 0, limit=50)
    for writer in writers:
        writer.join()
    assert [line.text for line in seen] == [line.text for line in log.read("chg-1")]
    assert len(seen) == 300
