"""A difference is ours, the cluster's, or both's: whoever left the base."""

from __future__ import annotations

from typing import Any

import pytest

from conductor_core.domain.difference import diff
from conductor_core.domain.three_way import By, changed_by


@pytest.mark.parametrize(
    ("live", "wanted", "base", "by"),
    [
        ({"a": 1}, {"a": 2}, {"a": 1}, "us"),
        ({"a": 3}, {"a": 1}, {"a": 1}, "cluster"),
        ({"a": 3}, {"a": 2}, {"a": 1}, "both"),
        ({}, {"a": 1}, {}, "us"),
        ({}, {"a": 1}, {"a": 1}, "cluster"),
        ({"a": 1}, {}, {"a": 1}, "us"),
        ({"a": 2}, {}, {"a": 1}, "both"),
        ({"a": True}, {"a": 1}, {"a": 1}, "cluster"),
        ({"x": [{"name": "c", "v": 3}]}, {"x": [{"name": "c", "v": 1}]}, {"x": [{"name": "c", "v": 1}]}, "cluster"),
        ({"x": ["-a"]}, {"x": ["-b", "-a"]}, {"x": ["-a"]}, "us"),
        ({"x": ["-a", "-z"]}, {"x": ["-a"]}, {"x": ["-a"]}, "cluster"),
        ({"x": [{"name": "b"}, {"name": "a"}]}, {"x": [{"name": "a"}, {"name": "b"}]}, {"x": []}, "both"),
    ],
)
def test_who_made_a_difference(live: Any, wanted: Any, base: Any, by: By) -> None:
    (edit, *_) = diff(live, wanted)
    assert changed_by(edit.path, live, wanted, base) == by
