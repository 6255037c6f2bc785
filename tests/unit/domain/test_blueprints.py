"""Blueprints: what `blueprint.yaml` says, and references in add-ons."""

from __future__ import annotations

from typing import Any

import pytest

from conductor_core.domain.blueprints import BlueprintCatalogue, BrokenBlueprint, filled, from_document
from conductor_core.domain.variables import Variable
from conductor_core.errors import InputError, NotFoundError

VARIABLES = [
    Variable("environment"),
    Variable("network_cidr"),
    Variable("pod_cidrs"),
    Variable("node_pools"),
    Variable("x"),
]
LEAST = {"title": "T", "version": "1.0.0", "tier": "dev"}


def made(**fields: Any) -> Any:
    return from_document("small", "infra/terraform/blueprints/small", {**LEAST, **fields}, VARIABLES)


def test_the_least_that_a_blueprint_says_is_enough() -> None:
    small = made()
    assert [v.name for v in small.parameters] == ["network_cidr", "pod_cidrs", "node_pools", "x"]
    assert [(g.title, g.parameters) for g in small.grouped()] == [
        ("Parameters", ("network_cidr", "pod_cidrs", "node_pools", "x"))
    ]
    assert [small.kind(v.name) for v in small.parameters] == ["cidr", "cidr", "node_pools", ""]


def test_what_no_group_names_comes_last() -> None:
    grouped = made(groups=[{"title": "Net", "parameters": ["network_cidr"]}], parameters={"x": {"kind": "cidr"}})
    assert [g.title for g in grouped.grouped()] == ["Net", "Other parameters"]
    assert grouped.kind("x") == "cidr"


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("environment/network_cidr", "network_cidr"),
        ("environment/pod_cidrs[2]", "pod_cidrs"),
        ("environment/x.inner", "x"),
        ("environment/nodes", "node_pools"),
        ("environment/cpus", "node_pools"),
        ("environment/kubernetes", ""),  # it has no such parameter
        ("environment/name", "environment"),
        ("environment/environment", ""),
        ("environment/limits/environments", ""),
        ("environment", ""),
        ("change/x", ""),
        ("", ""),
    ],
)
def test_a_finding_is_about_the_parameter_that_its_path_names(path: str, name: str) -> None:
    assert made().about(path) == name


@pytest.mark.parametrize(
    "fields",
    [
        {"groups": [{"title": "A", "parameters": ["nope"]}]},
        {"groups": [{"title": "A", "parameters": ["x"]}, {"title": "B", "parameters": ["x"]}]},
        {"groups": [{"title": "A", "parameters": ["environment"]}]},
        {"parameters": {"nope": {}}},
    ],
)
def test_a_parameter_that_is_not_declared_is_named(fields: dict[str, Any]) -> None:
    with pytest.raises(InputError):
        made(**fields)


def test_a_module_without_a_name_is_no_blueprint() -> None:
    with pytest.raises(InputError, match="no variable 'environment'"):
        from_document("small", "f", LEAST, [Variable("x")])


def test_references_are_filled_or_known_to_be_unknown() -> None:
    outputs = {"namespaces": {"app": "blue-app"}, "later": None}
    assert filled("${environment}-${var.x.y}", "blue", {"x": {"y": True}}, {}) == "blue-true"
    assert filled("${output.namespaces.app}", "blue", {}, outputs) == "blue-app"
    assert filled("${output.later}", "blue", {}, outputs) is None
    assert filled("${output.anything}", "blue", {}, {}) is None
    assert filled("${HOME} $(x)", "blue", {}, {}) == "${HOME} $(x)"
    for text in ("${var.nope}", "${output.namespaces}", "${var}"):
        with pytest.raises(InputError, match="stands for nothing"):
            filled(text, "blue", {}, outputs)


def test_a_broken_blueprint_says_why_when_asked_for() -> None:
    catalogue = BlueprintCatalogue({"small": made()}, (BrokenBlueprint("a/b/half", "It has no title."),))
    assert catalogue.get("small").name == "small"
    with pytest.raises(InputError) as caught:
        catalogue.get("half")
    assert caught.value.why == "It has no title."
    with pytest.raises(NotFoundError, match="no blueprint 'moon'"):
        catalogue.get("moon")
