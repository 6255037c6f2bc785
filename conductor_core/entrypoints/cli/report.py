"""`conductor report`: check what was handed to an auditor; needs nothing but the file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from conductor_core.entrypoints.cli.ledger import vkey_text
from conductor_core.entrypoints.cli.shared import Json, print_json
from conductor_core.errors import InputError
from conductor_core.services.audit_pack import verify_pack

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="Check audit packs and reports.")


@app.callback()
def group() -> None:
    """Check audit packs and reports."""


@app.command("verify", epilog="Example: conductor report verify november.tar --key 'name+1a2b3c4d+AQ...'")
def verify(
    pack: Annotated[Path, typer.Argument(metavar="PACK", help="The archive.")],
    key: Annotated[str, typer.Option("--key", metavar="VKEY", help="The log's public key, or a file of it.")] = "",
    as_json: Json = False,
) -> None:
    """Say what holds of an audit pack, offline.

    Exits 0 only when all of it holds. Without --key the key inside of the pack is used, which proves less.
    """
    try:
        data = pack.read_bytes()
    except OSError as bad:
        raise InputError(f"{pack} can't be read.", why=str(bad), next="Name the archive.") from bad
    lines = verify_pack(data, vkey_text(key))
    if as_json:
        print_json({"holds": True, "key": "given" if key else "from the pack", "lines": lines})
    else:
        typer.echo("\n".join([*lines, "All of it holds."]))
