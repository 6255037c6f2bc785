"""Environments as the record has them: from the first apply to the destroy that succeeded."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from conductor_core.domain import environments as e
from conductor_core.domain.actors import LOCAL_ACTORS
from conductor_core.domain.blueprints import from_document
from conductor_core.domain.changes import Change, Check, State
from conductor_core.domain.environment_differences import differences
from conductor_core.domain.plans import Plan
from conductor_core.domain.variables import Variable
from conductor_core.errors import InputError

START = datetime(2026, 11, 24, 10, 0, tzinfo=UTC)
FACTS = {"blueprint": "small 1.0.0", "networks": "network_cidr=10.1.0.0/16", "nodes": "3", "cpus": "12"}


def change(number: int, book: str, state: State, name: str = "blue", **fields: Any) -> Change:
    at = START + timedelta(minutes=number)
    asked: dict[str, object] = {"environment": name}
    if book == e.PROVISION:
        asked |= {"blueprint": "small", "tier": "dev", "variables": {"network_cidr": "10.1.0.0/16"}}
    made = Change(
        f"chg-{number:026d}", book, "t", f"environment/{name}", "dev", asked, LOCAL_ACTORS["requester"], "why", at, at,
        state, plan=Plan((), FACTS),
    )  # fmt: skip
    return replace(made, **fields)


WELL: dict[str, Any] = {"notebook": "sha256:n", "checks": (Check("nodes", True, "3 of 3"),)}
ILL: dict[str, Any] = {"notebook": "sha256:n", "checks": (Check("nodes", False, "2 of 3"),)}


def of(*changes: Change) -> e.Environment | None:
    return e.inventory(reversed(changes), {"chg-00000000000000000000000001": {"n": 1}}).get("blue")


def test_an_environment_lives_from_apply_to_destroy() -> None:
    asked = change(1, e.PROVISION, State.AWAITING_APPROVAL)
    planned = of(asked)
    assert planned is not None
    assert (planned.state, planned.health, planned.pending, planned.exists) == ("planned", "missing", asked.id, False)
    there = of(replace(asked, state=State.SUCCEEDED, **WELL))
    assert there is not None
    assert (there.state, there.health, there.version, there.outputs) == ("active", "healthy", "1.0.0", {"n": 1})
    assert (there.shape.nodes, there.shape.networks[0][1].cidr) == (3, "10.1.0.0/16")
    done = replace(asked, state=State.SUCCEEDED, **WELL)
    waiting = of(done, change(2, e.DESTROY, State.AWAITING_APPROVAL))
    assert waiting is not None
    assert (waiting.state, waiting.pending) == ("active", "chg-00000000000000000000000002")
    gone = of(done, change(2, e.DESTROY, State.SUCCEEDED, notebook="sha256:d"))
    assert gone is not None
    assert (gone.state, gone.health, gone.exists) == ("destroyed", "missing", False)
    anew = of(done, change(2, e.DESTROY, State.SUCCEEDED, notebook="d"), change(3, e.PROVISION, State.EXECUTING))
    assert anew is not None
    assert (anew.state, anew.health, anew.created_at) == ("provisioning", "unknown", START + timedelta(minutes=3))


@pytest.mark.parametrize("state", [State.DENIED, State.REJECTED, State.CANCELLED, State.FAILED])
def test_what_never_began_is_no_environment(state: State) -> None:
    assert of(change(1, e.PROVISION, state)) is None
    done = change(1, e.PROVISION, State.SUCCEEDED, **WELL)
    kept = of(done, change(2, e.PROVISION, state))
    assert kept is not None
    assert (kept.change, kept.pending, kept.state) == (done.id, "", "active")


def test_a_failed_apply_may_have_left_something() -> None:
    left = of(change(1, e.PROVISION, State.FAILED, notebook="sha256:n"))
    assert left is not None
    assert (left.state, left.exists) == ("failed", True)
    lost = of(change(1, e.PROVISION, State.UNKNOWN))
    assert lost is not None
    assert (lost.state, lost.exists) == ("unknown", True)


def test_a_validation_tells_the_health() -> None:
    done = change(1, e.PROVISION, State.SUCCEEDED, **WELL)
    ill = of(done, change(2, e.VALIDATE, State.FAILED, **ILL))
    assert ill is not None
    assert (ill.state, ill.health, ill.health_detail) == ("active", "degraded", "nodes: 2 of 3")


def test_the_shape_counts_nodes_in_every_zone() -> None:
    names = ("environment", "network_cidr", "node_pools", "zones", "kubernetes_version")
    blueprint = from_document("b", "f", {"title": "T", "version": "1.0.0", "tier": "dev"}, map(Variable, names))
    shape = e.shape_of(
        blueprint,
        {
            "network_cidr": "10.0.0.0/14",
            "zones": ["a", "b", "c"],
            "node_pools": {"g": {"nodes": 2, "cpu": 4}, "m": {"nodes": 1, "cpu": 8, "zones": ["a"]}, "odd": "x"},
            "kubernetes_version": "1.34.4",
        },
    )
    assert (shape.nodes, shape.cpus, shape.kubernetes) == (7, 32, "1.34.4")
    assert e.shape_from(shape.facts()) == shape


def test_two_environments_differ_by_path() -> None:
    one = of(change(1, e.PROVISION, State.SUCCEEDED, **WELL))
    assert one is not None
    other = e.Environment(**{**vars(one), "parameters": {"network_cidr": "10.2.0.0/16"}, "version": "2.0.0"})
    assert [(d.name, d.left, d.right) for d in differences(one, other)] == [
        ("version", "1.0.0", "2.0.0"),
        ("parameters.network_cidr", "10.1.0.0/16", "10.2.0.0/16"),
    ]
    assert differences(one, one) == ()
    bare = replace(one, parameters={}, outputs={})
    assert all(d.right is None for d in differences(one, bare)), "what is empty is no difference of its own"


@pytest.mark.parametrize("name", ["", "a", "Blue", "-blue", "blue-", "x" * 33, "../x", "blue\n"])
def test_names_that_could_be_something_else_are_refused(name: str) -> None:
    with pytest.raises(InputError):
        e.checked_name(name)
