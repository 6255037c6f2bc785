"""`conductor delivery`: watch pipelines and rollouts, and request acts on them as Changes."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from conductor_core.domain.fleets import member
from conductor_core.domain.rollout_acts import Act
from conductor_core.entrypoints.api import delivery_forms as forms
from conductor_core.entrypoints.cli import delivery_fleets, delivery_waves
from conductor_core.entrypoints.cli import delivery_tables as tables
from conductor_core.entrypoints.cli.delivery_places import Anywhere, Name, place
from conductor_core.entrypoints.cli.following import answer, requested
from conductor_core.entrypoints.cli.runbook import pairs
from conductor_core.entrypoints.cli.shared import (
    As,
    ChangeId,
    Emergency,
    Json,
    Reason,
    Wait,
    console,
    entered,
    print_json,
)
from conductor_core.errors import ConductorError, InputError
from conductor_core.services.fleet_clusters import PATIENCE

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="Pipelines, rollouts, waves and the acts on them.")
app.registered_commands += delivery_waves.app.registered_commands + delivery_fleets.app.registered_commands
Minutes = Annotated[int, typer.Option("--minutes", metavar="N", min=1, max=1440, help="How far back.")]


@app.command("list", epilog="Example: conductor delivery list --json")
def list_all(ctx: typer.Context, as_json: Json = False) -> None:
    """List pipelines with their Applications, every rollout of every cluster, and the fleets that move in lockstep.

    Without Argo CD the rest is listed, and stderr says why there are no pipelines.
    """
    delivery = entered(ctx).conductor.delivery
    found = delivery.everywhere(PATIENCE)
    fleets, missing = delivery.fleets(found), ""
    try:
        pipelines = delivery.pipelines().pipelines
    except ConductorError as bad:
        pipelines, missing = (), f"no pipelines: {bad}"
        sys.stderr.write(missing + "\n")
    if as_json:
        print_json(
            {
                "pipelines": [forms.pipeline_form(p) for p in pipelines],
                "rollouts": [forms.rollout_form(r) for r in found.rollouts],
                "fleets": [forms.fleet_form(f) for f in fleets],
                "silent": list(found.silent),
                "why_silent": dict(found.why),
                **({"missing": missing} if missing else {}),
            }
        )
    else:
        tables.show_board(pipelines, found, fleets)


@app.command("show", epilog="Example: conductor delivery show intelgraph-staging/intelgraph")
def show(ctx: typer.Context, name: Anywhere, as_json: Json = False) -> None:
    """Show one rollout: steps, weight, replica sets, pods, analyses and the verdict."""
    found_at = member(name)
    detail, verdict = entered(ctx).conductor.delivery.verdict(*found_at[1:], found_at.cluster)
    if as_json:
        print_json(forms.detail_form(detail, verdict))
    else:
        tables.show_detail(detail, verdict)


@app.command("verdict", epilog="Example: conductor delivery verdict intelgraph-staging/intelgraph --json")
def verdict(ctx: typer.Context, name: Anywhere, as_json: Json = False) -> None:
    """Say how the wave stands, what holds it, and what would clear that.

    Exits 0 when it is done or goes on, 3 when it is held, 1 when it has failed.
    """
    found_at = member(name)
    _, found = entered(ctx).conductor.delivery.verdict(*found_at[1:], found_at.cluster)
    if as_json:
        print_json(forms.verdict_form(found))
    else:
        tables.show_verdict(found)
    raise typer.Exit({"failed": 1, "held": 3}.get(found.word, 0))


@app.command("metrics", epilog="Example: conductor delivery metrics shop/api --minutes 30 --json")
def metrics(ctx: typer.Context, name: Name, minutes: Minutes = 15, as_json: Json = False) -> None:
    """Compare the new version with the stable one, metric by metric."""
    delivery = entered(ctx).conductor.delivery
    detail = delivery.detail(*place(name))
    panels = delivery.metrics(detail, minutes * 60.0)
    judged = delivery.judgements(panels)
    if as_json:
        told = [{"metric": j.metric, "word": j.word, "why": j.why} for j in judged]
        print_json({"panels": forms.panel_forms(panels), "judgements": told})
    else:
        tables.show_panels(panels, judged)


@app.command(
    "start",
    epilog='Example: conductor delivery start intelgraph --channel staging --set image.tag=1.4.3 --reason "1.4.3"',
)
def start(
    ctx: typer.Context,
    release: Annotated[str, typer.Argument(metavar="RELEASE", help="Name of the release.")],
    channel: Annotated[str, typer.Option("--channel", metavar="CHANNEL", help="Channel, such as staging.")],
    reason: Reason,
    sets: Annotated[
        list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="A chart value; may be repeated.")
    ] = None,
    who: As = "",
    wait: Wait = False,
    as_json: Json = False,
) -> None:
    """Request that a release starts to walk through its waves."""
    given: dict[str, object] = {"release": release, "channel": channel, "sets": pairs(sets or [], "--set")}
    requested(ctx, "deploy_release", given, reason, who, wait=wait, as_json=as_json)


def _act(
    ctx: typer.Context, name: str, act: Act, reason: str, who: str, wait: bool, as_json: bool, to: int = 0
) -> None:
    namespace, rollout = place(name)
    given: dict[str, object] = {"namespace": namespace, "rollout": rollout, "act": act.value, "to_revision": to}
    requested(ctx, "rollout_act", given, reason, who, wait=wait, as_json=as_json)


@app.command(
    "promote", epilog='Example: conductor delivery promote shop/api --reason "metrics are fine" --as requester'
)
def promote(
    ctx: typer.Context,
    name: Name,
    reason: Reason,
    full: Annotated[bool, typer.Option("--full", help="Skip steps, pauses and analysis.")] = False,
    skip: Annotated[bool, typer.Option("--skip", help="Skip the present step.")] = False,
    who: As = "",
    wait: Wait = False,
    as_json: Json = False,
) -> None:
    """Request that a rollout goes on."""
    if full and skip:
        raise InputError("--full and --skip exclude each other.", next="Give one of them.")
    act = Act.PROMOTE_FULL if full else Act.SKIP if skip else Act.PROMOTE
    _act(ctx, name, act, reason, who, wait, as_json)


@app.command("pause", epilog='Example: conductor delivery pause shop/api --reason "looking at errors" --as requester')
def pause(
    ctx: typer.Context,
    name: Name,
    reason: Reason,
    resume: Annotated[bool, typer.Option("--resume", help="End the pause instead.")] = False,
    who: As = "",
    wait: Wait = False,
    as_json: Json = False,
) -> None:
    """Request that a rollout stays where it is, or goes on from there."""
    _act(ctx, name, Act.RESUME if resume else Act.PAUSE, reason, who, wait, as_json)


@app.command("abort", epilog='Example: conductor delivery abort shop/api --reason "5 % errors" --as requester')
def abort(
    ctx: typer.Context,
    name: Name,
    reason: Reason,
    emergency: Emergency = False,
    retry: Annotated[bool, typer.Option("--retry", help="Take back an abort instead.")] = False,
    who: As = "",
    wait: Wait = False,
    as_json: Json = False,
) -> None:
    """Request that everybody gets the stable version again."""
    if not emergency:
        _act(ctx, name, Act.RETRY if retry else Act.ABORT, reason, who, wait, as_json)
        return
    namespace, rollout = place(name)
    given: dict[str, object] = {"namespace": namespace, "rollout": rollout}
    requested(ctx, "emergency_abort", given, reason, who, wait=wait, as_json=as_json)


@app.command(
    "undo", epilog='Example: conductor delivery undo shop/api --to-revision 3 --reason "errors" --as requester'
)
def undo(
    ctx: typer.Context,
    name: Name,
    reason: Reason,
    to_revision: Annotated[
        int, typer.Option("--to-revision", metavar="N", min=0, help="Revision to go back to; 0: the one before.")
    ] = 0,
    who: As = "",
    wait: Wait = False,
    as_json: Json = False,
) -> None:
    """Request that a rollout's template goes back to an earlier revision."""
    _act(ctx, name, Act.UNDO, reason, who, wait, as_json, to_revision)


@app.command("rollback", epilog="Example: conductor delivery rollback intelgraph-staging/intelgraph --as requester")
def rollback(
    ctx: typer.Context,
    name: Name,
    reason: Annotated[
        str, typer.Option("--reason", metavar="TEXT", help="Why; without it, what the failing rollout says.")
    ] = "",
    emergency: Emergency = False,
    who: As = "",
    wait: Wait = False,
    as_json: Json = False,
) -> None:
    """Request the rollback of the release that a failing rollout belongs to, filled in from the rollout.

    What Helm owns goes back to its last good revision, what Argo CD owns by a commit.
    """
    door = entered(ctx)
    back = door.conductor.desk.ways_back
    change = back.request(door.actor(who), *place(name), reason, emergency=emergency)
    answer(door, change, as_json=as_json, wait=wait)


@app.command(
    "sync", epilog='Example: conductor delivery sync intelgraph-staging --reason "after the fix" --as requester'
)
def sync(
    ctx: typer.Context,
    application: Annotated[str, typer.Argument(metavar="APPLICATION", help="Name, as `list` shows it.")],
    reason: Reason,
    namespace: Annotated[
        str, typer.Option("--namespace", metavar="NAME", help="Where it lies, when that isn't Argo CD's own.")
    ] = "",
    who: As = "",
    wait: Wait = False,
    as_json: Json = False,
) -> None:
    """Request that Argo CD brings an Application to what Git says; the plan names what would be removed."""
    given: dict[str, object] = {"application": application, "namespace": namespace}
    requested(ctx, "sync_application", given, reason, who, wait=wait, as_json=as_json)


@app.command("restart", epilog='Example: conductor delivery restart shop/api --reason "stuck pool" --as requester')
def restart(
    ctx: typer.Context, name: Name, reason: Reason, who: As = "", wait: Wait = False, as_json: Json = False
) -> None:
    """Request that each pod of a rollout is replaced by a fresh one."""
    _act(ctx, name, Act.RESTART, reason, who, wait, as_json)


@app.command("review", epilog='Example: conductor delivery review chg-... --reason "errors were real" --as approver')
def review(
    ctx: typer.Context,
    change_id: ChangeId,
    reason: Reason,
    wrong: Annotated[bool, typer.Option("--wrong", help="It was not justified.")] = False,
    who: As = "",
    as_json: Json = False,
) -> None:
    """Say afterwards whether an emergency act was right."""
    door = entered(ctx)
    reviewer = door.actor(who)
    found = door.conductor.emergencies.review(reviewer, change_id, reason, justified=not wrong)
    told = {"id": found.change.id, "reviewed_by": found.reviewed_by, "justified": found.justified, "word": found.word}
    if as_json:
        print_json(told)
    else:
        word = "justified" if found.justified else "not justified"
        console().print(f"{found.change.id}: {word}, by {reviewer.name}: {found.word}")
