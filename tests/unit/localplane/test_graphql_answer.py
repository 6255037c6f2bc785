"""The simulator's GraphQL: the asked top-level fields, nothing else."""

from __future__ import annotations

import pytest

from conductor_core.localplane.graphql_answer import answer, top_fields
from conductor_core.localplane.traffic import Workload

WORKLOAD = Workload("ns", "api-1", "api", "abc", "reg.example/api:1.2.3", 0.0, True)


@pytest.mark.parametrize(
    ("query", "fields"),
    [
        ("{ __typename }", ["__typename"]),
        ("query Smoke { health { status } version }", ["health", "version"]),
        ('query ($n: Int) { entities(first: $n, name: "{x}") { id kind } }', ["entities"]),
        ("{ alias: version # comment {\n }", ["version"]),
        ("", []),
        ("nonsense", []),
    ],
)
def test_top_fields(query: str, fields: list[str]) -> None:
    assert top_fields(query) == fields


def test_known_fields_are_answered() -> None:
    assert answer("{ version health { status } }", WORKLOAD) == {
        "data": {"version": "1.2.3", "health": {"status": "ok"}}
    }


def test_unknown_fields_and_no_selection_are_graphql_errors() -> None:
    assert answer("{ secrets version }", WORKLOAD) == {
        "errors": [{"message": "Cannot query field 'secrets' on type 'Query'."}]
    }
    assert "errors" in answer("", WORKLOAD)
