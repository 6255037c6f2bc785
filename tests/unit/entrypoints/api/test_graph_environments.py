"""Environments and blueprints in GraphQL."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from conductor_core.entrypoints.api.app import create_app
from tests.fakes.browser import Browser
from tests.fakes.conductor import build
from tests.fakes.environments import Estate

QUERY = """{ environments { name state upgrade parameters networks healthDetail }
  blueprints { name version parameters checks } }"""


def test_environments_and_blueprints_are_read(tmp_path: Path) -> None:
    estate = Estate(tmp_path / "root")
    estate.provision()
    conductor = replace(build(tmp_path / "home"), environments=estate.service)
    answer = Browser(create_app(conductor)).post("/graphql", {"query": QUERY})
    data = answer.json()["data"]
    assert data["environments"][0]["name"] == "blue"
    assert data["environments"][0]["state"] == "active"
    assert data["environments"][0]["networks"] == {"network_cidr": "10.1.0.0/16"}
    assert data["blueprints"][0]["name"] == "small"
    assert [p["name"] for p in data["blueprints"][0]["parameters"]] == ["network_cidr", "size", "shop", "key"]
