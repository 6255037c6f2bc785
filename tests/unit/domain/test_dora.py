"""The four measures, counted by hand on a small history."""

from __future__ import annotations

from datetime import timedelta

import pytest

from conductor_core.domain.dora import DEFINITIONS, Deployment, Measure, measures
from tests.fakes.domain import NOW


def at(hours: float, *, target: str = "release/shop@prod", commit: str = "c", ok: bool = True, back: bool = False,
       committed: float | None = None) -> Deployment:  # fmt: skip
    """A run that ended that many hours after the start, and was asked for half an hour before."""
    start = NOW
    return Deployment(
        target,
        commit,
        start + timedelta(hours=hours - 0.5),
        start + timedelta(hours=hours),
        ok,
        back,
        None if committed is None else start + timedelta(hours=committed),
    )


def told(*found: Deployment, days: float = 2) -> dict[str, Measure]:
    return {m.name: m for m in measures(found, NOW, NOW + timedelta(days=days))}


def test_each_measure_on_a_history_of_two_targets() -> None:
    other = "release/cart@prod"
    seen = told(
        at(2, commit="a", committed=0),  # good, lead 2 h
        at(5, commit="b", committed=1),  # rolled back: asked for at 6.5
        at(7, back=True),
        at(10, commit="d", ok=False, committed=9),  # failed; well again at 12
        at(12, commit="e", committed=8),  # good, lead 4 h
        at(13, commit="e", committed=8),  # the same commit again has no lead time of its own
        at(3, target=other, commit="a", committed=0),  # good, lead 3 h
    )
    assert (seen["deployment frequency"].value, seen["deployment frequency"].counted) == (2.5, 5)
    assert (seen["lead time"].value, seen["lead time"].counted) == (3.5 * 3600, 4)
    assert seen["change failure rate"].value == pytest.approx(2 / 6)
    assert seen["time to restore"].value == pytest.approx((0.5 + 2) / 2 * 3600)


def test_nothing_counted_is_no_zero() -> None:
    seen = told()
    assert [m.value for m in seen.values()] == [None] * 4
    assert {m.text for m in seen.values()} == {"–"}
    assert set(seen) == set(DEFINITIONS)


def test_what_lies_outside_of_the_span_is_not_counted_but_looked_at() -> None:
    early = told(at(-3, commit="a", committed=-4), at(2, commit="a", committed=-4))
    assert (early["deployment frequency"].counted, early["lead time"].counted) == (1, 0)
    late = told(at(40, ok=False), at(60), days=2)
    assert (late["change failure rate"].value, late["time to restore"].value) == (1.0, None)


@pytest.mark.parametrize(
    ("measure", "text"),
    [
        (Measure("lead time", 90, "s", 1), "1.5 min"),
        (Measure("lead time", 5400, "s", 1), "1.5 h"),
        (Measure("lead time", 172_800, "s", 1), "2.0 d"),
        (Measure("lead time", 12, "s", 1), "12 s"),
        (Measure("change failure rate", 0.333, "share", 3), "33%"),
        (Measure("deployment frequency", 2.5, "per day", 5), "2.5 per day"),
    ],
)
def test_values_are_read_as_people_say_them(measure: Measure, text: str) -> None:
    assert measure.text == text
    assert measure.as_json()["definition"] == DEFINITIONS[measure.name]
