"""`conductor up` and `conductor down`: start the workbench with all its processes, and stop what was started."""

from __future__ import annotations

import sys

import typer

from conductor_core.entrypoints.cli.shared import console

up = typer.Typer(rich_markup_mode=None)
down = typer.Typer(rich_markup_mode=None)


@up.command("up", epilog="Example: conductor up")
def start() -> None:
    """Start the workbench, the API and the worker; with no cluster chosen, the local control plane too."""
    from conductor_core.entrypoints import up as processes
    from conductor_core.settings import load

    processes.up(load(), console(sys.stderr))


@down.command("down", epilog="Example: conductor down")
def stop() -> None:
    """Stop what `conductor up` started, and nothing else."""
    from conductor_core.entrypoints import up as processes
    from conductor_core.settings import load

    processes.down(load())
