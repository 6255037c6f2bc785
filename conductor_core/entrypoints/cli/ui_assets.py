"""`conductor release assets|purge-assets|rebuild-assets`: the files of a UI, and two ways out."""

from __future__ import annotations

from typing import Annotated

import typer

from conductor_core.entrypoints.cli.following import requested
from conductor_core.entrypoints.cli.rendering import table
from conductor_core.entrypoints.cli.shared import (
    As,
    Channel,
    Json,
    Reason,
    ReleaseName,
    Wait,
    console,
    entered,
    print_json,
)

app = typer.Typer(rich_markup_mode=None)


@app.command("assets", epilog="Example: conductor release assets intelgraph --channel staging")
def assets(ctx: typer.Context, release: ReleaseName, channel: Channel, as_json: Json = False) -> None:
    """Look at every file that the UI's page names; exits 1 when one is missing."""
    page = entered(ctx).conductor.ui_assets.look(release, channel)
    if as_json:
        print_json(page.as_json())
    else:
        out = console()
        out.print(table(("file", "answers"), [(a.address, a.told) for a in page.assets]))
        out.print(page.told)
        if page.missing:
            out.print(f"drop them from the cache: conductor release purge-assets {release} --channel {channel}")
            out.print(f"if they were never uploaded: conductor release rebuild-assets {release} --channel {channel}")
    if page.missing:
        raise typer.Exit(1)


@app.command(
    "purge-assets",
    epilog='Example: conductor release purge-assets intelgraph --channel dev --reason "404s" --as requester',
)
def purge(
    ctx: typer.Context,
    release: ReleaseName,
    channel: Channel,
    reason: Reason,
    who: As = "",
    wait: Wait = False,
    as_json: Json = False,
) -> None:
    """Request that the UI's page and files are dropped from the cache, as a Change."""
    given: dict[str, object] = {"release": release, "channel": channel}
    requested(ctx, "purge_assets", given, reason, who, wait=wait, as_json=as_json)


@app.command(
    "rebuild-assets",
    epilog='Example: conductor release rebuild-assets intelgraph --channel dev --reason "404s" --as requester',
)
def rebuild(
    ctx: typer.Context,
    release: ReleaseName,
    channel: Channel,
    reason: Reason,
    ref: Annotated[str, typer.Option("--ref", help="Branch, tag or commit; else CONDUCTOR_UI_REF.")] = "",
    who: As = "",
    wait: Wait = False,
    as_json: Json = False,
) -> None:
    """Request that the UI is built and uploaded anew, as a Change."""
    given: dict[str, object] = {"release": release, "channel": channel, "ref": ref}
    requested(ctx, "rebuild_assets", given, reason, who, wait=wait, as_json=as_json)
