"""`conductor ledger`: the log, its entries and their proofs; the whole of it checked, or copied to check elsewhere.

Reads files and public keys alone: it works without the database, without the private key, and on a copy.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from conductor_core.domain.notes import base64_text
from conductor_core.entrypoints.api.forms import checkpoint_form, entry_form
from conductor_core.entrypoints.cli.rendering import table
from conductor_core.entrypoints.cli.shared import Json, console, entered, print_error, print_json
from conductor_core.errors import InputError, NotFoundError, StorageError
from conductor_core.services.verification import DamagedLogError
from conductor_core.services.witnessing import at

if TYPE_CHECKING:
    from conductor_core.services.ledger_reader import LedgerReader

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="Read, prove and verify the ledger.")
Dir = Annotated[
    str, typer.Option("--dir", metavar="DIR", help="Folder or URL of a copy of the log; default: this product's.")
]
Offline = Annotated[
    Path | None, typer.Option("--offline", metavar="PACK", help="An audit pack (or report); nothing else is read.")
]
Key = Annotated[str, typer.Option("--key", metavar="VKEY", help="Public key, or a file of keys; default: DIR/vkey.")]


@app.command("checkpoint", epilog="Example: conductor ledger checkpoint --json")
def checkpoint(directory: Dir = "", key: Key = "", as_json: Json = False) -> None:
    """Show how long the log is, its root, and who signed it."""
    reader = reader_of(directory, key)
    opened, cosigned = reader.checkpoint(), reader.cosigned()
    if as_json:
        print_json(checkpoint_form(opened) | {"cosigned": checkpoint_form(cosigned) if cosigned else None})
        return
    head = opened.checkpoint
    signers = ", ".join(f"{s.name} (key {s.key_id.hex()})" for s in opened.signed_by)
    rows = [
        ("log", head.origin),
        ("kept in", reader.where),
        ("entries", f"{head.size}"),
        ("root", base64_text(head.root)),
    ]
    by = [("cosigned by", f"{s.name}: {cosigned.checkpoint.size} entries at {at(s):%Y-%m-%d %H:%M:%S}Z")
          for s in cosigned.cosigned_by] if cosigned else [("cosigned by", "nobody")]  # fmt: skip
    console().print(table(("", ""), [*rows, ("signed by", signers), *by]))


@app.command("entries", epilog="Example: conductor ledger entries --change chg-01KB0000000000000000000000")
def entries(
    ctx: typer.Context,
    after: Annotated[int, typer.Option("--after", min=-1, help="Only with a higher index, oldest first.")] = -1,
    limit: Annotated[int, typer.Option("--limit", min=1, max=10_000, help="At most so many.")] = 20,
    change: Annotated[
        str, typer.Option("--change", metavar="ID", help="Only of this Change (asks the database).")
    ] = "",
    directory: Dir = "",
    key: Key = "",
    as_json: Json = False,
) -> None:
    """List the latest entries, or those after an index."""
    if change:
        reader = entered(ctx).conductor.ledger_reader
        placed = [index for index in reader.of_change(change) if index is not None and index > after]
        found = list(reader.walk(placed[:limit]))
    else:
        found = reader_of(directory, key).entries(after, limit, newest=after < 0)
    if as_json:
        print_json({"entries": [entry_form(entry) for entry in found]})
        return
    if not found:
        console().print("No entry matches.")
        return
    rows = [(f"{e.index}", f"{e.at:%m-%d %H:%M:%S}", e.fact, str(e.event.get("subject"))) for e in found]
    console().print(table(("INDEX", "TIME", "FACT", "SUBJECT"), rows))


@app.command("prove", epilog="Example: conductor ledger prove 7 --out 7.tlog-proof")
def prove(
    index: Annotated[int, typer.Argument(metavar="INDEX", min=0, help="Index of the entry, counted from 0.")],
    out: Annotated[Path | None, typer.Option("--out", metavar="FILE", help="Write the proof there.")] = None,
    cosigned: Annotated[bool, typer.Option("--cosigned", help="Under the checkpoint that witnesses signed.")] = False,
    directory: Dir = "",
    key: Key = "",
    as_json: Json = False,
) -> None:
    """Print the proof that an entry is in the log, as a .tlog-proof file.

    Under --json the entry comes along.
    """
    reader = reader_of(directory, key)
    under = reader.cosigned() if cosigned else None
    if cosigned and under is None:
        raise NotFoundError(
            "No witness has cosigned a checkpoint of this log.",
            why="None is configured, or none has answered yet.",
            next="Name them in CONDUCTOR_WITNESSES, and look into maestro-worker.log.",
        )
    proof = reader.proofs([index], under)[0].encode()
    if out is not None:
        with _written(out):
            out.write_bytes(proof)
    if as_json:
        print_json(entry_form(reader.entry(index)) | {"proof": proof.decode(), "file": str(out or "")})
    elif out is None:
        typer.echo(proof.decode(), nl=False)
    else:
        typer.echo(f"{out}: proof of entry {index}")


@app.command("verify", epilog="Example: conductor ledger verify --dir /media/copy --key 'name+1a2b3c4d+AQ...'")
def verify(directory: Dir = "", offline: Offline = None, key: Key = "", as_json: Json = False) -> None:
    """Derive the whole log again and compare; names the first bad index. With --offline, check an audit pack instead.

    Needs neither database nor private key. Exits 0 only when all of it holds.
    """
    if offline is not None:
        if directory:
            raise InputError("A log or a pack is verified, not both.", next="Leave out --dir or --offline.")
        from conductor_core.entrypoints.cli.reporting import verify_file

        verify_file(offline, vkey_text(key), as_json)
        return
    reader = reader_of(directory, key)
    try:
        with _progress("verifying") as step:
            opened = reader.verify(step)
    except DamagedLogError as bad:
        if as_json:
            print_json({"holds": False, "index": bad.index, "path": bad.path, "error": bad.diagnostics().as_dict()})
        else:
            print_error(bad.diagnostics(), as_json)
        raise typer.Exit(bad.exit_code) from bad
    if as_json:
        print_json({"holds": True, **checkpoint_form(opened)})
        return
    head = opened.checkpoint
    typer.echo(f"{head.size} entries hold: every bundle, every tile and the root {base64_text(head.root)}")
    if not key:
        typer.echo(
            f"checked with the key beside the log, to be compared with the published one: {reader.vkey_of(opened)}"
        )


@app.command("export", epilog="Example: conductor ledger export --to /media/copy")
def export(
    to: Annotated[Path, typer.Option("--to", metavar="DIR", help="Folder of the copy.")] = Path("ledger-copy"),
    directory: Dir = "",
    key: Key = "",
    as_json: Json = False,
) -> None:
    """Copy the log under its checkpoint, with its public keys.

    A folder with an earlier copy is brought up to date.
    """
    reader = reader_of(directory, key)
    opened, places = reader.places()
    with _progress("copying") as step, _written(to):
        for done, place in enumerate(places, start=1):
            file = to / place.path
            if not file.exists():
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_bytes(reader.copy(place))
            step(done, len(places))
        to.mkdir(parents=True, exist_ok=True)
        (to / "vkey").write_text("".join(f"{vkey}\n" for vkey in reader.vkeys()), encoding="utf-8")
        (to / "checkpoint").write_bytes(opened.note.encode())
    if as_json:
        print_json({"directory": str(to), "files": len(places) + 2, **checkpoint_form(opened)})
    else:
        typer.echo(f"{to}: {opened.checkpoint.size} entries. Check it with `conductor ledger verify --dir {to}`.")


def reader_of(directory: str, key: str) -> LedgerReader:
    """The log of this product, or of a folder or URL; `key` is a vkey or a file of them. Raises `InputError`."""
    from conductor_core import wiring

    if not directory:
        from conductor_core.settings import load

        return wiring.own_log(load(), vkey_text(key))
    if "://" in directory:
        return wiring.open_log(directory, vkey_text(key))
    if not Path(directory).is_dir():
        raise InputError(f"There is no folder {directory}.", next="Name the folder that holds `checkpoint` and `tile`.")
    return wiring.open_log(Path(directory), vkey_text(key))


def vkey_text(key: str) -> str:
    """The text of a key that was given as itself or as the name of a file; raises `InputError`."""
    if not key or "+" in key:
        return key
    try:
        return Path(key).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as bad:
        raise InputError(f"The key file {key} can't be read.", why=str(bad), next="Give the vkey itself.") from bad


@contextmanager
def _progress(words: str) -> Iterator[Callable[[int, int], None]]:
    """A bar on stderr while the block runs, when somebody watches."""
    import sys

    from rich.progress import Progress

    with Progress(console=console(sys.stderr), transient=True, disable=not sys.stderr.isatty()) as bar:
        task = bar.add_task(words, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


@contextmanager
def _written(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as bad:
        raise StorageError(f"{path} can't be written.", why=str(bad), next="Name another place.") from bad
