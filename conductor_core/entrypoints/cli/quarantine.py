"""`conductor release quarantine|unquarantine|quarantines`: keep a version out until somebody releases it."""

from __future__ import annotations

from typing import Annotated

import typer

from conductor_core.entrypoints.cli.following import requested
from conductor_core.entrypoints.cli.rendering import table
from conductor_core.entrypoints.cli.shared import As, Json, Reason, ReleaseName, Wait, console, entered, print_json

app = typer.Typer(rich_markup_mode=None)
Version = Annotated[str, typer.Argument(metavar="VERSION", help="Version, as `conductor release show` names it.")]


@app.command(
    "quarantine",
    epilog="Example: conductor release quarantine intelgraph 1.4.3 --channel staging "
    '--reason "loses edges" --as requester',
)
def quarantine(
    ctx: typer.Context,
    release: ReleaseName,
    version: Version,
    channel: Annotated[str, typer.Option("--channel", metavar="CHANNEL", help="Channel in which it went bad.")],
    reason: Reason,
    who: As = "",
    wait: Wait = False,
    as_json: Json = False,
) -> None:
    """Refuse every deploy of a version until it is released, as a Change."""
    given: dict[str, object] = {"release": release, "channel": channel, "version": version}
    requested(ctx, "quarantine_release", given, reason, who, wait=wait, as_json=as_json)


@app.command(
    "unquarantine",
    epilog='Example: conductor release unquarantine intelgraph 1.4.3 --reason "was the database" --as requester',
)
def unquarantine(
    ctx: typer.Context,
    release: ReleaseName,
    version: Version,
    reason: Reason,
    who: As = "",
    wait: Wait = False,
    as_json: Json = False,
) -> None:
    """Let a version be deployed again, as a Change."""
    given: dict[str, object] = {"release": release, "version": version}
    requested(ctx, "unquarantine_release", given, reason, who, wait=wait, as_json=as_json)


@app.command("quarantines", epilog="Example: conductor release quarantines --all --json")
def quarantines(
    ctx: typer.Context,
    every: Annotated[bool, typer.Option("--all", help="Released ones too.")] = False,
    as_json: Json = False,
) -> None:
    """List the versions in quarantine."""
    found = [q for q in entered(ctx).conductor.quarantines.of() if every or q.active]
    if as_json:
        print_json({"quarantines": [q.as_json() for q in found]})
        return
    rows = [
        (q.release, q.version, q.channel, f"{q.at:%m-%d %H:%M}", q.by, "stands" if q.active else "released", q.reason)
        for q in found
    ]
    console().print(table(("RELEASE", "VERSION", "CHANNEL", "SINCE", "BY", "STATE", "REASON"), rows))
