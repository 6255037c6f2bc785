"""`conductor doctor`: tools, contexts, logins, settings and connections, each miss with the act that mends it."""

from __future__ import annotations

import typer

from conductor_core.domain.doctor import well
from conductor_core.entrypoints.cli.rendering import table
from conductor_core.entrypoints.cli.shared import Json, console, entered, print_json

app = typer.Typer(rich_markup_mode=None)


@app.command(epilog="Example: conductor doctor --json")
def doctor(ctx: typer.Context, as_json: Json = False) -> None:
    """Look at everything that the workbench needs; exits 0 only when nothing is missing."""
    found = entered(ctx).conductor.doctor.look()
    if as_json:
        print_json({"well": well(found), "symptoms": [s.as_json() for s in found]})
    else:
        out = console()
        rows = [(s.part, s.name, s.finding.value, s.found) for s in found]
        out.print(table(("PART", "NAME", "IS", "FOUND"), rows, coloured="IS"))
        for s in found:
            if s.act and not s.good:
                out.print(f"{s.name}: {s.act}")
    if not well(found):
        raise typer.Exit(1)
