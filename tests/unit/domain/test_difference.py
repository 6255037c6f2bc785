"""Edits are exact: applied to one tree they give the other, whatever the trees are."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from conductor_core.domain.difference import Edit, MovedItem, apply, diff, merge_patch, moved_items, pointer, same
from tests.examples import examples
from tests.fakes.object_patches import merged
from tests.timing import processor_seconds

leaves = (
    st.none() | st.booleans() | st.integers(-3, 3) | st.sampled_from([0.0, 1.0, 0.5]) | st.text("ab/~=", max_size=3)
)
field_names = st.sampled_from(["name", "key", "ip", "type", "containerPort", "protocol", "mountPath", "x", "a/b", "~"])
trees = st.recursive(
    leaves,
    lambda c: (
        st.lists(c, max_size=5)
        | st.dictionaries(field_names, c, max_size=4)
        | st.lists(
            st.fixed_dictionaries({"name": st.sampled_from(["a", "b", "c", "d"])}, optional={"v": c, "protocol": c}),
            max_size=5,
        )
    ),
    max_leaves=25,
)


@settings(max_examples=examples(600))
@given(trees, trees)
def test_applying_the_diff_to_one_gives_the_other(old: Any, new: Any) -> None:
    before = copy.deepcopy(old)
    edits = diff(old, new)
    assert same(apply(old, edits), new)
    assert old == before
    assert bool(edits) == (not same(old, new))


@given(trees)
def test_a_tree_is_the_same_as_its_copy(tree: Any) -> None:
    assert diff(tree, copy.deepcopy(tree)) == ()


@given(trees, trees)
def test_the_way_back_is_a_diff_as_well(old: Any, new: Any) -> None:
    assert same(apply(apply(old, diff(old, new)), diff(new, old)), old)


def paths(old: Any, new: Any) -> list[tuple[str, str]]:
    return [(e.op, e.pointer) for e in diff(old, new)]


def test_containers_are_matched_by_name_and_not_by_place() -> None:
    old = {"containers": [{"name": "api", "image": "a:1"}, {"name": "log", "image": "l:1"}]}
    new = {"containers": [{"name": "init", "image": "i:1"}, {"name": "api", "image": "a:2"}]}
    assert paths(old, new) == [
        ("changed", "/containers/name=api/image"),
        ("removed", "/containers/name=log"),
        ("added", "/containers/name=init"),
        ("reordered", "/containers"),
    ]


named_items = st.lists(st.sampled_from("abcdefg"), unique=True, max_size=7)


@given(named_items, named_items)
def test_the_order_is_explained_by_the_moved_items_alone(old: list[str], new: list[str]) -> None:
    moved = moved_items(old, new)
    assert all(old[m.old - 1] == new[m.new - 1] == m.item for m in moved)
    away = {m.item for m in moved}
    stays = [x for x in old if x in new and x not in away]
    assert [x for x in new if x in stays] == stays


def test_one_item_that_moved_is_one_move() -> None:
    assert moved_items(["a", "b", "c", "d"], ["d", "a", "x", "b", "c"]) == (MovedItem("d", 4, 1),)
    assert moved_items(["a"], ["x", "a"]) == ()


def test_ports_are_matched_by_number_and_protocol_with_its_default() -> None:
    old = {"ports": [{"containerPort": 53, "protocol": "UDP"}, {"containerPort": 53}]}
    new = {"ports": [{"containerPort": 53, "protocol": "UDP", "name": "dns"}, {"containerPort": 53, "protocol": "TCP"}]}
    assert paths(old, new) == [
        ("added", "/ports/containerPort=53,protocol=UDP/name"),
        ("added", "/ports/containerPort=53,protocol=TCP/protocol"),
    ]


def test_mounts_that_share_a_volume_are_matched_by_their_path() -> None:
    old = {"volumeMounts": [{"name": "d", "mountPath": "/a"}, {"name": "d", "mountPath": "/b"}]}
    new = {"volumeMounts": [{"name": "d", "mountPath": "/a", "readOnly": True}, {"name": "d", "mountPath": "/b"}]}
    assert paths(old, new) == [("added", "/volumeMounts/mountPath=~1a/readOnly")]


def test_a_text_put_into_the_middle_of_arguments_is_one_edit() -> None:
    assert paths(["-a", "-b", "-c"], ["-a", "-x", "-b", "-c"]) == [("added", "/1")]


def test_items_with_the_same_name_fall_back_to_their_place() -> None:
    old, new = [{"name": "a", "v": 1}, {"name": "a", "v": 2}], [{"name": "a", "v": 1}, {"name": "a", "v": 3}]
    assert paths(old, new) == [("changed", "/1/v")]


@pytest.mark.parametrize(("old", "new"), [(True, 1), (False, 0), (None, {}), ({}, []), ("1", 1), ([], ""), (0, None)])
def test_values_of_other_types_differ(old: Any, new: Any) -> None:
    assert diff(old, new) == (Edit("changed", (), old, new),)


def test_whole_numbers_are_equal_however_written() -> None:
    assert same(1, 1.0)


def test_pointers_are_escaped() -> None:
    assert pointer(("a/b", "~", 3)) == "/a~1b/~0/3"


@pytest.mark.timed
def test_twenty_thousand_lines_are_compared_within_a_second() -> None:
    old, new = [f"line {n}" for n in range(20_000)], [f"line {n * 2}" for n in range(20_000)]
    assert len(diff({"x": old}, {"x": new})) == 19_999
    assert processor_seconds(lambda: diff({"x": old}, {"x": new})) < 1


objects = st.recursive(
    st.integers(0, 2) | st.lists(st.integers(0, 2), max_size=2),
    lambda inner: st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
)


@settings(max_examples=examples(100))
@given(st.dictionaries(st.sampled_from("abc"), objects), st.dictionaries(st.sampled_from("abc"), objects))
def test_a_merge_patch_turns_one_into_the_other(old: Any, new: Any) -> None:
    patch = merge_patch(old, new)
    assert same(merged(old, patch), new)
    assert (patch == {}) == same(old, new)
