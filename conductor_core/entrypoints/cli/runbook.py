"""`conductor runbook`: list and show runbooks, and run one as a Change."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Annotated

import typer

from conductor_core.domain.runbooks import Parameter, Runbook
from conductor_core.entrypoints.api.forms import catalogue_form, runbook_form
from conductor_core.entrypoints.cli.following import answer
from conductor_core.entrypoints.cli.rendering import table
from conductor_core.entrypoints.cli.shared import As, Json, Reason, Wait, console, entered, print_json
from conductor_core.errors import InputError

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="List runbooks, and run one as a Change.")
Name = Annotated[str, typer.Argument(metavar="NAME", help="Name of the runbook.")]
_BOOLS = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}


@app.command("list", epilog="Example: conductor runbook list --json")
def list_runbooks(ctx: typer.Context, as_json: Json = False) -> None:
    """List runbooks, and files that can't be used."""
    catalogue = entered(ctx).conductor.runbooks.catalogue()
    if as_json:
        print_json(catalogue_form(catalogue))
        return
    rows = [(r.name, f"{r.level}", r.purpose) for _, r in sorted(catalogue.runbooks.items())]
    console().print(table(("NAME", "LEVEL", "PURPOSE"), rows))
    for broken in catalogue.broken:
        console().print(f"left out: {broken.file}: {broken.problem}")


@app.command("show", epilog="Example: conductor runbook show deploy_release")
def show(ctx: typer.Context, name: Name, as_json: Json = False) -> None:
    """Show one runbook and its parameters."""
    runbook = entered(ctx).conductor.runbooks.get(name)
    if as_json:
        print_json(runbook_form(runbook))
        return
    out = console()
    out.print(f"{runbook.name}: {runbook.purpose}")
    approvals = ", ".join(f"{tier} {count}" for tier, count in runbook.approvals.items()) or "as the strictest tier"
    out.print(f"gates: {', '.join(runbook.gates)}; approvals: {approvals}; timeout: {runbook.timeout} s")
    rows = [(p.name, p.type, "required" if p.required else repr(p.default), p.help) for p in runbook.parameters]
    out.print(table(("PARAMETER", "TYPE", "DEFAULT", "HELP"), rows))


@app.command(
    "run",
    epilog="Example: conductor runbook run validate_release -p release=intelgraph -p channel=dev "
    '--reason "after the upgrade" --as requester --wait',
)
def run(
    ctx: typer.Context,
    name: Name,
    reason: Reason,
    parameter: Annotated[
        list[str] | None, typer.Option("-p", "--parameter", metavar="KEY=VALUE", help="A parameter; may be repeated.")
    ] = None,
    who: As = "",
    wait: Wait = False,
    as_json: Json = False,
) -> None:
    """Request a Change that runs a runbook.

    Values are read by the declared type; lists and maps are written as JSON.
    """
    door = entered(ctx)
    actor = door.actor(who)
    given = typed(door.conductor.runbooks.get(name), parameter or [])
    answer(door, door.conductor.changes.request(actor, name, given, reason), as_json=as_json, wait=wait)


def pairs(texts: Sequence[str], option: str) -> dict[str, str]:
    """`key=value` texts as a map; raises `InputError` for one without '=' or a key given twice."""
    found: dict[str, str] = {}
    for text in texts:
        key, equals, value = text.partition("=")
        if not equals or not key or key in found:
            raise InputError(
                f"{option} {text[:80]!r} can't be read.",
                why="The key was given before." if key in found else "It is not written KEY=VALUE.",
                next=f"Write {option} KEY=VALUE once for each key.",
            )
        found[key] = value
    return found


def typed(runbook: Runbook, texts: Sequence[str]) -> dict[str, object]:
    """The parameters with the types that the runbook declares; a name that it doesn't know is left to the service."""
    declared = {p.name: p for p in runbook.parameters}
    return {k: _value(declared[k], v) if k in declared else v for k, v in pairs(texts, "-p").items()}


def _value(parameter: Parameter, text: str) -> object:
    try:
        match parameter.type:
            case "int":
                return int(text)
            case "float":
                return float(text)
            case "bool":
                return _BOOLS[text.lower()]
            case "list" | "dict":
                return json.loads(text)
            case _:
                return text
    except (ValueError, KeyError) as bad:
        raise InputError(
            f"Parameter {parameter.name} can't be {text[:80]!r}.",
            why=f"It is declared as {parameter.type}.",
            next=parameter.help or f"Write it as {'JSON' if parameter.type in ('list', 'dict') else parameter.type}.",
        ) from bad
