"""`conductor delivery fleet-abort`: all rollouts of a fleet that move, as one Change."""

from __future__ import annotations

import math
import sys
from typing import Annotated

import typer

from conductor_core.domain import fleets
from conductor_core.entrypoints.cli.following import requested
from conductor_core.entrypoints.cli.shared import As, Emergency, Json, Reason, Wait, entered
from conductor_core.services.fleet_clusters import PATIENCE

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None)


@app.command(
    "fleet-abort", epilog='Example: conductor delivery fleet-abort shop --reason "5 % errors everywhere" --as requester'
)
def fleet_abort(
    ctx: typer.Context,
    fleet: Annotated[str, typer.Argument(metavar="FLEET", help="Name of the fleet, as `list` shows it.")],
    reason: Reason,
    emergency: Emergency = False,
    who: As = "",
    wait: Wait = False,
    as_json: Json = False,
) -> None:
    """Request that all rollouts of a fleet that move are aborted, as one Change.

    A cluster that does not answer is named; an emergency waits for it a few seconds only.
    """
    delivery = entered(ctx).conductor.delivery
    everywhere = delivery.everywhere(PATIENCE if emergency else math.inf)
    found = fleets.named(delivery.fleets(everywhere), fleet)
    for name, why in everywhere.why.items():
        sys.stderr.write(f"no answer from {name}: what runs there is not aborted. {why}\n")
    runbook = fleets.EMERGENCY if emergency else fleets.ABORT
    requested(ctx, runbook, found.parameters, reason, who, wait=wait, as_json=as_json)
