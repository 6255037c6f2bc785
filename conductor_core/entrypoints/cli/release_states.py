"""`conductor release show|values|history`: one release in one channel, its values and its past."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from conductor_core.entrypoints.api.forms import past_form
from conductor_core.entrypoints.cli.rendering import table
from conductor_core.entrypoints.cli.runbook import pairs
from conductor_core.entrypoints.cli.shared import Channel, Json, ReleaseName, console, entered, print_json
from conductor_core.errors import InputError, NotFoundError
from conductor_core.services.release_inventory import Row

if TYPE_CHECKING:
    from rich.console import Console

    from conductor_core.services.release_history import Past

app = typer.Typer(rich_markup_mode=None)
RECENT = 5


@app.command("show", epilog="Example: conductor release show intelgraph --channel staging")
def show(ctx: typer.Context, release: ReleaseName, channel: Channel, as_json: Json = False) -> None:
    """Show what a channel has: version, health, quarantine, last revisions."""
    conductor = entered(ctx).conductor
    conductor.releases.channel(release, channel)
    rows = conductor.releases.inventory().rows
    row = next((r for r in rows if (r.release, r.channel) == (release, channel)), None)
    if row is None:
        raise NotFoundError(f"{release} in {channel} could not be read.", next="Run `conductor release list`.")
    past = conductor.release_history.of(release, channel)[:RECENT]
    standing = conductor.quarantines.active(release)
    stuck = conductor.stuck.of(release, channel)
    if as_json:
        told = [q.as_json() for q in standing]
        revisions = [past_form(p) for p in past]
        middle = stuck.as_json() if stuck else None
        print_json({"release": row.as_json(), "quarantine": told, "stuck": middle, "revisions": revisions})
        return
    out = console()
    out.print(table(("", ""), _facts(row)))
    for q in standing:
        out.print(f"quarantine: {q.version} since {q.at:%Y-%m-%d %H:%M} UTC by {q.by}: {q.reason} ({q.change_id})")
    if stuck:
        out.print(f"stuck: {stuck.told} At work on it: {'; '.join(stuck.running) or 'nothing'}.")
        out.print(f"mend: {stuck.mend} (conductor release mend {release} --channel {channel})")
    _revisions(past, out)


def _facts(row: Row) -> list[tuple[str, str]]:
    return [
        ("release", f"{row.release} in {row.channel} (namespace {row.namespace}, tier {row.tier})"),
        ("version", ", chart ".join(filter(None, (row.runs or "-", f"{row.chart} {row.chart_version}".strip())))),
        ("revision", f"{row.revision} {row.status}" if row.revision else _without_helm(row)),
        ("health", ": ".join(filter(None, (row.health or "-", row.reason)))),
        ("branch", {True: "in step", False: "would install something else", None: "not known"}[row.in_step]),
    ]


def _without_helm(row: Row) -> str:
    if not row.application:
        return "not installed"
    return f"commit {row.version or '-'}, managed by the Argo CD Application {row.application} ({row.status})"


@app.command("history", epilog="Example: conductor release history intelgraph --channel staging")
def history(ctx: typer.Context, release: ReleaseName, channel: Channel, as_json: Json = False) -> None:
    """List stored revisions, newest first: who made each, from which commit, was it good."""
    past = entered(ctx).conductor.release_history.of(release, channel)
    if as_json:
        print_json({"revisions": [past_form(p) for p in past]})
    else:
        _revisions(past, console())


def _revisions(past: Sequence[Past], out: Console) -> None:
    if not past:
        out.print("Helm has no revision of it here.")
        return
    rows = [
        (
            str(p.revision.revision),
            p.revision.status.value,
            p.version,
            f"{p.revision.updated:%m-%d %H:%M}" if p.revision.updated else "",
            "quarantined" if p.quarantine else "good" if p.good else "-",
            p.change.id if p.change else p.revision.description,
        )
        for p in past
    ]
    out.print(table(("REV", "STATUS", "VERSION", "UPDATED", "WAS", "MADE BY"), rows))


@app.command("values", epilog="Example: conductor release values intelgraph --channel staging --set image.tag=1.5.0")
def values(
    ctx: typer.Context,
    release: ReleaseName,
    channel: Annotated[str, typer.Option("--channel", metavar="CHANNEL", help="Channel, such as staging.")] = "",
    ref: Annotated[
        str, typer.Option("--ref", metavar="REF", help="A state instead: commit:SHA/C, tag:T/C or revision:C/N.")
    ] = "",
    sets: Annotated[
        list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="A chart value; may be repeated.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Show every value with the file and line that it comes from; secrets are hidden."""
    if bool(channel) == bool(ref):
        raise InputError(
            "It must be known whose values are meant.",
            why="Exactly one of --channel CHANNEL and --ref REF is needed.",
            next=f"Run `conductor release values {release} --channel NAME`.",
        )
    given = {str(k): str(v) for k, v in pairs(sets or [], "--set").items()}
    found = entered(ctx).conductor.release_values.of(release, ref or f"channel:{channel}", given)
    if as_json:
        print_json({"values": [one.as_json() for one in found]})
        return
    rows = [(one.name, _text(one.value), str(one.origin), ", ".join(str(o) for o in one.overrides)) for one in found]
    console().print(table(("VALUE", "IS", "FROM", "OVERRIDES"), rows))


def _text(value: object) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 120 else f"{text[:119]}…"
