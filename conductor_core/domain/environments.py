"""Environments: what was asked for, what there is, and what the record says of each (features E1 to E9).

An environment is no row of its own: it is what its Changes have made. One exists from the first apply that was
dispatched until a destroy that succeeded.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from conductor_core.domain import networks
from conductor_core.domain.blueprints import NAME_VARIABLE, Blueprint
from conductor_core.domain.changes import BEFORE_EXECUTION, Change, State
from conductor_core.errors import InputError

PROVISION, DESTROY, VALIDATE = "provision_environment", "destroy_environment", "validate_environment"
NAME = re.compile(r"[a-z][a-z0-9-]{1,30}[a-z0-9]")


@dataclass(frozen=True)
class Asked:
    """What somebody asks for: an environment of a blueprint with these values (as given: secrets by reference).

    `allow_destroy`: whether the plan may delete or replace what is there. `replace`: addresses of resources that are
    made anew though nothing of them has changed.
    """

    environment: str
    blueprint: str
    tier: str
    variables: Mapping[str, Any] = field(default_factory=dict)
    allow_destroy: bool = False
    replace: tuple[str, ...] = ()

    def parameters(self) -> dict[str, object]:
        """These as the parameters of the runbook that provisions."""
        return {
            "environment": self.environment,
            "blueprint": self.blueprint,
            "tier": self.tier,
            "variables": dict(self.variables),
            "allow_destroy": self.allow_destroy,
            "replace": list(self.replace),
        }


def asked_of(change: Change) -> Asked:
    """What a Change asks for; raises `InputError` for a name that can't be an environment's."""
    given = change.parameters
    variables = given.get("variables") or {}
    if not isinstance(variables, Mapping):
        raise InputError("`variables` is no map.", next="Give names and their values.")
    return Asked(
        checked_name(str(given.get("environment", ""))),
        str(given.get("blueprint", "")),
        str(given.get("tier", "")),
        dict(variables),
        given.get("allow_destroy") is True,
        _addresses(given.get("replace")),
    )


def _addresses(given: object) -> tuple[str, ...]:
    found = tuple(given) if isinstance(given, list | tuple) else ()
    if not all(isinstance(a, str) and a.strip() and a.isprintable() for a in found):
        raise InputError("`replace` has an address that is none.", next="Give addresses as the plan shows them.")
    return found


def checked_name(name: str) -> str:
    """`name`, when it can be an environment's; raises `InputError`."""
    if not NAME.fullmatch(name):
        raise InputError(
            f"{name[:60]!r} can't be the name of an environment.",
            why="It has 3 to 32 lower-case letters, digits and '-', a letter first, no '-' at the end.",
            next="Give such a name.",
        )
    return name


@dataclass(frozen=True)
class Shape:
    """What policy and inventory compare of an environment: networks by place, nodes and processors in all, version."""

    networks: tuple[tuple[str, networks.Network], ...] = ()
    nodes: int = 0
    cpus: int = 0
    kubernetes: str = ""

    def facts(self) -> dict[str, str]:
        """These as short texts, for a plan."""
        told = {
            "networks": ", ".join(f"{path}={network.cidr}" for path, network in self.networks),
            "nodes": str(self.nodes),
            "cpus": str(self.cpus),
            "kubernetes": self.kubernetes,
        }
        return {key: value for key, value in told.items() if value not in ("", "0")}


def shape_of(blueprint: Blueprint, values: Mapping[str, Any]) -> Shape:
    """The shape that complete values give (defaults filled in)."""
    kinds = {v.name: blueprint.kind(v.name) for v in blueprint.variables}
    found = [n for name, kind in kinds.items() if kind == "cidr" for n in networks.found_in(values.get(name), name)]
    pools = [values.get(name) for name, kind in kinds.items() if kind == "node_pools"]
    zones = values.get("zones")
    spread = len(zones) if isinstance(zones, list) and zones else 1
    counted = [_counted(pool, spread) for group in pools for pool in _entries(group)]
    version = next((str(values.get(n) or "") for n, kind in kinds.items() if kind == "kubernetes_version"), "")
    return Shape(tuple(found), sum(n for n, _ in counted), sum(c for _, c in counted), version)


def shape_from(facts: Mapping[str, str]) -> Shape:
    """The shape that a plan's facts tell."""
    pairs = [part.partition("=") for part in facts.get("networks", "").split(", ") if "=" in part]
    return Shape(
        tuple((path, networks.parse(cidr)) for path, _, cidr in pairs),
        int(facts.get("nodes", 0)),
        int(facts.get("cpus", 0)),
        facts.get("kubernetes", ""),
    )


def _entries(group: object) -> Iterable[Mapping[str, Any]]:
    entries = group.values() if isinstance(group, Mapping) else group if isinstance(group, list) else ()
    return [e for e in entries if isinstance(e, Mapping)]


def _counted(pool: Mapping[str, Any], spread: int) -> tuple[int, int]:
    nodes = next((pool[k] for k in ("nodes", "count", "desired_size", "node_count", "size") if _whole(pool.get(k))), 0)
    own = pool.get("zones")
    total = int(nodes) * (len(own) if isinstance(own, list) and own else spread)
    cpu = pool.get("cpu") if _whole(pool.get("cpu")) else 0
    return total, total * int(cpu or 0)


def _whole(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


@dataclass(frozen=True)
class Environment:
    """One environment as the record has it. `state`: planned, provisioning, active, failed, unknown, destroying or
    destroyed. `change` is the last one that acted on it, `pending` one that waits. `outputs` are not sensitive.
    `health` is what the last checks found, at `checked_at`; it is `missing` while there is nothing to check.
    """

    name: str
    blueprint: str
    version: str
    tier: str
    state: str
    parameters: Mapping[str, Any]
    shape: Shape
    change: str = ""
    pending: str = ""
    outputs: Mapping[str, Any] = field(default_factory=dict)
    created_at: datetime | None = None
    updated_at: datetime | None = None
    health: str = "unknown"
    health_detail: str = ""
    checked_at: datetime | None = None

    @property
    def exists(self) -> bool:
        """Whether there is, or may be, something of it in the world."""
        return self.state not in ("planned", "destroyed")


WAITING = BEFORE_EXECUTION - {State.DENIED}
"""States in which a Change holds a claim on what it asks for; a denied one has none."""
_STATES = {
    State.EXECUTING: "provisioning",
    State.VALIDATING: "provisioning",
    State.SUCCEEDED: "active",
    State.FAILED: "failed",
    State.UNKNOWN: "unknown",
}


def inventory(changes: Iterable[Change], outputs: Mapping[str, Mapping[str, Any]]) -> dict[str, Environment]:
    """Every environment by name, from its Changes (any order) and the outputs by Change id of what was applied."""
    found: dict[str, Environment] = {}
    for change in sorted(changes, key=lambda c: (c.created_at, c.id)):
        name = str(change.parameters.get("environment", ""))
        if NAME.fullmatch(name):
            after = _after(found.get(name), change, outputs)
            if after is not None:
                found[name] = after
    return found


def _after(before: Environment | None, change: Change, outputs: Mapping[str, Mapping[str, Any]]) -> Environment | None:
    if change.runbook == PROVISION:
        return _provisioned(before, change, outputs)
    if before is None or change.runbook not in (DESTROY, VALIDATE):
        return before
    if change.runbook == VALIDATE:
        return _validated(before, change)
    if change.state in WAITING:
        return _with(before, pending=change.id)
    if not started(change):
        return before
    states = {State.SUCCEEDED: "destroyed", State.FAILED: "failed", State.UNKNOWN: "unknown"}
    state = states.get(change.state, "destroying")
    acted = {"state": state, "change": change.id, "pending": "", "updated_at": change.updated_at}
    health = "missing" if state == "destroyed" else "unknown"
    return _with(before, **acted, health=health, health_detail="", checked_at=None)


def _provisioned(
    before: Environment | None, change: Change, outputs: Mapping[str, Mapping[str, Any]]
) -> Environment | None:
    if not started(change):
        if change.state not in WAITING:
            return before
        if before is not None and before.state != "destroyed":
            return _with(before, pending=change.id)
        made = Environment(**_base(change), state="planned", pending=change.id, updated_at=change.updated_at)
        return _with(made, health="missing")
    earlier = before if before is not None and before.exists else None
    done = Environment(
        **_base(change),
        state=_STATES[change.state],
        change=change.id,
        outputs=outputs.get(change.id) or (earlier.outputs if earlier else {}),
        created_at=earlier.created_at if earlier else change.created_at,
        updated_at=change.updated_at,
    )
    return _validated(done, change)


def _base(change: Change) -> dict[str, Any]:
    asked = change.parameters
    facts = change.plan.facts if change.plan else {}
    variables = asked.get("variables")
    return {
        "name": str(asked.get("environment", "")),
        "blueprint": str(asked.get("blueprint", "")),
        "version": facts.get("blueprint", "").rpartition(" ")[2],
        "tier": str(asked.get("tier", "")),
        "parameters": dict(variables) if isinstance(variables, Mapping) else {},
        "shape": shape_from(facts),
    }


def _validated(before: Environment, change: Change) -> Environment:
    asked = [c for c in change.checks if c.asked]
    if not asked:
        return before
    bad = [f"{c.name}: {c.detail}" for c in asked if not c.passed]
    health, detail = ("degraded", "; ".join(bad)) if bad else ("healthy", f"{len(asked)} checks passed")
    return _with(before, health=health, health_detail=detail, checked_at=change.updated_at)


def _with(before: Environment, **fields: Any) -> Environment:
    return Environment(**{**vars(before), **fields})


def started(change: Change) -> bool:
    """Whether a Change has begun to act on the world."""
    if change.state in BEFORE_EXECUTION or change.state in (State.REJECTED, State.CANCELLED):
        return False
    return change.state is not State.FAILED or bool(change.notebook) or bool(change.checks)


def with_name(values: Mapping[str, Any], environment: str) -> dict[str, Any]:
    """The values with the environment's name, as the module takes it."""
    return {**values, NAME_VARIABLE: environment}
