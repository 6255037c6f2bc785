"""`conductor audit`: ask the record in SQL; take what was done, with its proofs, to somebody who does not trust us."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from conductor_core.entrypoints.cli import explorer
from conductor_core.entrypoints.cli.shared import Json, entered, print_json
from conductor_core.errors import InputError, StorageError

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="Ask the record, and take it to an auditor.")
explorer.add_to(app)


@app.callback()
def group() -> None:
    """Ask the record in SQL; take what was done, with its proofs, to an auditor."""


@app.command("pack", epilog="Example: conductor audit pack --from 2026-11-01 --to 2026-12-01 --out november.tar")
def pack(
    ctx: typer.Context,
    out: Annotated[Path, typer.Option("--out", metavar="FILE", help="The archive to write.")],
    change: Annotated[str, typer.Option("--change", metavar="ID", help="Everything about this Change.")] = "",
    start: Annotated[str, typer.Option("--from", metavar="TIME", help="Everything from then, UTC.")] = "",
    end: Annotated[str, typer.Option("--to", metavar="TIME", help="Until before then, UTC; default: now.")] = "",
    as_json: Json = False,
) -> None:
    """Write one archive with entries, proofs, records and evidence.

    It carries verify.py, which checks it offline with nothing but Python. Exits 1 when evidence is missing.
    """
    if bool(change) == bool(start) or (change and end):
        raise InputError(
            "It must be said what goes into the pack.",
            why="Either --change or --from is needed, and not both.",
            next="Name a Change, or a period such as --from 2026-11-01 --to 2026-12-01.",
        )
    packs = entered(ctx).conductor.audit_packs
    made = (
        packs.of_change(change) if change else packs.of_period(_time(start), _time(end) if end else datetime.now(UTC))
    )
    try:
        out.write_bytes(made.data)
        out.chmod(0o600)
    except OSError as bad:
        raise StorageError(f"{out} can't be written.", why=str(bad), next="Name another file.") from bad
    if as_json:
        said = {"file": str(out), "digest": made.digest, "bytes": len(made.data), "entries": made.entries}
        print_json(said | {"changes": list(made.changes), "missing": list(made.missing)})
    else:
        counts = f"{made.entries} entries, {len(made.changes)} Changes, {len(made.data):,} bytes, {made.digest}"
        typer.echo(f"{out}: {counts}\nCheck it with `conductor report verify {out}`, or with the verify.py inside.")
        for piece in made.missing:
            typer.echo(f"missing: {piece}", err=True)
    if made.missing:
        raise typer.Exit(1)


def _time(text: str) -> datetime:
    try:
        found = datetime.fromisoformat(text)
    except ValueError as bad:
        raise InputError(
            f"{text!r} is no time.", why=str(bad), next="Write 2026-11-24 or 2026-11-24T18:00:00+01:00."
        ) from bad
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
