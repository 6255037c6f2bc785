"""What people read of environments in a terminal: tables and short lines."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from conductor_core.domain.blueprints import Blueprint, BlueprintCatalogue
from conductor_core.domain.environment_differences import Difference, flat
from conductor_core.domain.environments import Environment
from conductor_core.domain.variables import Variable
from conductor_core.entrypoints.cli.rendering import COLOURS, table
from conductor_core.entrypoints.cli.shared import console
from conductor_core.ports.drafts import EnvironmentDraft
from conductor_core.services.environments import Preview

_MARKS = {"delete": "-", "replace": "±", "update": "~", "create": "+", "forget": "·", "no-op": "→"}


def show_blueprints(catalogue: BlueprintCatalogue) -> None:
    """The catalogue, and folders that are left out."""
    out = console()
    rows = [(b.name, b.version, b.tier, b.title) for b in catalogue.blueprints.values()]
    out.print(table(("blueprint", "version", "tier", "title"), rows))
    for broken in catalogue.broken:
        out.print(f"left out: {broken.folder}: {broken.problem}")


def show_blueprint(blueprint: Blueprint) -> None:
    """One blueprint with its parameters by group."""
    out = console()
    out.print(f"{blueprint.name} {blueprint.version} ({blueprint.tier}): {blueprint.title}\n{blueprint.purpose}")
    known = {v.name: v for v in blueprint.parameters}
    for group in blueprint.grouped():
        out.print(f"\n{group.title}", style="bold")
        found = [known[name] for name in group.parameters if name in known]
        out.print(
            table(
                ("", "", ""),
                [
                    (v.name, "required" if v.required else _value(v.default), v.description or str(v.type))
                    for v in found
                ],
            )
        )


def show_preview(preview: Preview) -> None:
    """A plan: what is destroyed first, then the rest, then what the gates say."""
    out, radius = console(), preview.sight.review.radius()
    if preview.sight.nothing:
        out.print("Nothing would change.")
        return
    out.print(f"blast radius: {radius.text}", style="bold")
    rows = [(f"{_MARKS.get(r.act, ' ')} {r.act}", r.kind, r.address) for r in preview.sight.review.touched]
    if rows:
        out.print(table(("act", "kind", "resource"), rows))
    for name, act in preview.sight.review.output_changes.items():
        if act != "no-op":
            out.print(f"output {name}: {act}")
    for release, objects in preview.sight.addons.objects.items():
        out.print(f"add-on {release}: {len(objects)} objects")
    for address in preview.sight.review.drift:
        out.print(f"drift: {address} was changed by somebody else")
    for verdict in preview.verdicts:
        out.print(f"{verdict.gate}: {verdict.result.value}", style=COLOURS.get(verdict.result.value, ""))
        for reason in verdict.reasons:
            out.print(f"  {reason.rule}: {reason.text} {reason.clears_by}")


def show_environments(found: Sequence[Environment], upgrade: Callable[[Environment], str]) -> None:
    """The inventory."""
    rows = []
    for e in found:
        newer = upgrade(e)
        version = f"{e.version} → {newer}" if newer else e.version
        networks = ", ".join(n.cidr for _, n in e.shape.networks)
        rows.append((e.name, e.state, e.health, f"{e.blueprint} {version}", networks, e.pending or e.change))
    columns = ("environment", "state", "health", "blueprint", "networks", "change")
    console().print(table(columns, rows, coloured="health"))


def show_environment(one: Environment, upgrade: str) -> None:
    """One environment: where it comes from, how it is, its values and outputs."""
    out = console()
    out.print(f"{one.name}: {one.state}, {one.health} {one.health_detail}".strip(), style="bold")
    lines = [
        ("blueprint", f"{one.blueprint} {one.version}" + (f" ({upgrade} is there)" if upgrade else "")),
        ("tier", one.tier),
        ("last Change", one.change),
        ("waiting", one.pending),
        ("created", _minute(one.created_at)),
        ("checked", _minute(one.checked_at)),
    ]
    lines += [(name, _value(value)) for name, value in flat(one.parameters, "parameters").items()]
    lines += [(name, _value(value)) for name, value in flat(one.outputs, "outputs").items()]
    out.print(table(("", ""), [line for line in lines if line[1]]))


def _minute(at: datetime | None) -> str:
    return f"{at:%Y-%m-%d %H:%M} UTC" if at else ""


def show_differences(left: str, right: str, found: Sequence[Difference]) -> None:
    """In what two environments differ."""
    if not found:
        console().print(f"{left} and {right} do not differ.")
        return
    console().print(table(("", left, right), [(d.name, _value(d.left), _value(d.right)) for d in found]))


def show_drafts(found: Sequence[EnvironmentDraft]) -> None:
    """Somebody's drafts."""
    rows = [(d.id, d.environment, d.blueprint, f"{d.updated_at:%Y-%m-%d %H:%M}" if d.updated_at else "") for d in found]
    console().print(table(("draft", "environment", "blueprint", "kept"), rows) if rows else "There are no drafts.")


def _default(variable: Variable) -> str:
    return "required" if variable.required else _value(variable.default)


def _value(value: Any) -> str:
    if value is None:
        return "–"
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
