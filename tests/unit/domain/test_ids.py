"""Identifiers sort by time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from conductor_core.domain.ids import CHANGE_ID, sortable_id

START = datetime(1970, 1, 1, tzinfo=UTC)
TIMES = st.integers(0, 4 * 10**15).map(lambda microseconds: START + timedelta(microseconds=microseconds))
CHANCE = st.binary(min_size=10, max_size=10)


@given(TIMES, CHANCE)
def test_they_have_one_form(now: datetime, chance: bytes) -> None:
    assert CHANGE_ID.fullmatch(sortable_id("chg", now, chance))


@given(TIMES, st.integers(1, 10**12), CHANCE, CHANCE)
def test_a_later_millisecond_sorts_later(now: datetime, later: int, one: bytes, two: bytes) -> None:
    assert sortable_id("chg", now, one) < sortable_id("chg", now + timedelta(milliseconds=later), two)


@given(TIMES, CHANCE, CHANCE)
def test_within_one_millisecond_chance_decides(now: datetime, one: bytes, two: bytes) -> None:
    assert (sortable_id("chg", now, one) < sortable_id("chg", now, two)) is (one < two)


def test_a_known_value() -> None:
    at = datetime(2016, 7, 30, 23, 54, 10, 259000, tzinfo=UTC)
    assert sortable_id("chg", at, bytes(10)) == "chg-01ARZ3NDEK" + "0" * 16
    assert sortable_id("chg", at, b"\xff" * 10) == "chg-01ARZ3NDEK" + "Z" * 16
