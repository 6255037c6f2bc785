"""Schedules are read strictly, and each moment has one last whole period."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conductor_core.domain.report_schedules import Schedule, parse
from conductor_core.errors import ConfigurationError


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("every", "now", "start", "end"),
    [
        ("day", "2026-03-01T00:00", "2026-02-28", "2026-03-01"),
        ("day", "2026-03-01T23:59", "2026-02-28", "2026-03-01"),
        ("week", "2026-11-23T00:00", "2026-11-16", "2026-11-23"),
        ("week", "2026-11-22T23:59", "2026-11-09", "2026-11-16"),
        ("month", "2026-01-15T12:00", "2025-12-01", "2026-01-01"),
        ("month", "2024-03-01T00:00", "2024-02-01", "2024-03-01"),
    ],
)
def test_the_last_whole_period(every: str, now: str, start: str, end: str) -> None:
    assert Schedule(every).period(at(now)) == (at(start), at(end))  # type: ignore[arg-type]  # one of the three


MOMENTS = st.datetimes(min_value=datetime(1990, 1, 1), max_value=datetime(2100, 1, 1))  # noqa: DTZ001  # hypothesis wants them naive


@given(MOMENTS, st.sampled_from(["day", "week", "month"]))
def test_periods_follow_one_another_without_a_gap(moment: datetime, every: str) -> None:
    now = moment.replace(tzinfo=UTC)
    start, end = Schedule(every).period(now)  # type: ignore[arg-type]  # one of the three
    assert start < end <= now
    assert Schedule(every).period(end) == (start, end)  # type: ignore[arg-type]  # as above
    assert Schedule(every).period(end - timedelta(microseconds=1))[1] == start  # type: ignore[arg-type]  # as above


def test_the_time_zone_of_the_caller_changes_nothing() -> None:
    late = datetime.fromisoformat("2026-03-01T01:00+02:00")
    assert Schedule("day").period(late) == (at("2026-02-27"), at("2026-02-28"))


def test_what_is_written_is_read() -> None:
    assert parse("month;  week channel=prod release=intelgraph ;day environment=prod;month") == (
        Schedule("month"),
        Schedule("week", "intelgraph", "prod"),
        Schedule("day", environment="prod"),
    )
    assert parse(" ; ") == ()
    assert [schedule.kind for schedule in parse("day; day release=a; day environment=b")] == [
        "period", "release", "environment"
    ]  # fmt: skip


@pytest.mark.parametrize(
    "text",
    ["year", "week weekly", "week release=", "week owner=x", "day release=a release=b", "day channel=prod",
     "day release=a environment=b", "month=1"],
)  # fmt: skip
def test_what_cannot_be_read_is_named(text: str) -> None:
    with pytest.raises(ConfigurationError) as told:
        parse(f"month; {text}")
    assert text in told.value.what
    assert told.value.why
    assert "CONDUCTOR_REPORT_SCHEDULES" in told.value.next
