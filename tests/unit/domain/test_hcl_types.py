"""Types of variables: what they take and how they convert it."""

from __future__ import annotations

from typing import Any

import pytest

from conductor_core.domain.hcl_types import accept
from conductor_core.domain.type_text import parse
from conductor_core.errors import InputError

POOLS = (
    'map(object({nodes = number, memory = optional(string, "16Gi"), zones = optional(list(string), []),'
    " taints = optional(set(object({key = string, effect = optional(string)})), [])}))"
)


@pytest.mark.parametrize(
    ("wanted", "value", "given"),
    [
        ("string", 3, "3"),
        ("string", 1.5, "1.5"),
        ("string", True, "true"),
        ("number", "3", 3),
        ("number", "-1.5e1", -15),
        ("bool", "true", True),
        ("any", {"a": [1]}, {"a": [1]}),
        ("list(number)", ["1", 2], [1, 2]),
        ("set(string)", ["b", "a", "b"], ["a", "b"]),
        ("map(bool)", {"x": "false"}, {"x": False}),
        ("tuple([string, number])", [1, "2"], ["1", 2]),
        ("list(string)", None, None),
        (POOLS, {"a": {"nodes": "2"}}, {"a": {"nodes": 2, "memory": "16Gi", "zones": [], "taints": []}}),
        ("object({a = optional(string)})", {}, {"a": None}),
        ("object({a = optional(object({b = optional(number, 1)}), {})})", {}, {"a": {"b": 1}}),
    ],
)
def test_values_are_converted_as_tofu_does(wanted: str, value: Any, given: Any) -> None:
    assert accept(parse(wanted), value, "v") == given


@pytest.mark.parametrize(
    ("wanted", "value", "place"),
    [
        ("number", "many", "v can't be a text"),
        ("number", True, "v can't be a truth"),
        ("bool", 1, "v can't be a number"),
        ("string", [], "v can't be a list"),
        ("list(string)", {"a": "b"}, "v can't be a map"),
        ("map(number)", {"a": "b"}, "v.a can't be a text"),
        ("tuple([string])", ["a", "b"], "v has 2 entries"),
        (POOLS, {"a": {}}, "v.a has no 'nodes'"),
        (POOLS, {"a": {"nodes": 1, "size": 2}}, "v.a has no attribute 'size'"),
        (POOLS, {"a": {"nodes": 1, "taints": [{"key": []}]}}, r"v\.a\.taints\[0\]\.key can't be a list"),
    ],
)
def test_what_does_not_fit_is_named_with_its_place(wanted: str, value: Any, place: str) -> None:
    with pytest.raises(InputError, match=place):
        accept(parse(wanted), value, "v")
