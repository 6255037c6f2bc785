"""`conductor report`: make reports, and check what was handed to an auditor; checking needs nothing but the files."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from conductor_core.entrypoints.cli import reporting
from conductor_core.entrypoints.cli.ledger import vkey_text
from conductor_core.entrypoints.cli.shared import Json

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
    reporting.verify_file(pack, vkey_text(key), as_json)
