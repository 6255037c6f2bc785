"""`conductor status`: is every configured connection healthy, and how deep is the queue."""

from __future__ import annotations

import typer

from conductor_core import __version__
from conductor_core.entrypoints.api.forms import status_form
from conductor_core.entrypoints.cli.rendering import table
from conductor_core.entrypoints.cli.shared import Json, console, entered, print_json
from conductor_core.errors import ConductorError
from conductor_core.services.status import Health, healthy

app = typer.Typer(rich_markup_mode=None)


@app.command(epilog="Example: conductor status --json")
def status(ctx: typer.Context, as_json: Json = False) -> None:
    """Ask every connection for its health; exits 0 only when all that are configured are healthy."""
    service = entered(ctx).conductor.status
    connections = service.connections()
    try:
        queue = service.queue()
    except ConductorError:  # the connection that it would have asked is among the ones above, with its diagnostics
        queue = {}
    if as_json:
        print_json(status_form(connections, queue, __version__))
    else:
        out = console()
        rows = [(c.name, c.health.value, f"{c.milliseconds} ms", c.detail) for c in connections]
        out.print(table(("CONNECTION", "HEALTH", "TOOK", "DETAIL"), rows, coloured="HEALTH"))
        for c in connections:
            if c.health is Health.DOWN:
                out.print(f"{c.name}: {c.why} {c.next}")
        out.print("queue: " + (", ".join(f"{name} {count}" for name, count in sorted(queue.items())) or "empty"))
    if not healthy(connections):
        raise typer.Exit(1)
