"""The longest rising run is one, and no other is longer."""

from __future__ import annotations

from itertools import combinations, pairwise

from hypothesis import given
from hypothesis import strategies as st

from conductor_core.domain.rising import longest_rising


def rises(numbers: list[int]) -> bool:
    return all(one < other for one, other in pairwise(numbers))


@given(st.lists(st.integers(0, 9), max_size=8))
def test_no_other_run_is_longer(numbers: list[int]) -> None:
    places = longest_rising(numbers)
    assert rises(places)
    assert rises([numbers[p] for p in places])
    longest = max(n for n in range(len(numbers) + 1) if any(rises(list(c)) for c in combinations(numbers, n)))
    assert len(places) == longest
