"""Reads of environments that pages share, kept for seconds."""

from __future__ import annotations

from app import runtime
from app.queries import kept
from conductor_core.domain.blueprints import BlueprintCatalogue
from conductor_core.domain.changes import Change
from conductor_core.domain.environments import Environment
from conductor_core.domain.notices import Notice
from conductor_core.services.environment_objects import EnvironmentObjects


@kept(2)
def inventory() -> list[Environment]:
    """Every environment, destroyed ones last."""
    return runtime.conductor().environments.inventory()


@kept(3)
def blueprints() -> BlueprintCatalogue:
    """Every blueprint that works, and every folder that doesn't."""
    return runtime.conductor().environments.blueprints()


@kept(2)
def changes(name: str) -> list[Change]:
    """The Changes of one environment, newest first."""
    return runtime.conductor().environments.changes(name)


@kept(5)
def objects(name: str) -> EnvironmentObjects:
    """The nodes, namespaces, pods and events of one environment."""
    return runtime.conductor().environments.objects(name)


@kept(10)
def addresses(name: str) -> tuple[str, ...]:
    """The addresses of one environment's resources."""
    return runtime.conductor().environments.addresses(name)


@kept(3)
def notices() -> list[Notice]:
    """The newest notices, newest first."""
    return runtime.conductor().notices.latest()
