"""`conductor release`: list and compare releases, and request deploys and rollbacks as Changes."""

from __future__ import annotations

from typing import Annotated

import typer

from conductor_core.domain.references import FORMS
from conductor_core.entrypoints.cli import promotion, quarantine, release_states, ui_assets
from conductor_core.entrypoints.cli.following import answer, requested
from conductor_core.entrypoints.cli.rendering import show_comparison, show_inventory
from conductor_core.entrypoints.cli.runbook import pairs
from conductor_core.entrypoints.cli.shared import (
    As,
    Channel,
    Emergency,
    Json,
    Reason,
    ReleaseName,
    Wait,
    door,
    entered,
    print_json,
)
from conductor_core.errors import InputError
from conductor_core.services.ways_back import BY_GIT, BY_HELM, chosen

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="List, compare, deploy and roll back releases.")
app.registered_commands += promotion.app.registered_commands
for more in (release_states, quarantine, ui_assets):
    app.registered_commands += more.app.registered_commands


@app.command("list", epilog="Example: conductor release list --json")
def list_releases(ctx: typer.Context, as_json: Json = False) -> None:
    """List every release in every channel."""
    inventory = entered(ctx).conductor.releases.inventory()
    if as_json:
        print_json(inventory.as_json())
    else:
        show_inventory(inventory)


@app.command("diff", epilog="Example: conductor release diff intelgraph --from live:staging --to channel:staging")
def diff(
    ctx: typer.Context,
    release: ReleaseName,
    old: Annotated[str, typer.Option("--from", metavar="REF", help=f"One side: {FORMS}.")],
    new: Annotated[str, typer.Option("--to", metavar="REF", help="The other side.")],
    all_fields: Annotated[
        bool, typer.Option("--all-fields", help="Also fields of live objects that no manifest sets.")
    ] = False,
    confirm: Annotated[bool, typer.Option("--confirm", help="Ask the API server too, by dry runs.")] = False,
    as_json: Json = False,
) -> None:
    """Compare two sides, resource by resource.

    Exits 0 when they are the same, 1 when they differ, 2 on an error.
    """
    with door(as_json, error_code=2):
        releases = entered(ctx).conductor.releases
        comparison = releases.compare(release, old, new, anywhere=True, all_fields=all_fields, confirm=confirm)
        if as_json:
            print_json(comparison.as_json())
        else:
            show_comparison(comparison)
    raise typer.Exit(0 if comparison.same else 1)


@app.command(
    "deploy",
    epilog='Example: conductor release deploy intelgraph --channel staging --reason "1.4.2" --as requester --wait',
)
def deploy(
    ctx: typer.Context,
    release: ReleaseName,
    channel: Channel,
    reason: Reason,
    sets: Annotated[
        list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="A chart value; may be repeated.")
    ] = None,
    who: As = "",
    wait: Wait = False,
    as_json: Json = False,
) -> None:
    """Request a deploy of a channel, as a Change."""
    given: dict[str, object] = {"release": release, "channel": channel, "sets": pairs(sets or [], "--set")}
    requested(ctx, "deploy_release", given, reason, who, wait=wait, as_json=as_json)


@app.command(
    "rollback",
    epilog="Example: conductor release rollback intelgraph --channel staging --last-good "
    '--reason "errors" --as requester',
)
def rollback(
    ctx: typer.Context,
    release: ReleaseName,
    channel: Channel,
    reason: Reason,
    to_revision: Annotated[
        int | None, typer.Option("--to-revision", metavar="N", min=1, help="Revision to go back to.")
    ] = None,
    last_good: Annotated[bool, typer.Option("--last-good", help="Go back to the newest one that was good.")] = False,
    sets: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="KEY=VALUE", help="Chosen values on that revision's chart; may be repeated."),
    ] = None,
    quarantine: Annotated[bool, typer.Option(help="Put the version that is left into quarantine.")] = True,
    git: Annotated[bool, typer.Option(help="Give the branch the same content back.")] = True,
    only: Annotated[
        str, typer.Option("--only", metavar="COMPONENT", help="Only this component, if the others work with it.")
    ] = "",
    to_version: Annotated[
        str, typer.Option("--to-version", metavar="V", help="With --only: its version; else the one before.")
    ] = "",
    together: Annotated[
        bool, typer.Option("--together", help="With --only: the smallest set that works, when alone it would break.")
    ] = False,
    emergency: Emergency = False,
    who: As = "",
    wait: Wait = False,
    as_json: Json = False,
) -> None:
    """Request a return to a revision, in the cluster and in Git, as a Change."""
    if only and emergency:
        raise InputError("--only and --emergency exclude each other.", next="Roll back the whole release at once.")
    if only:
        door = entered(ctx)
        back = door.conductor.partial
        change = back.request(door.actor(who), release, channel, only, reason, to_version, together=together)
        answer(door, change, as_json=as_json, wait=wait)
        return
    if last_good == (to_revision is not None):
        raise InputError(
            "It must be known what to go back to.",
            why="Exactly one of --to-revision N and --last-good is needed.",
            next=f"Run `conductor release history {release} --channel {channel}`.",
        )
    door = entered(ctx)
    history = door.conductor.release_history
    number = history.last_good(release, channel).revision.revision if last_good else to_revision
    given: dict[str, object] = {"release": release, "channel": channel, "to_revision": number}
    given |= {"sets": pairs(sets or [], "--set"), "quarantine": quarantine, "revert_git": git}
    runbook, given = chosen(BY_HELM, given, emergency=emergency)
    requested(ctx, runbook, given, reason, who, wait=wait, as_json=as_json)


@app.command(
    "revert", epilog='Example: conductor release revert intelgraph --channel dev --reason "errors" --as requester'
)
def revert(
    ctx: typer.Context,
    release: ReleaseName,
    channel: Channel,
    reason: Reason,
    to_commit: Annotated[
        str, typer.Option("--to-commit", metavar="SHA", help="Commit to go back to; else the one synced before.")
    ] = "",
    quarantine: Annotated[bool, typer.Option(help="Put the version that is left into quarantine.")] = True,
    emergency: Emergency = False,
    who: As = "",
    wait: Wait = False,
    as_json: Json = False,
) -> None:
    """Request a revert in Git of a release that an Argo CD Application owns, and its sync, as a Change."""
    given: dict[str, object] = {
        "release": release,
        "channel": channel,
        "to_commit": to_commit,
        "quarantine": quarantine,
    }
    runbook, given = chosen(BY_GIT, given, emergency=emergency)
    requested(ctx, runbook, given, reason, who, wait=wait, as_json=as_json)


@app.command(
    "mend", epilog='Example: conductor release mend intelgraph --channel dev --reason "killed helm" --as requester'
)
def mend(
    ctx: typer.Context,
    release: ReleaseName,
    channel: Channel,
    reason: Reason,
    who: As = "",
    wait: Wait = False,
    as_json: Json = False,
) -> None:
    """Request the mend of a release that is stuck in the middle of an act, as a Change."""
    given: dict[str, object] = {"release": release, "channel": channel}
    requested(ctx, "mend_release", given, reason, who, wait=wait, as_json=as_json)
