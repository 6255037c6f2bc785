"""`conductor`: finds the command group by name and imports nothing else, so that --help answers at once.

Exit codes: 0 done; 1 failed; 2 wrong input; 3 refused by a rule, or waiting for a person; 4 not allowed;
5 try again later; 130 interrupted.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from importlib import import_module
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperCommand, TyperGroup
from typer.main import get_command

from conductor_core import __version__
from conductor_core.entrypoints.cli.shared import Door, door, print_error
from conductor_core.errors import Diagnostics, InputError

if TYPE_CHECKING:
    from conductor_core.wiring import Conductor

ROOM = "conductor_core.entrypoints.cli"
COMMANDS: dict[str, tuple[str, str]] = {
    "up": ("workbench:up", "Start the workbench, the API and the worker."),
    "down": ("workbench:down", "Stop what `up` started, and nothing else."),
    "status": ("status:app", "Ask every connection for its health."),
    "local": ("local:app", "Build, start and stop the local control plane."),
    "env": ("env:app", "Provision, look at, compare and destroy environments."),
    "release": ("release:app", "List, compare, deploy and roll back releases."),
    "delivery": ("delivery:app", "Pipelines, rollouts, waves and the acts on them."),
    "smoke": ("smoke:app", "Run a smoke suite, and see how runs have gone."),
    "doctor": ("doctor:app", "Look for what is missing, and say what mends it."),
    "change": ("change:app", "Look at Changes, approve them, follow them."),
    "runbook": ("runbook:app", "List runbooks, and run one as a Change."),
    "ledger": ("ledger:app", "Read, prove and verify the ledger."),
    "audit": ("audit:app", "Ask the record in SQL, and take it to an auditor."),
    "report": ("report:app", "Make reports; check reports and packs."),
    "support": ("support:app", "Collect what the next level of support needs."),
}
"""Each command group: where its Typer app is, and the line that --help shows for it."""


class LazyGroup(TyperGroup):
    """A group that knows names and helps of its commands, and imports the one that is called."""

    def __init__(self, **attributes: Any) -> None:
        super().__init__(**attributes)
        for name, (_, line) in COMMANDS.items():
            self.add_command(TyperCommand(name, help=line), name)

    def resolve_command(self, ctx: Any, args: list[str]) -> tuple[str | None, Any, list[str]]:
        """The name, the imported command and the rest of the arguments."""
        name, _, rest = super().resolve_command(ctx, args)
        return name, load(name) if name else None, rest


def load(name: str) -> Any:
    """The real command behind a name of `COMMANDS`."""
    module, _, attribute = COMMANDS[name][0].partition(":")
    command = get_command(getattr(import_module(f"{ROOM}.{module}"), attribute))
    command.name = name
    command.params = [p for p in command.params if p.name not in ("install_completion", "show_completion")]
    return command


app = typer.Typer(
    cls=LazyGroup,
    no_args_is_help=True,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Example: conductor release diff intelgraph --from live:dev --to channel:dev",
)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"conductor {__version__}")
        raise typer.Exit


@app.callback()
def root(
    version: Annotated[
        bool, typer.Option("--version", help="Print the version.", callback=_version, is_eager=True)
    ] = False,
) -> None:
    """Decide, record and carry out every change to your Kubernetes estate."""


def run(arguments: Sequence[str], opened: Callable[[], Conductor] | None = None) -> int:
    """Run one command line (without the program's name) and give its exit code; `opened` replaces the wiring."""
    as_json = "--json" in arguments
    entry = Door(opened) if opened else Door()
    try:
        with door(as_json):
            _readable(arguments)
            code = get_command(app).main(list(arguments), "conductor", standalone_mode=False, obj=entry)
            sys.stdout.flush()
        return code if isinstance(code, int) else 0
    except typer.Exit as end:
        return end.exit_code
    except (typer.Abort, KeyboardInterrupt):
        return 130
    except typer.TyperException as bad:
        _wrong_usage(bad, as_json)
        return bad.exit_code
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1


def _readable(arguments: Sequence[str]) -> None:
    for argument in arguments:
        if any("\ud800" <= c <= "\udfff" for c in argument):
            raise InputError(
                "An argument can't be read.", why=f"{argument[:80]!r} is not UTF-8.", next="Write it in plain UTF-8."
            )


def _wrong_usage(bad: typer.TyperException, as_json: bool) -> None:
    context = getattr(bad, "ctx", None)
    path = context.command_path if context else "conductor"
    if not as_json and type(bad).__name__ == "NoArgsIsHelpError":
        typer.echo(bad.format_message(), err=True)
        return
    what = bad.format_message().strip() or "The command line can't be read."
    usage = " ".join(context.get_usage().split()) if context else "Usage: conductor COMMAND"
    print_error(Diagnostics(what, usage, f"Run `{path} --help`."), as_json)


def main() -> None:
    """The console script."""
    sys.exit(run(sys.argv[1:]))


if __name__ == "__main__":
    main()
