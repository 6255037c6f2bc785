"""`conductor support`: what the next level of support needs, in one archive."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from conductor_core.entrypoints.cli.shared import As, Json, entered, print_json
from conductor_core.errors import StorageError

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="Collect what the next level of support needs.")


@app.callback()
def group() -> None:
    """Collect what the next level of support needs."""


@app.command("bundle", epilog="Example: conductor support bundle --change chg-01K... --as captain")
def bundle(
    ctx: typer.Context,
    change: Annotated[str, typer.Option("--change", metavar="ID", help="The Change that it is about.")] = "",
    out: Annotated[Path | None, typer.Option("--out", metavar="FILE", help="The archive to write.")] = None,
    who: As = "",
    as_json: Json = False,
) -> None:
    """Write one zip: deployment, Helm revision, Applications, events, logs, smoke runs, notebook and proofs.

    Secrets are masked. What could not be collected is named and stops nothing; without --change it is about this
    installation alone.
    """
    entry = entered(ctx)
    made = entry.conductor.escalation.bundle(entry.actor(who), change)
    file = out or Path(made.name)
    try:
        file.write_bytes(made.data)
        file.chmod(0o600)
    except OSError as bad:
        raise StorageError(f"{file} can't be written.", why=str(bad), next="Name another file with --out.") from bad
    if as_json:
        said = {"file": str(file), "bytes": len(made.data), "pieces": list(made.pieces)}
        print_json(said | {"missing": list(made.missing)})
        return
    typer.echo(f"{file}: {len(made.pieces)} pieces, {len(made.data):,} bytes, secrets masked")
    for piece in made.missing:
        typer.echo(f"missing: {piece}", err=True)
