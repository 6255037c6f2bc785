"""A rename is told as one, and what only looks alike by chance isn't."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from conductor_core.domain.comparison import Pair, Side, compare, masker_for
from conductor_core.domain.manifests import Identity
from conductor_core.domain.moves import moves
from tests.examples import examples


def named(name: str, kind: str = "ConfigMap", namespace: str = "x") -> Identity:
    return Identity("", kind, namespace, name)


def config(**data: str) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "any"}, "data": data}


def test_the_most_alike_are_paired_first_and_each_once() -> None:
    gone = {named("a"): config(x="1", y="2", z="3"), named("b"): config(x="1", y="2", z="3", w="4", v="5")}
    came = {named("c"): config(x="1", y="2", z="3", w="4", v="6"), named("d"): config(x="1", y="2", z="3")}
    assert moves(gone, came) == {named("d"): named("a"), named("c"): named("b")}
    assert moves({named("a"): config(x="1")}, {named("b"): config(x="1"), named("c"): config(x="1")}) == {
        named("b"): named("a")
    }


def test_other_kinds_other_contents_and_empty_objects_did_not_move() -> None:
    one = {named("a"): config(x="1", y="2")}
    assert moves(one, {named("b", "Secret"): config(x="1", y="2")}) == {}
    assert moves(one, {named("b"): config(x="1", y="9")}) == {}
    bare = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "a"}}
    assert moves({named("a", "ServiceAccount"): bare}, {named("b", "ServiceAccount"): bare}) == {}


def test_too_many_to_tell_apart_are_not_told() -> None:
    gone, came = ({named(f"{side}{n}"): config(x=str(n)) for n in range(150)} for side in "ab")
    assert moves(gone, came) == {}


@settings(max_examples=examples(30))
@given(st.permutations("abcdef"), st.permutations("abcdef"))
def test_the_order_of_arrival_changes_nothing(one: list[str], other: list[str]) -> None:
    contents = {n: config(x=n, y=n, z=n) for n in "abcdef"}
    found = moves({named(n): contents[n] for n in one}, {named(f"{n}2"): contents[n] for n in other})
    assert found == {named(f"{n}2"): named(n) for n in "abcdef"}


def test_a_comparison_tells_both_ends_of_a_move() -> None:
    pairs = {named("a"): Pair(config(x="1", y="2"), None), named("b"): Pair(None, config(x="1", y="2"))}
    went, came = compare(Side("a", "a"), Side("b", "b"), pairs, masker_for(b"k" * 16, pairs)).resources
    assert went.notes[0] == "Moved: it comes again as ConfigMap x/b."
    assert came.notes[0] == "Moved: it was ConfigMap x/a."
    same = {named("a"): Pair(config(x="1"), config(x="1"))}
    assert compare(Side("a", "a"), Side("b", "b"), same, masker_for(b"k" * 16, same)).resources[0].notes == ()
