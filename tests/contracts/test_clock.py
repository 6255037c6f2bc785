"""What every clock must do: UTC, and ids that sort by time."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from conductor_core.adapters.clock import SystemClock
from conductor_core.domain.ids import CHANGE_ID
from conductor_core.ports.clock import Clock
from tests.fakes.clock import SteppingClock
from tests.fakes.domain import NOW


@pytest.fixture(params=[SystemClock, SteppingClock])
def clock(request: pytest.FixtureRequest) -> Clock:
    made: Clock = request.param()
    return made


def test_time_is_in_utc_and_does_not_run_backwards(clock: Clock) -> None:
    one, two = clock.now(), clock.now()
    assert one.utcoffset() == timedelta(0)
    assert one <= two


def test_ids_have_their_form_and_sort_by_when_they_were_made(clock: Clock) -> None:
    made = [clock.new_id("chg") for _ in range(5_000)]
    assert made == sorted(set(made))
    assert all(CHANGE_ID.fullmatch(each) for each in made)
    assert clock.new_id("evt").startswith("evt-")


def test_the_system_clock_is_right() -> None:
    assert abs(SystemClock().now() - datetime.now(UTC)) < timedelta(seconds=5)


class SetBack(SystemClock):
    """A system whose clock is set back by an hour now and then."""

    def __init__(self, times: Iterator[datetime]) -> None:
        super().__init__()
        self._times = times

    def now(self) -> datetime:
        return next(self._times)


def test_ids_still_sort_when_the_clock_is_set_back() -> None:
    moves = [timedelta(0), timedelta(hours=-1), timedelta(microseconds=900), timedelta(hours=1), timedelta(seconds=-5)]
    clock = SetBack(NOW + move for move in moves)
    made = [clock.new_id("chg") for _ in moves]
    assert made == sorted(set(made))


def test_threads_get_different_ids() -> None:
    clock, made = SystemClock(), list[str]()
    threads = [threading.Thread(target=lambda: made.extend(clock.new_id("a") for _ in range(2_000))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(made)) == 8_000


def test_the_stepping_clock_steps() -> None:
    clock = SteppingClock()
    clock.step(2.5)
    assert clock.now() == NOW + timedelta(seconds=2.5)
