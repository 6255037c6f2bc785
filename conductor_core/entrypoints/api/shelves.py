"""Releases and comparisons as JSON."""

from __future__ import annotations

from typing import Any


def releases_form(releases: Any) -> dict[str, object]:
    return {"releases": []}


def comparison_form(comparison: Any) -> dict[str, object]:
    return comparison.as_json()
