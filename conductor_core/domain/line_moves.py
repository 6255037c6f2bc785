"""Lines that go at one place and come again at another: told as moved, so that a new order doesn't read as a loss.

A line that goes once and comes once ties both places together; the block grows from it as long as the lines agree.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from conductor_core.domain.text_lines import Block

_SAYS = 20
"""Letters and digits from which a block of any shape says enough to be known again; half of it for several lines."""


@dataclass(frozen=True)
class Moved:
    """`count` equal lines that went at `old` and came at `new`, both from 0."""

    old: int
    new: int
    count: int


def moved(a: Sequence[str], b: Sequence[str], changes: Sequence[Block]) -> tuple[Moved, ...]:
    """The moved blocks among `changes` (see `text_lines.changes`), in the order of `a`; no line is in two of them.

    Every line of a block is one that `changes` removes from `a`, and one that it adds to `b`.
    """
    went = {i: n for n, (i1, i2, _, _) in enumerate(changes) for i in range(i1, i2)}
    came = {j: n for n, (_, _, j1, j2) in enumerate(changes) for j in range(j1, j2)}
    out: list[Moved] = []
    for i, j in _ties(a, b, went, came):
        if i not in went or j not in came:
            continue
        start = end = 0
        while _goes_on(a, b, i, j, went, came, -start - 1):
            start += 1
        while _goes_on(a, b, i, j, went, came, end + 1):
            end += 1
        block = Moved(i - start, j - start, start + end + 1)
        if _says_enough(a[block.old : block.old + block.count]):
            out.append(block)
            for n in range(block.count):
                del went[block.old + n], came[block.new + n]
    return tuple(sorted(out, key=lambda m: m.old))


def _ties(a: Sequence[str], b: Sequence[str], went: dict[int, int], came: dict[int, int]) -> Iterator[tuple[int, int]]:
    gone, come = Counter(a[i] for i in went), Counter(b[j] for j in came)
    where = {b[j]: j for j in came if come[b[j]] == 1}
    yield from [(i, where[a[i]]) for i in went if gone[a[i]] == 1 and a[i] in where]


def _goes_on(
    a: Sequence[str], b: Sequence[str], i: int, j: int, went: dict[int, int], came: dict[int, int], by: int
) -> bool:
    """Whether the lines `by` further belong to the same two changes, and agree."""
    return went.get(i + by) == went[i] and came.get(j + by) == came[j] and a[i + by] == b[j + by]


def _says_enough(block: Sequence[str]) -> bool:
    said = sum(map(str.isalnum, "".join(block)))
    item = block[0].lstrip().startswith("- ") and said > 0
    return said >= _SAYS or item or (len(block) > 1 and said * 2 >= _SAYS)
