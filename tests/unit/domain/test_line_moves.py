"""Moved lines are equal on both sides, go and come, and a block is told once."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from conductor_core.domain import text_lines
from conductor_core.domain.line_moves import Moved, moved
from tests.examples import examples
from tests.timing import processor_seconds

words = st.sampled_from(["- a", "- b", "image: shop/api:1.0", "name: log", "}", "", "kind: ConfigMap of the shop"])
texts = st.lists(words, max_size=30)


def found(old: list[str], new: list[str]) -> tuple[Moved, ...]:
    return moved(old, new, text_lines.changes(old, new))


@settings(max_examples=examples(200))
@given(texts, texts)
def test_a_moved_line_goes_once_and_comes_once(old: list[str], new: list[str]) -> None:
    changes = text_lines.changes(old, new)
    gone = {i for i1, i2, _, _ in changes for i in range(i1, i2)}
    come = {j for _, _, j1, j2 in changes for j in range(j1, j2)}
    for m in moved(old, new, changes):
        assert old[m.old : m.old + m.count] == new[m.new : m.new + m.count]
        for n in range(m.count):
            gone.remove(m.old + n)
            come.remove(m.new + n)
    rest = [old[i] for i in sorted(gone)], [new[j] for j in sorted(come)]
    kept = [line for n, line in enumerate(old) if not any(i1 <= n < i2 for i1, i2, _, _ in changes)]
    assert len(kept) + len(gone) + sum(m.count for m in found(old, new)) == len(old)
    assert len(kept) + len(rest[1]) + sum(m.count for m in found(old, new)) == len(new)


def test_a_container_that_moved_in_its_list_is_one_block() -> None:
    api = ["- name: api", "  image: shop/api:1.0", "  ports:", "  - containerPort: 80"]
    log = ["- name: log", "  image: shop/log:2.0"]
    assert found(["containers:", *api, *log], ["containers:", *log, *api]) == (Moved(5, 1, 2),)


def test_a_block_of_text_that_moved_while_others_changed_is_found() -> None:
    block = ["[cache]", "size = 100", "ttl = 60"]
    rest = ["[log]", "to = stdout", "form = json", "fields = all"]
    old = ["[main]", "port = 80", *block, *rest, "level = info"]
    new = ["[main]", "port = 81", *rest, "level = debug", *block]
    assert found(old, new) == (Moved(2, 7, 3),)


def test_a_brace_or_a_short_line_elsewhere_is_no_move() -> None:
    assert found(["}", "one: 1", "x: 1"], ["two: 2", "y: 2", "}"]) == ()


@pytest.mark.timed
def test_twenty_thousand_lines_that_moved_take_under_a_second() -> None:
    old = [f"key-{n}: the value number {n}" for n in range(20_000)]
    new = [*old[10_000:], *old[:10_000]]
    changes = text_lines.changes(old, new)
    assert sum(m.count for m in moved(old, new, changes)) == 10_000
    assert processor_seconds(lambda: moved(old, new, changes)) < 1
