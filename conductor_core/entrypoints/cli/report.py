"""`conductor report`: make reports, and check what was handed to an auditor; checking needs nothing but the files."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from conductor_core.entrypoints.cli import reporting
from conductor_core.entrypoints.cli.ledger import vkey_text
from conductor_core.entrypoints.cli.shared import Json, print_json
from conductor_core.errors import InputError
from conductor_core.services.audit_pack import verify_pack

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="Make reports; check reports and packs.")
reporting.add_to(app)


@app.callback()
def group() -> None:
    """Make reports for auditors; check reports and audit packs."""


@app.command("verify", epilog="Example: conductor report verify november.tar --key 'name+1a2b3c4d+AQ...'")
def verify(
    pack: Annotated[Path, typer.Argument(metavar="FILE", help="A pack, or a file of a report.")],
    key: Annotated[str, typer.Option("--key", metavar="VKEY", help="The log's public key, or a file of it.")] = "",
    as_json: Json = False,
) -> None:
    """Say what holds of a report or an audit pack, offline.

    Exits 0 only when all of it holds. Without --key a pack is checked with the key inside of it, which proves less, and
    a report with the keys of this installation.
    """
    try:
        data = pack.read_bytes()
    except OSError as bad:
        raise InputError(f"{pack} can't be read.", why=str(bad), next="Name the archive.") from bad
    report = reporting.is_report(pack, data)
    lines = reporting.verify_files(pack, data, vkey_text(key)) if report else verify_pack(data, vkey_text(key))
    if as_json:
        source = "given" if key else "of this installation" if report else "from the pack"
        print_json({"holds": True, "key": source, "lines": lines})
    else:
        typer.echo("\n".join([*lines, "All of it holds."]))
