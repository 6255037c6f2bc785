"""`conductor change`: look at Changes, approve, reject, cancel, plan again, settle, wait and follow."""

from __future__ import annotations

from typing import Annotated

import typer

from conductor_core.entrypoints.api.feed import Feed
from conductor_core.entrypoints.api.forms import Form, change_form, read_back_form
from conductor_core.entrypoints.api.queries import change_query
from conductor_core.entrypoints.cli.following import answer, exit_code, follow, planned
from conductor_core.entrypoints.cli.rendering import news_line, show_changes
from conductor_core.entrypoints.cli.shared import (
    As,
    ChangeId,
    Json,
    Reason,
    console,
    entered,
    print_json,
    print_json_line,
)
from conductor_core.errors import InputError

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="Look at Changes, approve them, follow them.")
ID = "chg-01KB0000000000000000000000"


@app.command("list", epilog="Example: conductor change list --state awaiting_approval --json")
def list_changes(
    ctx: typer.Context,
    state: Annotated[list[str] | None, typer.Option("--state", help="Only in this state; may be repeated.")] = None,
    target: Annotated[str, typer.Option("--target", help="Only on this target.")] = "",
    runbook: Annotated[str, typer.Option("--runbook", help="Only of this runbook.")] = "",
    requester: Annotated[str, typer.Option("--requester", help="Only requested by this identity.")] = "",
    text: Annotated[str, typer.Option("--text", help="Only with this text in title or reason.")] = "",
    limit: Annotated[int, typer.Option("--limit", min=1, max=1000, help="At most so many.")] = 50,
    as_json: Json = False,
) -> None:
    """List Changes, newest first."""
    door = entered(ctx)
    query = change_query(state or (), target, runbook, requester, text, limit)
    found = door.conductor.changes.find(query)
    if as_json:
        print_json({"changes": [change_form(change, door.conductor.settings) for change in found]})
    else:
        show_changes(found)


@app.command("show", epilog=f"Example: conductor change show {ID} --json")
def show(ctx: typer.Context, change_id: ChangeId, as_json: Json = False) -> None:
    """Show one Change with gates, approvals and checks; of an emergency, whether it was approved afterwards."""
    door = entered(ctx)
    change = door.conductor.changes.get(change_id)
    found = door.conductor.emergencies.about(change.id)
    if found is not None and not as_json:
        console().print(f"EMERGENCY, {found.standing}", style="bold red")
    if as_json:
        told: Form = {"emergency": found.as_json()} if found is not None else {}
        told |= read_back_form(door.conductor.operations.of(change.id))
        print_json({**change_form(change, door.conductor.settings), **told})
    else:
        answer(door, change, as_json=False)


@app.command("approve", epilog=f'Example: conductor change approve {ID} --as approver --reason "diff read"')
def approve(
    ctx: typer.Context,
    change_id: ChangeId,
    who: As = "",
    reason: Annotated[str, typer.Option("--reason", metavar="TEXT", help="A word for the record.")] = "",
    plan: Annotated[str, typer.Option("--plan", metavar="DIGEST", help="Only if the plan still has this digest.")] = "",
    as_json: Json = False,
) -> None:
    """Say yes to the plan; its requester can't.

    The last approval that is needed starts the run.
    """
    door = entered(ctx)
    actor = door.actor(who)
    change = planned(door, change_id)
    answer(door, door.conductor.changes.approve(actor, change.id, plan or change.plan_digest, reason), as_json=as_json)


@app.command("reject", epilog=f'Example: conductor change reject {ID} --as approver --reason "wrong tag"')
def reject(ctx: typer.Context, change_id: ChangeId, reason: Reason, who: As = "", as_json: Json = False) -> None:
    """Say no; the Change ends."""
    door = entered(ctx)
    answer(door, door.conductor.changes.reject(door.actor(who), change_id, reason), as_json=as_json)


@app.command("cancel", epilog=f'Example: conductor change cancel {ID} --as requester --reason "not today"')
def cancel(
    ctx: typer.Context,
    change_id: ChangeId,
    who: As = "",
    reason: Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why it is withdrawn.")] = "withdrawn",
    as_json: Json = False,
) -> None:
    """Withdraw a Change before it runs.

    For its requester or a captain.
    """
    door = entered(ctx)
    answer(door, door.conductor.changes.cancel(door.actor(who), change_id, reason), as_json=as_json)


@app.command("replan", epilog=f"Example: conductor change replan {ID} --as requester")
def replan(ctx: typer.Context, change_id: ChangeId, who: As = "", as_json: Json = False) -> None:
    """Make the plan again.

    Approvals go on counting only if nothing has changed.
    """
    door = entered(ctx)
    answer(door, door.conductor.changes.replan(door.actor(who), change_id), as_json=as_json)


@app.command("settle", epilog=f'Example: conductor change settle {ID} --succeeded --as captain --reason "pods run"')
def settle(
    ctx: typer.Context,
    change_id: ChangeId,
    reason: Reason,
    succeeded: Annotated[bool | None, typer.Option("--succeeded/--failed", help="How it ended.")] = None,
    who: As = "",
    as_json: Json = False,
) -> None:
    """Say how an unknown Change ended.

    Look at its target first.
    """
    door = entered(ctx)
    if succeeded is None:
        raise InputError(
            "It must be said how the Change ended.",
            why="Neither --succeeded nor --failed was given.",
            next="Look at the target, then add one of them.",
        )
    actor = door.actor(who)
    settled = door.conductor.changes.settle(actor, change_id, succeeded=succeeded, reason=reason)
    answer(door, settled, as_json=as_json)


@app.command("wait", epilog=f"Example: conductor change wait {ID} --timeout 600 --json")
def wait(
    ctx: typer.Context,
    change_id: ChangeId,
    through_approval: Annotated[bool, typer.Option("--through-approval", help="Wait for approvals too.")] = False,
    timeout: Annotated[float, typer.Option("--timeout", min=0, help="Seconds; 0: for ever.")] = 1800,
    as_json: Json = False,
) -> None:
    """Follow a Change until it ends or waits for you.

    Exits 0 when it succeeded, 3 when it waits for a person or was refused, 1 when it failed or is unknown, 5 when the
    time is up.
    """
    door = entered(ctx)
    change = follow(door, change_id, through_approval=through_approval, timeout=timeout)
    answer(door, change, as_json=as_json)
    raise typer.Exit(exit_code(change.state))


@app.command("events", epilog=f"Example: conductor change events {ID} --follow --json")
def events(
    ctx: typer.Context,
    change_id: ChangeId,
    following: Annotated[bool, typer.Option("--follow", "-f", help="Go on until the Change ends.")] = False,
    as_json: Json = False,
) -> None:
    """Print facts, run lines and operations.

    In the order of time; under --json one document a line.
    """
    feed = Feed(entered(ctx).conductor, change_id)
    for item in feed.follow() if following else feed.all():
        if as_json:
            print_json_line(item)
        elif line := news_line(item):
            typer.echo(line)
