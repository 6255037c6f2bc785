"""Fields that controllers wrote, in every condition."""

from __future__ import annotations

import pytest

from conductor_core.domain.fields import duration, listing, mapping, moment, number


@pytest.mark.parametrize(
    ("text", "seconds"), [(30, 30), ("30", 30), ("5m", 300), ("1h30m", 5400), ("soon", None), ("", None), (True, None)]
)
def test_durations(text: object, seconds: int | None) -> None:
    assert duration(text) == seconds


def test_other_types_become_the_default() -> None:
    assert (number("7"), number(True), number("٣", 2), number(None, 5)) == (7, 0, 2, 5)
    assert (mapping([1]), listing({"a": 1}), listing([1, {"a": 1}])) == ({}, [], [{"a": 1}])
    assert moment("yesterday") is None
    found = moment("2026-11-24T10:00:00.123Z")
    assert found is not None
    assert found.hour == 10
