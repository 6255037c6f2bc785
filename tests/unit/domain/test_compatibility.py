"""The solver of partial rollbacks: ranges, learned sets, and the smallest set that works."""

from __future__ import annotations

import pytest
import yaml

from conductor_core.domain.compatibility import conflicts, holds, key, parse, solve, undeclared
from conductor_core.errors import InputError
from conductor_core.settings import PROJECT_ROOT

MATRIX = parse(yaml.safe_load((PROJECT_ROOT / "data" / "compatibility.yaml").read_text()), "compatibility.yaml")
RUNNING = {"api": "1.4.2", "ui": "2.3.0"}
HAD = {"api": ["1.3.1", "1.3.9", "1.4.2"], "ui": ["1.9.0", "2.2.0", "2.3.0"]}


@pytest.mark.parametrize(
    ("version", "ranges", "true"),
    [
        ("1.4.0", ">=1.4.0, <2.0.0", True),
        ("2.0.0-rc.1", "<2.0.0", True),
        ("2.0.0-rc.1", ">=2.0.0", False),
        ("v1.4", "1.4.0", True),
        ("1.10.0", ">1.9", True),
        ("1.4.0", "", True),
    ],
)
def test_ranges(version: str, ranges: str, true: bool) -> None:
    assert holds(version, ranges) is true


def test_versions_are_ordered_as_semver_says() -> None:
    order = ["1.0.0-alpha", "1.0.0-alpha.1", "1.0.0-alpha.beta", "1.0.0-beta.2", "1.0.0-beta.11", "1.0.0-rc.1", "1.0.0"]
    assert sorted([*order[3:], *order[:3]], key=key) == order
    with pytest.raises(InputError):
        key("latest")


def test_a_ui_that_works_with_the_api_may_go_back_alone() -> None:
    answer = solve(MATRIX, RUNNING, {"ui": "2.2.0"}, HAD)
    assert (answer.safe, answer.breaks, answer.changes) == (True, (), {"ui": "2.2.0"})


def test_a_ui_that_would_break_comes_with_the_smallest_set_that_works() -> None:
    answer = solve(MATRIX, RUNNING, {"ui": "1.9.0"}, HAD)
    assert not answer.safe
    assert "ui 1.9.0 needs api >=1.0.0, <1.4.0, and it is 1.4.2" in answer.breaks[0]
    assert answer.changes == {"ui": "1.9.0", "api": "1.3.9"}  # the nearest that works, not the oldest
    assert answer.versions is not None
    assert conflicts(MATRIX, answer.versions) == ()


def test_a_set_that_passed_together_is_safe_whatever_is_declared() -> None:
    wish = {"ui": "1.9.0"}
    answer = solve(MATRIX, RUNNING, wish, HAD, [{"api": "1.4.2", "ui": "1.9.0"}])
    assert answer.safe
    assert "passed validation together" in answer.why[0]


def test_without_a_way_it_says_so_and_undeclared_versions_are_named() -> None:
    answer = solve(MATRIX, RUNNING, {"ui": "1.9.0"}, {"api": ["1.4.2"], "ui": ["1.9.0"]})
    assert (answer.versions, answer.changes) == (None, {})
    assert undeclared(MATRIX, {"ui": "9.0.0", "api": "1.4.2"}) == ("ui",)
    assert "No entry covers ui 9.0.0" in solve(MATRIX, RUNNING, {"ui": "9.0.0"}, HAD).why[1]


@pytest.mark.parametrize(
    "document",
    [
        None,
        {"components": {}},
        {"components": {"ui": {"release": "x"}}},
        {"components": {"ui": {"release": "x", "value": "tag"}}, "requires": [{"component": "ui"}]},
        {
            "components": {"ui": {"release": "x", "value": "tag"}},
            "requires": [{"component": "ui", "versions": ">=soon", "needs": {"api": "1"}}],
        },
    ],
)
def test_a_file_that_can_not_be_used_is_refused(document: object) -> None:
    with pytest.raises(InputError):
        parse(document, "compatibility.yaml")
