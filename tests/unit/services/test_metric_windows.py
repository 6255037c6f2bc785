"""Windows of range queries: aligned, kept, and asked for once whoever looks."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from conductor_core.errors import UnreachableError
from conductor_core.services.metric_windows import MetricWindows
from tests.fakes.prometheus import FakePrometheus


def test_fifty_viewers_cost_as_much_as_one() -> None:
    prometheus = FakePrometheus({"q": lambda t: t})
    windows = MetricWindows(prometheus, lambda: 1000.0)
    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(lambda _: windows.series("q", 300, 15), range(50)))
    assert len(prometheus.asked) == 1
    assert all(a == answers[0] for a in answers)
    points = answers[0][0].points
    assert (points[0][0], points[-1][0], len(points)) == (690.0, 990.0, 21)


def test_a_refresh_asks_for_the_new_steps_only() -> None:
    prometheus, now = FakePrometheus({"q": lambda t: t}), [10_000.0]
    windows = MetricWindows(prometheus, lambda: now[0])
    naive = 0
    for _ in range(40):
        now[0] += 15
        found = windows.series("q", 3600, 15)
        naive += 241
    assert len(found[0].points) == 241
    assert naive / windows.fetched > 20
    assert [p for p, _ in found[0].points] == sorted({p for p, _ in found[0].points})


def test_a_longer_window_is_asked_for_whole_and_a_gap_is_filled() -> None:
    prometheus, now = FakePrometheus({"q": lambda t: t}), [1000.0]
    windows = MetricWindows(prometheus, lambda: now[0])
    assert len(windows.series("q", 60, 15)[0].points) == 5
    assert len(windows.series("q", 600, 15)[0].points) == 41
    now[0] += 3000  # nobody looked for a while
    points = windows.series("q", 600, 15)[0].points
    assert (points[0][0], points[-1][0], len(points)) == (3390.0, 3990.0, 41)


def test_a_failure_is_not_kept() -> None:
    prometheus = FakePrometheus({"q": lambda t: t}, failure=UnreachableError("no"))
    windows = MetricWindows(prometheus, lambda: 1000.0)
    with pytest.raises(UnreachableError):
        windows.series("q", 60)
    prometheus.failure = None
    assert windows.series("q", 60)
    assert windows.series("nothing", 60) == ()
