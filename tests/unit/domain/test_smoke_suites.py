"""Suites out of their files: what is filled, and what can't be."""

from __future__ import annotations

from typing import Any

import pytest

from conductor_core.domain.smoke_suites import filled, parse
from conductor_core.errors import InputError

FIELDS: dict[str, Any] = {
    "title": "Shop",
    "purpose": "Try it.",
    "base": "shop",
    "data": [{"id": 7, "deep": {"a": [1]}}],
    "checks": [
        {"name": "one", "http": {"path": "/items/{id}", "body": {"item": "{deep}", "text": "no {id}"}}},
        {
            "name": "two",
            "graphql": {"query": "{ items { id } }", "variables": {"id": "{id}"}},
            "expect": {"status": [200, 206]},
        },
    ],
}


def test_rows_fill_paths_bodies_and_variables_and_leave_queries_alone() -> None:
    suite = parse("shop", FIELDS, "sha256:x")
    one, two = suite.checks
    assert one.method == "POST"
    assert filled(one, suite.data[0]) == ("/items/7", {"item": {"a": [1]}, "text": "no 7"})
    path, body = filled(two, suite.data[0])
    assert (path, body) == ("/graphql", {"query": "{ items { id } }", "variables": {"id": 7}})
    assert (two.expect.status, two.expect.graphql) == ((200, 206), True)


@pytest.mark.parametrize("text", ["/items/{nothing}", "/items/{id!r}", "/items/{", "/items/{id.real}"])
def test_a_text_that_cant_be_filled_is_refused_when_the_suite_is_read(text: str) -> None:
    with pytest.raises(InputError, match="can't be filled"):
        parse("shop", {**FIELDS, "checks": [{"name": "one", "http": {"path": text}}]}, "sha256:x")
