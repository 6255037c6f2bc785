"""`conductor delivery waves|pipeline-waves|stable|timeline|dora`: steps, steady state, what happened and how well."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from conductor_core.domain import rolling_sync
from conductor_core.domain.waves import check, steps_of
from conductor_core.entrypoints.cli import delivery_tables as tables
from conductor_core.entrypoints.cli.delivery_places import Name, place
from conductor_core.entrypoints.cli.following import requested
from conductor_core.entrypoints.cli.rendering import table
from conductor_core.entrypoints.cli.shared import As, Channel, Json, Reason, Wait, console, entered, print_json
from conductor_core.errors import InputError, StorageError

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None)
Release = Annotated[str, typer.Argument(metavar="RELEASE", help="Name of the release.")]


@app.command("waves", epilog="Example: conductor delivery waves intelgraph --channel staging --json")
def waves(
    ctx: typer.Context,
    release: Release,
    channel: Channel,
    to: Annotated[str, typer.Option("--set", metavar="FILE", help="JSON list of steps; - reads stdin.")] = "",
    preview: Annotated[bool, typer.Option("--preview", help="With --set: show the diff, request nothing.")] = False,
    reason: Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why; it goes into the record.")] = "",
    who: As = "",
    wait: Wait = False,
    as_json: Json = False,
) -> None:
    """Show the steps of a release by wave, or request other ones as a Change."""
    door = entered(ctx)
    edits = door.conductor.values_edits
    if to:
        steps = [s.as_values() for s in check(steps_of(_json(to)))]
        if preview:
            edit = edits.edit(release, channel, ("rollout", "steps"), steps)
            if as_json:
                print_json({"branch": edit.branch, "file": edit.path, "diff": edit.diff})
            else:
                sys.stdout.write(edit.diff)
            return
        given: dict[str, object] = {"release": release, "channel": channel, "steps": steps}
        requested(ctx, "set_waves", given, reason, who, wait=wait, as_json=as_json)
        return
    found = edits.steps(release, channel)
    if as_json:
        print_json({"release": release, "channel": channel, "steps": [s.as_values() for s in found]})
    else:
        rows = [(str(n), s.wave, s.kind, _said(s.as_values()[s.kind])) for n, s in enumerate(found, 1)]
        console().print(table(("STEP", "WAVE", "DOES", "WHAT"), rows))


@app.command(
    "pipeline-waves",
    epilog="Example: conductor delivery pipeline-waves intelgraph --set steps.json --preview",
)
def pipeline_waves(
    ctx: typer.Context,
    pipeline: Annotated[str, typer.Argument(metavar="PIPELINE", help="Name of the ApplicationSet.")],
    to: Annotated[str, typer.Option("--set", metavar="FILE", help="JSON list of steps; - reads stdin.")] = "",
    branch: Annotated[str, typer.Option("--branch", metavar="BRANCH", help="Branch that declares it.")] = "main",
    preview: Annotated[bool, typer.Option("--preview", help="With --set: show the diff, request nothing.")] = False,
    reason: Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why; it goes into the record.")] = "",
    who: As = "",
    wait: Wait = False,
    as_json: Json = False,
) -> None:
    """Show by which steps Argo CD syncs a pipeline's Applications, or request other ones as a Change.

    Steps are those of spec.strategy.rollingSync; an empty list syncs all at once.
    """
    door = entered(ctx)
    waves_of = door.conductor.desk.pipeline_waves
    found = waves_of.pipeline(pipeline)
    steps = rolling_sync.steps_of(_json(to)) if to else waves_of.steps(found)
    if to and not preview:
        given: dict[str, object] = {"pipeline": pipeline, "steps": [s.as_spec() for s in steps], "branch": branch}
        requested(ctx, "set_pipeline_waves", given, reason, who, wait=wait, as_json=as_json)
        return
    placed = rolling_sync.placed(steps, found.applications)
    diff = waves_of.edit(pipeline, steps, branch).diff if to else ""
    if as_json:
        rows = [{"step": s.as_spec(), "takes": list(t)} for s, t in zip(steps, placed.steps, strict=True)]
        told = {"pipeline": pipeline, "steps": rows, "left_out": list(placed.left_out)}
        print_json({**told, **({"diff": diff} if to else {})})
        return
    listed = [
        (str(at), s.text, s.at_a_time or "all", ", ".join(t))
        for at, (s, t) in enumerate(zip(steps, placed.steps, strict=True), 1)
    ]
    console().print(table(("STEP", "SELECTS", "AT A TIME", "APPLICATIONS"), listed))
    if placed.left_out:
        console().print(f"synced by nobody: {', '.join(placed.left_out)}")
    sys.stdout.write(diff)


@app.command(
    "stable", epilog="Example: conductor delivery stable intelgraph --channel dev --reason steady --as requester"
)
def stable(
    ctx: typer.Context,
    release: Release,
    channel: Channel,
    reason: Reason,
    who: As = "",
    wait: Wait = False,
    as_json: Json = False,
) -> None:
    """Request that the version which everybody has is marked as stable in Git."""
    given: dict[str, object] = {"release": release, "channel": channel}
    requested(ctx, "mark_stable", given, reason, who, wait=wait, as_json=as_json)


@app.command("timeline", epilog="Example: conductor delivery timeline shop/api --csv > timeline.csv")
def timeline(
    ctx: typer.Context,
    name: Name,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print CSV on stdout.")] = False,
    parquet: Annotated[str, typer.Option("--parquet", metavar="FILE", help="Write Parquet.")] = "",
    report: Annotated[
        str, typer.Option("--report", metavar="FILE", help="Write it signed; `conductor report verify` checks it.")
    ] = "",
    who: As = "",
    as_json: Json = False,
) -> None:
    """Tell what happened to a rollout: syncs, versions, measurements, Changes, and who did it."""
    namespace, rollout = place(name)
    door = entered(ctx)
    exports = door.conductor.desk.exports
    if report:
        written(report, exports.report(door.actor(who), namespace, rollout))
    moments = door.conductor.timelines.of(namespace, rollout)
    if parquet:
        written(parquet, exports.parquet(moments))
    rows = [m.as_json() for m in moments]
    if as_json:
        print_json({"rollout": name, "moments": rows})
    elif as_csv:
        sys.stdout.write(exports.csv(moments).decode())
    elif not report and not parquet:
        shown = [(r["at"][5:19].replace("T", " "), r["source"], r["what"], r["who"], r["detail"]) for r in rows]
        console().print(table(("AT (UTC)", "SOURCE", "WHAT", "WHO", "DETAIL"), shown))


def written(path: str, data: bytes) -> None:
    """Write a file that was asked for, and say so on stderr; raises `StorageError`."""
    try:
        Path(path).write_bytes(data)
    except OSError as bad:
        raise StorageError(f"{path} can't be written.", why=str(bad), next="Name another file.") from bad
    typer.echo(f"{path}: {len(data):,} bytes written", err=True)


def _json(path: str) -> Any:
    try:
        text = sys.stdin.read() if path == "-" else Path(path).read_text(encoding="utf-8")
        return json.loads(text)
    except (OSError, ValueError) as bad:
        raise InputError(
            f"{path} holds no steps.",
            why=str(bad),
            next="Begin with the `steps` of `conductor delivery waves ... --json`.",
        ) from bad


def _said(body: Any) -> str:
    if isinstance(body, int):
        return f"{body} %"
    told = {k: " and ".join(v) if isinstance(v, list) else v for k, v in body.items()}
    return ", ".join(f"{k} {v}" for k, v in told.items()) or "until a person promotes"


@app.command("dora", epilog="Example: conductor delivery dora --days 90 --tier prod --json")
def dora(
    ctx: typer.Context,
    days: Annotated[int, typer.Option("--days", metavar="N", min=1, help="How far back.")] = 30,
    tier: Annotated[str, typer.Option("--tier", metavar="TIER", help="Only this tier, such as prod.")] = "",
    release: Annotated[str, typer.Option("--release", metavar="RELEASE", help="Only this release.")] = "",
    as_json: Json = False,
) -> None:
    """Measure how well delivery goes: the four DORA measures from the record, with their definitions."""
    found = entered(ctx).conductor.desk.measures.of(days, tier=tier, release=release)
    if as_json:
        print_json({"days": days, "tier": tier, "release": release, "measures": [m.as_json() for m in found]})
    else:
        tables.show_measures(found)
