"""The longest run that rises, of numbers in any order: which lines or items kept their order (patience sorting)."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence


def longest_rising(numbers: Sequence[int]) -> list[int]:
    """The places in `numbers` of its longest run whose numbers rise strictly; the first such run that is met."""
    tails: list[int] = []
    ends: list[int] = []
    back: list[int] = []
    for place, number in enumerate(numbers):
        at = bisect_left(tails, number)
        back.append(ends[at - 1] if at else -1)
        tails[at : at + 1] = [number]
        ends[at : at + 1] = [place]
    out: list[int] = []
    place = ends[-1] if ends else -1
    while place >= 0:
        out.append(place)
        place = back[place]
    return out[::-1]
