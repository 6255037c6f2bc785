"""The rank test against figures of scipy 1.16 (`mannwhitneyu`), and where no word is said."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from conductor_core.domain.canary_statistics import judge, rank_test
from tests.examples import examples

FIRST = [0.949, 1.102, 0.955, 0.937, 0.814, 0.957, 1.222, 1.085, 1.207, 1.05, 1.079, 1.037]
SECOND = [0.967, 1.471, 1.401, 1.4, 0.962, 0.951, 1.122, 1.206, 1.361, 1.291, 1.404, 1.172, 1.362, 1.379, 1.168]
TIED = [1.0, 2, 2, 3, 3, 3, 4, 5, 5, 6], [3.0, 3, 4, 4, 5, 6, 6, 7, 8, 8, 9]
SMALL = [1.1, 2.2, 3.3, 4.4, 5.6], [2.0, 3.1, 5.5, 6.6, 7.7, 8.8]


@pytest.mark.parametrize(
    ("first", "second", "u", "p"),
    [
        (FIRST, SECOND, 31.0, 0.004310358499535043),
        (*TIED, 21.0, 0.017056890104866558),
        (*SMALL, 8.0, 0.24675324675324672),
        ([1.0, 2, 3, 4], [5.0, 6, 7, 8], 0.0, 0.02857142857142857),
    ],
)
def test_the_figures_are_those_of_the_reference(first: list[float], second: list[float], u: float, p: float) -> None:
    found = rank_test(first, second)
    assert found.u == u
    assert found.p == pytest.approx(p, rel=1e-9)


numbers = some.lists(some.integers(0, 9).map(float), min_size=1, max_size=14)


@settings(max_examples=examples(40), deadline=None)
@given(numbers, numbers)
def test_swapping_the_sides_turns_the_effect_and_nothing_else(first: list[float], second: list[float]) -> None:
    one, other = rank_test(first, second), rank_test(second, first)
    assert one.p == pytest.approx(other.p)
    assert one.effect == pytest.approx(-other.effect)
    assert 0 <= one.p <= 1


def test_worse_better_and_the_same() -> None:
    low, high = [1.0 + n / 100 for n in range(20)], [2.0 + n / 100 for n in range(20)]
    assert judge("errors", high, low, better="lower").word == "worse"
    assert judge("errors", low, high, better="lower").word == "better"
    assert judge("success", low, high, better="higher").word == "worse"
    assert judge("success", low, low, better="higher").word == "same"


def test_too_little_is_not_judged() -> None:
    many, few = [1.0 + n for n in range(20)], [1.0] * 9
    assert "Each version needs 10 samples; there are" in judge("x", few, many, better="lower").why
    assert judge("x", [math.nan] * 30, many, better="lower").word == "not judged"
    assert judge("x", many, many, better="").word == "not judged"


def test_a_percentile_from_the_ninetieth_on_needs_a_thousand_requests() -> None:
    low, high = [1.0 + n / 100 for n in range(20)], [2.0 + n / 100 for n in range(20)]
    for quantile, requests, word in ((0.95, 999, "not judged"), (0.99, 1000, "worse"), (0.5, 30, "worse")):
        assert judge("p", high, low, better="lower", quantile=quantile, requests=requests).word == word
    assert judge("p", high, low, better="lower", quantile=0.95).word == "not judged"
