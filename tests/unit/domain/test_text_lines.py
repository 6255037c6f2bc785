"""The rows of a text diff rebuild both texts, whatever the texts are, and big ones stay fast."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conductor_core.domain import text_lines
from conductor_core.domain.text_lines import Line, lines
from tests.timing import processor_seconds

texts = st.lists(st.sampled_from(["a", "b", "c", "d: 1", ""]), max_size=30).map(
    lambda ls: "".join(f"{x}\n" for x in ls)
)


@given(texts, texts)
def test_rows_rebuild_both_texts(old: str, new: str) -> None:
    new += "an end of its own\n"  # equal texts are one fold, see below
    rows = lines(old, new, context=10_000)
    assert [r.text for r in rows if r.old is not None] == old.splitlines()
    assert [r.text for r in rows if r.new is not None] == new.splitlines()


@given(texts, texts, st.integers(0, 4))
def test_folds_stand_for_exactly_what_they_hide(old: str, new: str, context: int) -> None:
    rows = lines(old, new, context)
    for side, text in (("old", old), ("new", new)):
        covered = 0
        for r in rows:
            number = getattr(r, side)
            if number is not None:
                assert number == covered + 1
                covered += r.count or 1
        assert covered == len(text.splitlines())


def test_context_stays_around_a_change() -> None:
    old = "".join(f"{n}\n" for n in range(20))
    rows = lines(old, old.replace("10\n", "ten\n"), context=2)
    assert [(r.kind, r.text or r.count) for r in rows] == [
        ("fold", 8), ("context", "8"), ("context", "9"), ("removed", "10"), ("added", "ten"),
        ("context", "11"), ("context", "12"), ("fold", 7),
    ]  # fmt: skip


def test_equal_texts_are_one_fold() -> None:
    assert lines("a\nb\nc\n", "a\nb\nc\n") == (Line("fold", "", 1, 1, 3),)


@pytest.mark.timed
def test_twenty_thousand_changed_lines_among_others_take_under_a_second() -> None:
    before = [f"line {n}" for n in range(40_000)]
    old, new = "\n".join(before), "\n".join(x if n % 2 else f"{x} changed" for n, x in enumerate(before))
    assert processor_seconds(lambda: lines(old, new)) < 1
    assert sum(r.kind == "added" for r in lines(old, new)) == 20_000


def test_big_shuffled_texts_without_anchors_still_rebuild() -> None:
    source = random.Random(1)
    old, new = ([source.choice("abcdef") for _ in range(3000)] for _ in range(2))
    rows = lines("\n".join(old), "\n".join(new), context=10_000)
    assert [r.text for r in rows if r.old is not None] == old
    assert [r.text for r in rows if r.new is not None] == new
    assert text_lines.changes(old, old) == []
