"""What a runbook's parameters accept (security rule 16)."""

from __future__ import annotations

import re
from enum import IntEnum

import pytest

from conductor_core.domain.runbooks import DEFAULT_APPROVALS, Parameter, Runbook, accept
from conductor_core.errors import InputError


class Sly(str):
    """A subclass whose repr would be pasted into code."""

    __slots__ = ()


class Number(IntEnum):
    ONE = 1


PARAMETERS = (
    Parameter("release", "str", "", "Which release.", required=True, pattern=r"[a-z][a-z0-9-]*"),
    Parameter("channel", "str", "dev", choices=("dev", "staging")),
    Parameter("replicas", "int", 1),
    Parameter("weight", "float", 0.5),
    Parameter("force", "bool", False),
    Parameter("names", "list", []),
    Parameter("values", "dict", {}),
)
RUNBOOK = Runbook("deploy", "Deploy {release}", "Deploys.", "deploy", "deploy", "{channel}", "{channel}", PARAMETERS)
DEFAULTS = {"channel": "dev", "replicas": 1, "weight": 0.5, "force": False, "names": [], "values": {}}


def nested(depth: int) -> object:
    value: object = "x"
    for _ in range(depth):
        value = [value]
    return value


def test_defaults_fill_what_is_not_given() -> None:
    assert accept(RUNBOOK, {"release": "api"}) == {"release": "api", **DEFAULTS}


def test_a_whole_number_is_a_float_and_nothing_else_is_converted() -> None:
    accepted = accept(RUNBOOK, {"release": "api", "weight": 1})
    assert accepted["weight"] == 1


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("release", ""),
        ("release", None),
        ("release", "Api"),
        ("release", "api\n"),
        ("release", "api; import os"),
        ("release", Sly("api")),
        ("channel", "prod"),
        ("replicas", "1"),
        ("replicas", True),
        ("replicas", 1.0),
        ("replicas", Number.ONE),
        ("replicas", None),
        ("weight", float("nan")),
        ("weight", float("inf")),
        ("weight", True),
        ("force", 1),
        ("force", "true"),
        ("names", ("a",)),
        ("names", [b"a"]),
        ("names", [Sly("a")]),
        ("names", [object()]),
        ("names", nested(18)),
        ("values", {1: "a"}),
        ("values", {"a": {Sly("b"): 1}}),
        ("values", [("a", 1)]),
    ],
    ids=lambda value: re.sub(r" at 0x\w+", "", repr(value)),
)
def test_a_wrong_value_is_refused_and_named(name: str, value: object) -> None:
    with pytest.raises(InputError, match=f"Parameter {name} of runbook deploy"):
        accept(RUNBOOK, {"release": "api", name: value})


def test_an_optional_choice_may_be_left_empty() -> None:
    assert accept(RUNBOOK, {"release": "api", "channel": ""})["channel"] == ""


def test_an_undeclared_name_is_refused_with_those_that_are() -> None:
    with pytest.raises(InputError, match="no parameter 'x = 1") as refused:
        accept(RUNBOOK, {"release": "api", "x = 1\nimport os": 1})
    assert "release, channel" in refused.value.why


def test_a_type_that_is_none_is_our_error() -> None:
    odd = Runbook("odd", "", "", "", "", "", "", (Parameter("a", "bytes", b""),))
    with pytest.raises(InputError, match="Parameter a"):
        accept(odd, {})


@pytest.mark.parametrize(
    ("approvals", "tier", "needed"),
    [
        (DEFAULT_APPROVALS, "dev", 0),
        (DEFAULT_APPROVALS, "staging", 1),
        (DEFAULT_APPROVALS, "prod", 2),
        (DEFAULT_APPROVALS, "no-such-tier", 2),
        ({}, "dev", 2),
        ({"dev": 0, "default": 1}, "prod", 1),
        ({"dev": 0, "prod": 5}, "other", 5),
    ],
)
def test_an_unknown_tier_is_a_strict_one(approvals: dict[str, int], tier: str, needed: int) -> None:
    book = Runbook("a", "", "", "", "", "", "", (), approvals=approvals)
    assert book.approvals_for(tier) == needed
