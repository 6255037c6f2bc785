"""A live object counts only where the release sets it or had set it; the server's spelling is no difference."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from conductor_core.domain import quantities
from conductor_core.domain.difference import diff
from conductor_core.domain.projection import overlay, project, served, set_by_server
from tests.examples import examples


def edits(
    live: dict[str, Any], wanted: dict[str, Any] | None, applied: dict[str, Any] | None = None
) -> list[tuple[str, str]]:
    found = project(live, wanted, applied)
    return [(e.op, e.pointer) for e in diff(found.before, found.after)]


META: dict[str, Any] = {"name": "x"}
SERVER: dict[str, Any] = {
    "uid": "1", "resourceVersion": "9", "generation": 3, "creationTimestamp": "2030-01-01T00:00:00Z",
    "managedFields": [{}], "name": "x", "annotations": {"deployment.kubernetes.io/revision": "4"},
}  # fmt: skip
CONTAINER = {"name": "api", "image": "a:1", "imagePullPolicy": "IfNotPresent", "terminationMessagePath": "/dev/x"}


def test_what_the_server_adds_is_no_difference() -> None:
    live = {
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": SERVER, "status": {"replicas": 2},
        "spec": {"replicas": 2, "strategy": {"type": "RollingUpdate"}, "template": {"spec": {
            "containers": [CONTAINER, {"name": "injected-sidecar", "image": "mesh:1"}], "dnsPolicy": "ClusterFirst"}}},
    }  # fmt: skip
    wanted = {
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": META,
        "spec": {"replicas": 2, "template": {"spec": {
            "containers": [{"name": "api", "image": "a:1", "resources": {}}]}}},
    }  # fmt: skip
    assert edits(live, wanted) == []
    assert len(project(live, wanted, None).left) == 6


def test_what_the_release_sets_differently_is_one() -> None:
    live, wanted = (
        {"spec": {"replicas": 5, "containers": [CONTAINER]}},
        {"spec": {"replicas": 2, "containers": [{"name": "api", "image": "a:2"}]}},
    )
    assert edits(live, wanted) == [("changed", "/spec/containers/name=api/image"), ("changed", "/spec/replicas")]


def test_what_was_applied_and_is_no_longer_wanted_is_removed() -> None:
    live = {"spec": {"a": 1, "b": 2, "server": 3, "items": [{"name": "x"}, {"name": "y"}, {"name": "alien"}]}}
    applied = {"spec": {"a": 1, "b": 2, "items": [{"name": "x"}, {"name": "y"}]}}
    wanted = {"spec": {"a": 1, "items": [{"name": "x"}]}}
    assert edits(live, wanted, applied) == [("removed", "/spec/b"), ("removed", "/spec/items/name=y")]


def test_what_somebody_added_by_hand_and_nobody_applied_is_left_out() -> None:
    assert edits({"spec": {"a": 1, "extra": 2}}, {"spec": {"a": 1}}, {"spec": {"a": 1}}) == []


def test_a_field_that_live_lost_is_added() -> None:
    assert edits({"spec": {}}, {"spec": {"a": 1}}, {"spec": {"a": 1}}) == [("added", "/spec/a")]


def test_string_data_is_compared_as_the_server_stores_it() -> None:
    live = {"kind": "Secret", "data": {"a": "eA=="}}
    assert edits(live, {"kind": "Secret", "stringData": {"a": "x"}}) == []
    assert edits(live, {"kind": "Secret", "stringData": {"a": "y"}}) == [("changed", "/data/a")]


@pytest.mark.parametrize(
    ("live", "wanted"),
    [({"cpu": "500m"}, {"cpu": 0.5}), ({"memory": "1Gi"}, {"memory": "1024Mi"}), ({"cpu": "1"}, {"cpu": 1})],
)
def test_equal_quantities_are_no_difference(live: dict[str, Any], wanted: dict[str, Any]) -> None:
    assert edits({"spec": {"resources": {"limits": live}}}, {"spec": {"resources": {"limits": wanted}}}) == []


def test_an_amount_that_is_really_another_is_a_difference() -> None:
    assert edits({"limits": {"cpu": "500m"}}, {"limits": {"cpu": "5"}}) == [("changed", "/limits/cpu")]
    assert edits({"data": {"x": "1000m"}}, {"data": {"x": "1"}}) == [("changed", "/data/x")]


def test_nulls_and_empty_maps_of_a_chart_are_no_difference() -> None:
    assert edits({"metadata": META}, {"metadata": {"name": "x", "annotations": {}, "labels": None}}) == []
    assert edits({"volumes": [{"name": "v", "emptyDir": {}}]}, {"volumes": [{"name": "v", "emptyDir": {}}]}) == []


@pytest.mark.parametrize(
    ("text", "same"), [("1e3", "1k"), ("0.1", "100m"), ("1Ki", 1024), (".5", "500m"), ("100n", "0.1u")]
)
def test_quantities(text: object, same: object) -> None:
    assert quantities.equal(text, same)


@pytest.mark.parametrize("text", ["", "1x", "abc", None, True, "1 Gi", {}])
def test_what_is_no_quantity(text: object) -> None:
    assert quantities.parse(text) is None


def test_zero_values_are_left_out_by_the_server_but_not_in_custom_resources() -> None:
    wanted = {"apiVersion": "apps/v1", "spec": {"paused": False, "env": "", "count": 0}}
    assert edits({"apiVersion": "apps/v1", "spec": {}}, wanted) == []
    custom = "argoproj.io/v1alpha1"
    assert edits({"apiVersion": custom, "spec": {}}, wanted | {"apiVersion": custom}) == [
        ("added", "/spec/count"),
        ("added", "/spec/env"),
        ("added", "/spec/paused"),
    ]
    assert edits({"apiVersion": "apps/v1", "spec": {"paused": True}}, wanted) == [("changed", "/spec/paused")]


leaves = st.integers(0, 2) | st.sampled_from(["a", "b"])
names = st.sampled_from(["x", "y", "z"])
objects = st.recursive(
    st.dictionaries(names, leaves, min_size=1, max_size=3),
    lambda inner: st.dictionaries(
        names,
        leaves
        | inner
        | st.lists(inner.map(lambda o: {**o, "name": str(len(o))}), max_size=3, unique_by=lambda o: o["name"]),
        min_size=1,
        max_size=3,
    ),
    max_leaves=12,
)


@settings(max_examples=examples(60))
@given(objects, objects, objects)
def test_the_whole_object_after_a_change_has_the_change_and_keeps_the_rest(
    live: Any, wanted: Any, applied: Any
) -> None:
    found = project(live, wanted, applied)
    assert found.after is not None
    after = overlay(live, found.before, found.after)
    again = project(after, found.after, None)
    assert diff(again.before, found.after) == ()
    assert len(diff(live, after)) <= len(diff(found.before, found.after))


def test_items_of_others_stay_in_their_places() -> None:
    live = [{"name": "mesh", "v": 1}, {"name": "a", "v": 1, "d": 0}, {"name": "b"}]
    before, after = [{"name": "a", "v": 1}, {"name": "b"}], [{"name": "a", "v": 2}, {"name": "c"}]
    assert overlay(live, before, after) == [{"name": "mesh", "v": 1}, {"name": "a", "v": 2, "d": 0}, {"name": "c"}]
    assert overlay(live, before, []) == [{"name": "mesh", "v": 1}]
    assert overlay([{"a": 1, "d": 0}, 2], [{"a": 1}, 2], [{"a": 3}, 2, 5]) == [{"a": 3, "d": 0}, 2, 5]


def test_a_whole_object_is_what_the_server_gives_but_for_its_record_of_writers() -> None:
    assert "managedFields" not in served({"metadata": SERVER, "status": {}})["metadata"]
    assert set_by_server({"metadata": SERVER, "status": {}})[-1] == ("status",)
    assert ("metadata", "uid") in set_by_server({"metadata": SERVER})
