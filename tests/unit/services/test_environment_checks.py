"""Post-flight checks of an environment: what passes, and what is said when it does not."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from conductor_core.domain.changes import Change
from conductor_core.ports.locks import HeldLock
from conductor_core.ports.tofu import State
from conductor_core.services.operations import Context
from tests.fakes.environments import Estate


@pytest.fixture
def estate(tmp_path: Path) -> Estate:
    return Estate(tmp_path)


def look(estate: Estate, change: Change, name: str) -> Any:
    return estate.checks.probes()[f"environment_{name}"](Context(change, HeldLock("x", 0), lambda _: None))


def holding(estate: Estate, *objects: dict[str, str]) -> None:
    state = estate.tofu.state(estate.reads.workspace("blue", estate.reads.blueprint("small")))
    estate.tofu._states["blue"] = replace(state, objects=objects)


def test_nodes_are_told_by_pool(estate: Estate) -> None:
    change = estate.provision()
    assert look(estate, change, "nodes").passed
    holding(estate, {"kind": "Node", "name": "n-1"}, {"kind": "Node", "name": "n-2"})
    for name, ready in (("n-1", "True"), ("n-2", "False")):
        labels = {"conductor.summit/pool": "general"}
        status = {"conditions": [{"type": "Ready", "status": ready}]}
        about = {"name": name, "labels": labels}
        estate.cluster.put({"apiVersion": "v1", "kind": "Node", "metadata": about, "status": status})
    seen = look(estate, change, "nodes")
    assert (seen.passed, seen.detail) == (False, "general: 1 of 2 Ready")


def test_a_namespace_that_is_missing_is_named(estate: Estate) -> None:
    change = estate.provision()
    holding(estate, {"kind": "Namespace", "name": "blue-app"}, {"kind": "Namespace", "name": "blue-gone"})
    seen = look(estate, change, "namespaces")
    assert (seen.passed, seen.detail) == (False, "missing or ending: blue-gone")


def test_drift_is_what_a_new_plan_would_do(estate: Estate) -> None:
    change = estate.provision()
    assert look(estate, change, "drift").passed
    estate.tofu._states["blue"] = State(
        replace(estate.tofu._states["blue"].mark, serial=9), ("thing.blue",), {"namespaces": {}}
    )
    seen = look(estate, change, "drift")
    assert (seen.passed, seen.hopeless) == (False, True)
    assert "create thing.size-1" in seen.detail


def test_a_check_that_the_blueprint_does_not_name_is_not_asked(estate: Estate) -> None:
    seen = look(estate, estate.provision(), "api")
    assert (seen.passed, seen.detail) == (True, "not asked: the blueprint does not name this check")
