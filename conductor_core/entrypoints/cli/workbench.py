"""`conductor up` and `conductor down`: start the workbench with all its processes, and stop what was started."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated

import typer

from conductor_core.entrypoints.cli.shared import Json, print_json
from conductor_core.errors import ConductorError

if TYPE_CHECKING:
    from conductor_core.localplane.processes import SetStatus

up = typer.Typer(rich_markup_mode=None)
down = typer.Typer(rich_markup_mode=None)
BEGINNING = 60.0
"""Seconds that the local control plane gets to be started, before `up` leaves it alone."""


@up.command("up", epilog="Example: conductor up")
def start(
    wait: Annotated[
        bool, typer.Option("--wait", help="Wait for the local control plane even when it has to be built.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Start the workbench, the API and the worker.

    When no kubeconfig context is chosen, the local control plane is started too; the first time, it is built in the
    background. Progress goes to stderr, the address of the workbench to stdout.
    """
    from conductor_core.entrypoints import up as processes
    from conductor_core.settings import load

    settings = load()
    running = processes.up(settings, _say)
    if running.plane:
        wait = wait or processes.plane_is_built(settings)
        begin(lambda report: processes.follow_plane(settings, report), wait=wait)
    if as_json:
        answer = {"url": running.url, "api_url": running.api_url, "plane": running.plane, "already": running.already}
        print_json(answer)
    else:
        typer.echo(running.url)


@down.command("down", epilog="Example: conductor down")
def stop(as_json: Json = False) -> None:
    """Stop what `conductor up` started, and nothing else."""
    from conductor_core.entrypoints import up as processes
    from conductor_core.settings import load

    stopped = processes.down(load(), _say)
    if as_json:
        print_json({"stopped": stopped})
    elif not stopped:
        _say("nothing was running")


def begin(follow: Callable[[Callable[[SetStatus], None]], None], *, wait: bool) -> None:
    """Start the plane under its own supervisor; it goes on when this process ends. Raises what starting it raises."""
    begun = threading.Event()
    failed: list[ConductorError] = []

    def report(status: SetStatus) -> None:
        if any(process.state not in ("waiting", "stopped") for process in status.processes):
            begun.set()

    def follow_it() -> None:
        try:
            follow(report)
        except ConductorError as bad:
            failed.append(bad)
        begun.set()

    helper = threading.Thread(target=follow_it, daemon=True, name="local-plane")
    helper.start()
    begun.wait(BEGINNING)
    if wait:
        helper.join()
    if failed:
        raise failed[0]
    _say("local control plane: ready" if wait else "local control plane: starting; `conductor local status` tells more")


def _say(text: str) -> None:
    sys.stderr.write(text + "\n")
    sys.stderr.flush()
