"""`conductor env`: blueprints, plans, and environments from their provisioning to their end."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from conductor_core.domain import variables as v
from conductor_core.domain.blueprints import Blueprint
from conductor_core.domain.environments import Asked
from conductor_core.entrypoints.api.environment_forms import (
    blueprint_form,
    differences_form,
    environment_form,
    preview_form,
)
from conductor_core.entrypoints.cli.env_rendering import (
    show_blueprint,
    show_blueprints,
    show_differences,
    show_drafts,
    show_environment,
    show_environments,
    show_preview,
)
from conductor_core.entrypoints.cli.following import answer
from conductor_core.entrypoints.cli.runbook import pairs
from conductor_core.entrypoints.cli.shared import As, Door, Json, Reason, Wait, door, entered, print_json
from conductor_core.errors import InputError
from conductor_core.ports.drafts import EnvironmentDraft

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="Provision, look at and destroy environments.")
Name = Annotated[str, typer.Argument(metavar="ENVIRONMENT", help="Name of the environment.")]
Of = Annotated[
    str,
    typer.Option(
        "--blueprint",
        metavar="NAME",
        help="Blueprint; without it, that of an environment that exists, with the values that are in force.",
    ),
]
Vars = Annotated[
    list[str] | None,
    typer.Option("--var", metavar="NAME=VALUE", help="A value, as tofu takes it; may be repeated, and wins."),
]
VarFiles = Annotated[
    list[Path] | None, typer.Option("--var-file", metavar="FILE", help="A tfvars file, HCL or .json; may be repeated.")
]
Tier = Annotated[str, typer.Option("--tier", metavar="TIER", help="dev, staging or prod; empty: the blueprint's.")]
Replace = Annotated[
    list[str] | None,
    typer.Option("--replace", metavar="ADDRESS", help="Make this resource anew in any case; may be repeated."),
]
AllowDestroy = Annotated[bool, typer.Option("--allow-destroy", help="Let the plan delete or replace resources.")]


@app.command("blueprints", epilog="Example: conductor env blueprints summit-local")
def blueprints(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(metavar="[NAME]", help="One blueprint, with its parameters.")] = "",
    as_json: Json = False,
) -> None:
    """List blueprints, and folders that are none with the reason; or show one."""
    catalogue = entered(ctx).conductor.environments.blueprints()
    if name:
        one = catalogue.get(name)
        print_json(blueprint_form(one)) if as_json else show_blueprint(one)
    elif as_json:
        found = [blueprint_form(b) for b in catalogue.blueprints.values()]
        broken = [{"folder": b.folder, "problem": b.problem} for b in catalogue.broken]
        print_json({"blueprints": found, "broken": broken})
    else:
        show_blueprints(catalogue)


@app.command(
    "plan",
    epilog="Example: conductor env plan blue --blueprint summit-local --var network_cidr=10.40.0.0/16 --as requester",
)
def plan(
    ctx: typer.Context,
    environment: Name,
    blueprint: Of = "",
    var: Vars = None,
    var_file: VarFiles = None,
    tier: Tier = "",
    allow_destroy: AllowDestroy = False,
    replace: Replace = None,
    who: As = "",
    as_json: Json = False,
) -> None:
    """Show what a provision would do, and what the gates say, without requesting it.

    Exits 0 when nothing would change, 2 when something would, 1 on an error.
    """
    with door(as_json, error_code=1):
        entry = entered(ctx)
        asked = _asked(entry, environment, blueprint, var, var_file, tier, allow_destroy, replace)
        preview = entry.conductor.environments.preview(asked, entry.actor(who))
        print_json(preview_form(preview)) if as_json else show_preview(preview)
    raise typer.Exit(0 if preview.sight.nothing else 2)


@app.command(
    "request",
    epilog="Example: conductor env request blue --blueprint summit-local --var network_cidr=10.40.0.0/16 "
    '--reason "team blue" --as requester --wait',
)
def request(
    ctx: typer.Context,
    environment: Name,
    reason: Reason,
    blueprint: Of = "",
    var: Vars = None,
    var_file: VarFiles = None,
    tier: Tier = "",
    allow_destroy: AllowDestroy = False,
    replace: Replace = None,
    who: As = "",
    wait: Wait = False,
    as_json: Json = False,
) -> None:
    """Request a provision or an upgrade, as a Change."""
    entry = entered(ctx)
    asked = _asked(entry, environment, blueprint, var, var_file, tier, allow_destroy, replace)
    change = entry.conductor.environments.request(entry.actor(who), asked, reason)
    answer(entry, change, as_json=as_json, wait=wait)


@app.command("draft", epilog="Example: conductor env draft blue --blueprint summit-local --as requester")
def draft(
    ctx: typer.Context,
    environment: Annotated[str, typer.Argument(metavar="[ENVIRONMENT]", help="Its name; without: list drafts.")] = "",
    blueprint: Annotated[str, typer.Option("--blueprint", metavar="NAME", help="Blueprint of the draft.")] = "",
    var: Vars = None,
    var_file: VarFiles = None,
    drop: Annotated[str, typer.Option("--drop", metavar="ID", help="Forget this draft.")] = "",
    who: As = "",
    as_json: Json = False,
) -> None:
    """Keep a draft that the wizard on the Environments page goes on with, list drafts, or drop one."""
    entry = entered(ctx)
    service, actor = entry.conductor.environments, entry.actor(who)
    if drop:
        service.drafts.drop(actor.key, drop)
    elif environment:
        if not blueprint:
            raise InputError("The draft has no blueprint.", why="--blueprint is missing.", next="Add --blueprint NAME.")
        values = _values(entry, service.blueprints().get(blueprint), var, var_file)
        service.save(actor, EnvironmentDraft("", actor.key, blueprint, environment, values))
    found = service.drafts.of(actor.key)
    if as_json:
        keys = ("id", "blueprint", "environment", "values")
        print_json({"drafts": [{k: getattr(d, k) for k in keys} for d in found]})
    else:
        show_drafts(found)


@app.command("list", epilog="Example: conductor env list --json")
def list_environments(ctx: typer.Context, as_json: Json = False) -> None:
    """List every environment with blueprint, version, state and health."""
    service = entered(ctx).conductor.environments
    found = service.inventory()
    if as_json:
        print_json({"environments": [environment_form(e, service.upgrade(e)) for e in found]})
    else:
        show_environments(found, service.upgrade)


@app.command("show", epilog="Example: conductor env show blue --compare green")
def show(
    ctx: typer.Context,
    environment: Name,
    compare: Annotated[str, typer.Option("--compare", metavar="OTHER", help="Show in what it differs.")] = "",
    as_json: Json = False,
) -> None:
    """Show one environment, or in what it differs from another."""
    service = entered(ctx).conductor.environments
    if compare:
        found = service.compare(environment, compare)
        print_json({"differences": differences_form(found)}) if as_json else show_differences(
            environment, compare, found
        )
        return
    one = service.get(environment)
    print_json(environment_form(one, service.upgrade(one))) if as_json else show_environment(one, service.upgrade(one))


@app.command("validate", epilog="Example: conductor env validate blue --as requester --wait")
def validate(
    ctx: typer.Context,
    environment: Name,
    reason: Reason = "validation asked for",
    who: As = "",
    wait: Wait = False,
    as_json: Json = False,
) -> None:
    """Ask how well an environment is, as a Change that changes nothing."""
    entry = entered(ctx)
    change = entry.conductor.environments.validate(entry.actor(who), environment, reason)
    answer(entry, change, as_json=as_json, wait=wait)


@app.command("destroy", epilog='Example: conductor env destroy blue --confirm blue --reason "not used" --as requester')
def destroy(
    ctx: typer.Context,
    environment: Name,
    reason: Reason,
    confirm: Annotated[str, typer.Option("--confirm", metavar="NAME", help="The environment's name once more.")] = "",
    who: As = "",
    wait: Wait = False,
    as_json: Json = False,
) -> None:
    """Request that an environment is destroyed, as a Change."""
    entry = entered(ctx)
    change = entry.conductor.environments.destroy(entry.actor(who), environment, confirm, reason)
    answer(entry, change, as_json=as_json, wait=wait)


def _asked(
    entry: Door,
    environment: str,
    blueprint: str,
    var: list[str] | None,
    files: list[Path] | None,
    tier: str,
    allow: bool,
    replace: list[str] | None,
) -> Asked:
    """What is asked for: with a blueprint exactly that, without one what is in force with these values on top."""
    service, anew = entry.conductor.environments, tuple(replace or ())
    before = None if blueprint else service.get(environment)
    found = service.blueprints().get(blueprint or (before.blueprint if before else ""))
    values = _values(entry, found, var, files)
    if before is not None:
        return Asked(environment, found.name, tier or before.tier, {**before.parameters, **values}, allow, anew)
    return Asked(environment, found.name, tier or found.tier, values, allow, anew)


def _values(entry: Door, blueprint: Blueprint, var: list[str] | None, files: list[Path] | None) -> dict[str, Any]:
    """Values of files, then of --var, which is read as tofu reads -var: text for a string, HCL for the rest."""
    service, out = entry.conductor.environments, dict[str, Any]()
    for file in files or []:
        out |= service.read_values(_text(file), file.name, blueprint)
    known = {x.name: x for x in blueprint.parameters}
    for name, text in pairs(var or [], "--var").items():
        if name not in known:
            v.accept(blueprint.parameters, {name: text})  # raises, and names what there is
        plain = known[name].type.kind in ("string", "any") or v.is_reference(text)
        out[name] = text if plain else service.read_values(f"{name} = {text}", f"--var {name}", blueprint)[name]
    return out


def _text(file: Path) -> str:
    try:
        return sys.stdin.read() if str(file) == "-" else file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as bad:
        raise InputError(f"{file} can't be read.", why=f"{bad}.", next="Give a readable UTF-8 file.") from bad
