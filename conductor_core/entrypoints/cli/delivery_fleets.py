"""`conductor delivery fleet-abort`: all rollouts of a fleet that move, as one Change."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from conductor_core.entrypoints.cli.following import requested
from conductor_core.entrypoints.cli.shared import As, Json, Reason, Wait, entered
from conductor_core.errors import NotFoundError

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None)


@app.command(
    "fleet-abort", epilog='Example: conductor delivery fleet-abort shop --reason "5 % errors everywhere" --as requester'
)
def fleet_abort(
    ctx: typer.Context,
    fleet: Annotated[str, typer.Argument(metavar="FLEET", help="Name of the fleet, as `list` shows it.")],
    reason: Reason,
    who: As = "",
    wait: Wait = False,
    as_json: Json = False,
) -> None:
    """Request that all rollouts of a fleet that move are aborted, as one Change."""
    door = entered(ctx)
    known = door.conductor.delivery.fleets()
    found = next((f for f in known if f.name == fleet), None)
    if found is None:
        names = ", ".join(f.name for f in known) or "none"
        raise NotFoundError(
            f"There is no fleet {fleet!r}.", why=f"Known: {names}.", next="Label rollouts, or name one."
        )
    if found.silent:
        sys.stderr.write(f"no answer from {', '.join(found.silent)}: what runs there is not aborted\n")
    given: dict[str, object] = {
        "fleet": fleet,
        "members": [m.id for m in found.members],
        "silent": list(found.silent),
    }
    requested(ctx, "fleet_abort", given, reason, who, wait=wait, as_json=as_json)
