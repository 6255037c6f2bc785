"""Two texts line by line, as a viewer shows them: added and removed lines, context, and folds for what is the same.

Lines that are unique on both sides anchor the match, as in patience diff, so that big texts stay fast; what lies
between is left to difflib.
"""

from __future__ import annotations

import difflib
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from conductor_core.domain.rising import longest_rising

_SMALL = 1_000_000
"""Pairs of lines up to which difflib is quick enough."""

Block = tuple[int, int, int, int]


@dataclass(frozen=True)
class Line:
    """One row: `old` and `new` are line numbers from 1, None on the side where it isn't. A `fold` stands for `count`
    equal lines.
    """

    kind: Literal["context", "added", "removed", "fold"]
    text: str = ""
    old: int | None = None
    new: int | None = None
    count: int = 0


def lines(old: str, new: str, context: int = 3) -> tuple[Line, ...]:
    """The rows of a unified view; `context` equal lines stay around each change, the rest is folded. Equal texts are
    one fold.
    """
    a, b = old.splitlines(), new.splitlines()
    out: list[Line] = []
    at_old = at_new = 0
    for i1, i2, j1, j2 in [*changes(a, b), (len(a), len(a), len(b), len(b))]:
        last = i1 == len(a) and j1 == len(b)
        out.extend(_equal(a, at_old, at_new, i1 - at_old, context if at_old or at_new else 0, 0 if last else context))
        out.extend(Line("removed", a[i], i + 1) for i in range(i1, i2))
        out.extend(Line("added", b[j], None, j + 1) for j in range(j1, j2))
        at_old, at_new = i2, j2
    return tuple(out)


def _equal(a: Sequence[str], old: int, new: int, count: int, head: int, tail: int) -> Iterator[Line]:
    folded = count - head - tail
    for n in range(count):
        if folded > 1 and n == head:
            yield Line("fold", "", old + n + 1, new + n + 1, folded)
        if folded <= 1 or n < head or n >= count - tail:
            yield Line("context", a[old + n], old + n + 1, new + n + 1)


def changes(a: Sequence[str], b: Sequence[str]) -> list[Block]:
    """The ranges [i1, i2) of `a` that became [j1, j2) of `b`, in order, none empty on both sides and none touching
    the next.
    """
    out: list[Block] = []
    for i1, i2, j1, j2 in _raw(a, b, 0, len(a), 0, len(b)):
        if out and out[-1][1] == i1 and out[-1][3] == j1:
            out[-1] = (out[-1][0], i2, out[-1][2], j2)
        else:
            out.append((i1, i2, j1, j2))
    return out


def _raw(a: Sequence[str], b: Sequence[str], i1: int, i2: int, j1: int, j2: int) -> Iterator[Block]:
    while i1 < i2 and j1 < j2 and a[i1] == b[j1]:
        i1, j1 = i1 + 1, j1 + 1
    while i1 < i2 and j1 < j2 and a[i2 - 1] == b[j2 - 1]:
        i2, j2 = i2 - 1, j2 - 1
    if i1 == i2 and j1 == j2:
        return
    if (i2 - i1) * (j2 - j1) <= 1:
        yield i1, i2, j1, j2
    elif (i2 - i1) * (j2 - j1) <= _SMALL:
        for tag, p1, p2, q1, q2 in difflib.SequenceMatcher(None, a[i1:i2], b[j1:j2], autojunk=False).get_opcodes():
            if tag != "equal":
                yield i1 + p1, i1 + p2, j1 + q1, j1 + q2
    else:
        anchors = _anchors(a, b, i1, i2, j1, j2)
        if not anchors:
            yield i1, i2, j1, j2
            return
        for i, j in [*anchors, (i2, j2)]:
            yield from _raw(a, b, i1, i, j1, j)
            i1, j1 = i + 1, j + 1


def _anchors(a: Sequence[str], b: Sequence[str], i1: int, i2: int, j1: int, j2: int) -> list[tuple[int, int]]:
    """Lines that each side has once, in the longest run that is in order on both."""
    count_a, count_b = Counter(a[i1:i2]), Counter(b[j1:j2])
    where = {b[j]: j for j in range(j1, j2) if count_b[b[j]] == 1}
    pairs = [(i, where[a[i]]) for i in range(i1, i2) if count_a[a[i]] == 1 and a[i] in where]
    return [pairs[n] for n in longest_rising([j for _, j in pairs])]
