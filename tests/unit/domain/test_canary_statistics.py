"""The rank test against figures of scipy 1.16 (`mannwhitneyu`), and where no word is said."""

from __future__ import annotations

import math
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from conductor_core.domain.canary_statistics import LEAST_SAMPLES, SIGNIFICANT, judge, rank_test, shared
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
    many, few = [1.0 + n for n in range(20)], [1.0] * 4
    assert "Each version needs 5 samples; there are 4" in judge("x", few, many, better="lower").why
    assert judge("x", [math.nan] * 30, many, better="lower").word == "not judged"
    assert judge("x", many, many, better="").word == "not judged"


def test_a_percentile_from_the_ninetieth_on_needs_a_thousand_requests() -> None:
    low, high = [1.0 + n / 100 for n in range(20)], [2.0 + n / 100 for n in range(20)]
    for quantile, requests, word in ((0.95, 999, "not judged"), (0.99, 1000, "worse"), (0.5, 30, "worse")):
        assert judge("p", high, low, better="lower", quantile=quantile, requests=requests).word == word
    assert judge("p", high, low, better="lower", quantile=0.95).word == "not judged"


def test_fewer_samples_than_are_asked_for_could_tell_nothing_and_these_can() -> None:
    for count in (LEAST_SAMPLES - 1, LEAST_SAMPLES):
        apart = rank_test([1.0 + n for n in range(count)], [100.0 + n for n in range(count)])
        assert (apart.p < SIGNIFICANT) == (count == LEAST_SAMPLES)


def test_only_what_both_had_at_one_moment_counts_and_once_for_each_window() -> None:
    ours = [(float(at), at * 1.0) for at in range(600, 720, 15)]
    theirs = [(float(at), math.nan if at == 660 else at * 2.0) for at in range(0, 720, 15)]
    assert shared(ours, theirs, 60) == [(600.0, 600.0, 1200.0), (675.0, 675.0, 1350.0)]
    assert [at for at, _, _ in shared(ours, theirs, 0)] == [600, 615, 630, 645, 675, 690, 705]
    assert shared(ours, [], 60) == shared([], theirs, 60) == []


def rates(chance: random.Random) -> list[tuple[float, float]]:
    """Readings, each 15 s over a minute, of something that is the same whoever is asked."""
    quarters = [chance.gauss(1.0, 0.2) for _ in range(63)]
    return [(15.0 * n, sum(quarters[n : n + 4]) / 4) for n in range(60)]


def test_two_of_the_same_version_are_told_apart_no_more_often_than_chance_has_it() -> None:
    wrong = 0
    for seed in range(300):
        chance = random.Random(seed)
        both = shared(rates(chance), rates(chance), 60)
        found = judge("x", [ours for _, ours, _ in both], [theirs for _, _, theirs in both], better="lower")
        wrong += found.word != "same"
    assert wrong <= 9
