"""Environments and blueprints in GraphQL, read only."""

from __future__ import annotations

from typing import Any, cast

import strawberry
from strawberry.scalars import JSON
from strawberry.types import Info

from conductor_core.entrypoints.api.environment_forms import blueprint_form, environment_form
from conductor_core.entrypoints.api.graph_types import reading_of


@strawberry.type
class Environment:
    """One environment; secrets among its parameters are references."""

    name: str
    blueprint: str
    version: str
    upgrade: str
    tier: str
    state: str
    health: str
    health_detail: str
    checked_at: str
    change: str
    pending: str
    parameters: JSON
    outputs: JSON
    networks: JSON
    nodes: int
    kubernetes: str
    created_at: str
    updated_at: str


@strawberry.type
class Blueprint:
    """One blueprint with its parameters, in the order of the form."""

    name: str
    title: str
    purpose: str
    owner: str
    version: str
    tier: str
    minutes: int
    groups: JSON
    parameters: JSON
    addons: list[str]
    checks: list[str]


async def environments(info: Info) -> list[Environment] | None:
    """Every environment, destroyed ones last."""
    reading = reading_of(info)
    service = reading.conductor.environments
    found = await reading.ask(service.inventory)
    forms = [environment_form(e, service.upgrade(e)) for e in found]
    return [Environment(**cast("dict[str, Any]", form)) for form in forms]


async def blueprints(info: Info) -> list[Blueprint] | None:
    """Every blueprint that works, by name."""
    reading = reading_of(info)
    known = (await reading.ask(reading.conductor.environments.blueprints)).blueprints
    return [Blueprint(**cast("dict[str, Any]", blueprint_form(known[name]))) for name in sorted(known)]
