"""Environments, blueprints and plans as JSON: the same forms on the command line and in the API."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict

from conductor_core.domain.blueprints import Blueprint
from conductor_core.domain.comparison import plain
from conductor_core.domain.environment_differences import Difference
from conductor_core.domain.environments import Environment
from conductor_core.entrypoints.api.forms import Form, instant
from conductor_core.services.environments import Preview


def blueprint_form(blueprint: Blueprint) -> Form:
    """A blueprint with its parameters, in the order of the form."""
    return {
        "name": blueprint.name,
        "title": blueprint.title,
        "purpose": blueprint.purpose,
        "owner": blueprint.owner,
        "version": blueprint.version,
        "tier": blueprint.tier,
        "minutes": blueprint.minutes,
        "groups": [asdict(group) for group in blueprint.grouped()],
        "parameters": [
            {
                "name": v.name,
                "type": str(v.type),
                "required": v.required,
                "default": plain(v.default),
                "description": v.description,
                "sensitive": v.sensitive,
                "kind": blueprint.kind(v.name),
            }
            for v in blueprint.parameters
        ],
        "addons": [addon.release for addon in blueprint.addons],
        "checks": list(blueprint.checks),
    }


def environment_form(environment: Environment, upgrade: str = "") -> Form:
    """One environment; `upgrade` is the newer version of its blueprint, '' when there is none."""
    return {
        "name": environment.name,
        "blueprint": environment.blueprint,
        "version": environment.version,
        "upgrade": upgrade,
        "tier": environment.tier,
        "state": environment.state,
        "health": environment.health,
        "health_detail": environment.health_detail,
        "checked_at": instant(environment.checked_at) if environment.checked_at else "",
        "change": environment.change,
        "pending": environment.pending,
        "parameters": plain(dict(environment.parameters)),
        "outputs": plain(dict(environment.outputs)),
        "networks": {path: network.cidr for path, network in environment.shape.networks},
        "nodes": environment.shape.nodes,
        "kubernetes": environment.shape.kubernetes,
        "created_at": instant(environment.created_at) if environment.created_at else "",
        "updated_at": instant(environment.updated_at) if environment.updated_at else "",
    }


def differences_form(found: Sequence[Difference]) -> list[Form]:
    """In what two environments differ."""
    return [{"name": d.name, "left": plain(d.left), "right": plain(d.right)} for d in found]


def preview_form(preview: Preview) -> Form:
    """A plan that no Change has asked for."""
    radius = preview.sight.review.radius()
    return {
        "changes_nothing": preview.sight.nothing,
        "blast_radius": asdict(radius) | {"text": radius.text, "destroyed": list(radius.destroyed)},
        "summary": preview.sight.draft.summary,
        "facts": preview.sight.draft.facts,
        "resources": [
            {"address": r.address, "act": r.act, "kind": r.kind, "reason": r.reason, "moved_from": r.moved_from}
            for r in preview.sight.review.touched
        ],
        "addons": {release: len(objects) for release, objects in preview.sight.addons.objects.items()},
        "drift": list(preview.sight.review.drift),
        "verdicts": [asdict(v) | {"result": v.result.value} for v in preview.verdicts],
    }
