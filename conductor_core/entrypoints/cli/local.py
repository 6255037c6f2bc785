"""`conductor local build|up|down|status|reset`: the local control plane from a terminal.

Progress goes to stderr, the answer to stdout. `status` exits 0 only when the plane is ready.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from conductor_core.entrypoints.cli.shared import Json, console, door, print_json
from conductor_core.errors import InputError
from conductor_core.settings import load

if TYPE_CHECKING:
    from conductor_core.localplane.layout import Endpoints
    from conductor_core.localplane.plane import PlaneProgress, PlaneStatus

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode=None,
    help="Build, start and stop the local control plane.",
    epilog="Example: conductor local up",
)
Only = Annotated[list[str] | None, typer.Option("--only", metavar="PROGRAM", help="Build this program; repeatable.")]
Yes = Annotated[bool, typer.Option("--yes", help="Delete without asking.")]

_Told = Callable[[str, float, int], None]


@app.command(epilog="Example: conductor local build --only helm --only kubectl")
def build(only: Only = None, as_json: Json = False) -> None:
    """Build the programs of the local control plane; the first time takes about 15 minutes."""
    with door(as_json):
        from conductor_core.localplane.build import build as run_build

        with _bar(as_json) as told:
            built = run_build(
                load(),
                lambda p: told(f"building {p.current} ({p.done + 1} of {p.total})", p.fraction, p.seconds_left),
                only or None,
            )
        answer = {"bin": str(built.bin), "programs": sorted(p.name for p in built.bin.iterdir() if p.name[0] != ".")}
        _say(as_json, answer, f"The programs are in {built.bin}.")


@app.command(epilog="Example: conductor local up --json")
def up(as_json: Json = False) -> None:
    """Build what is missing, start the local control plane, and wait until it is ready."""
    with door(as_json):
        from conductor_core.localplane.plane import up as run_up

        with _bar(as_json) as told:
            found = run_up(load(), lambda p: told(_words(p), p.fraction, p.seconds_left))
        answer = {"started": found.started, "endpoints": found.endpoints.as_json()}
        _say(as_json, answer, "The local control plane is ready." if found.started else "It was running already.")
        if not as_json:
            _show_endpoints(found.endpoints)


@app.command(epilog="Example: conductor local down")
def down(as_json: Json = False) -> None:
    """Stop the local control plane of this home, and nothing else."""
    with door(as_json):
        from conductor_core.localplane.plane import down as run_down

        ran = run_down(load())
        _say(as_json, {"stopped": ran}, "The local control plane is stopped." if ran else "Nothing was running.")


@app.command(epilog="Example: conductor local reset --yes")
def reset(yes: Yes = False, as_json: Json = False) -> None:
    """Stop the local control plane and delete its state, the operations repository included."""
    with door(as_json):
        from conductor_core.localplane.layout import of
        from conductor_core.localplane.plane import reset as run_reset

        settings = load()
        if not yes:
            if as_json or not sys.stdin.isatty():
                raise InputError(
                    "Deleting the local control plane must be confirmed.",
                    why=f"It would delete {of(settings).root}.",
                    next="Add --yes.",
                )
            typer.confirm(f"Delete {of(settings).root} with every cluster object and commit in it?", abort=True)
        had = run_reset(settings)
        _say(as_json, {"deleted": had}, "The local control plane is deleted." if had else "There was none.")


@app.command(epilog="Example: conductor local status --json")
def status(as_json: Json = False) -> None:
    """Tell what is built and what runs; exits 0 only when the plane is ready."""
    with door(as_json):
        from conductor_core.localplane.plane import status as read_status

        now = read_status(load())
        if as_json:
            print_json(_form(now))
        else:
            _show_status(now)
        if now.state != "ready":
            raise typer.Exit(1)


def _words(p: PlaneProgress) -> str:
    return f"{p.stage} {p.current} ({min(p.done + 1, p.total)} of {p.total})" if p.current else ""


def _form(now: PlaneStatus) -> dict[str, Any]:
    return {**asdict(now), "endpoints": now.endpoints.as_json() if now.endpoints else None}


def _say(as_json: bool, answer: Mapping[str, object], sentence: str) -> None:
    if as_json:
        print_json(answer)
    else:
        console().print(sentence)


def _show_endpoints(found: Endpoints) -> None:
    for name, value in found.as_json().items():
        console().print(f"  {name:<18} {value}", soft_wrap=True)


def _show_status(now: PlaneStatus) -> None:
    from rich.table import Table

    out = console()
    out.print(f"local control plane: {now.state}")
    if now.build.state == "building":
        told = now.build
        out.print(f"building {told.current}: {told.done} of {told.total}, about {_time(told.seconds_left)} left")
    elif now.missing_programs:
        out.print(f"not built: {', '.join(now.missing_programs)} (run `conductor local build`)")
    if now.build.state == "failed":
        out.print(f"the last build failed: {now.build.why}")
    if now.processes:
        shown = Table(box=None, pad_edge=False, header_style="bold")
        for column in ("process", "state", "pid", "restarts", "note"):
            shown.add_column(column, overflow="fold")
        for p in now.processes:
            shown.add_row(p.name, p.state, str(p.pid or ""), str(p.restarts or ""), p.why)
        out.print(shown)
    if now.endpoints:
        _show_endpoints(now.endpoints)


def _time(seconds: int) -> str:
    return f"{seconds} s" if seconds < 90 else f"{round(seconds / 60)} min"


@contextmanager
def _bar(as_json: bool) -> Iterator[_Told]:
    """A bar on a terminal, one line for each new step elsewhere, nothing under `--json`."""
    if as_json:
        yield lambda _text, _share, _left: None
        return
    out = console(sys.stderr)
    if not out.is_terminal:
        seen: list[str] = []

        def line(text: str, _share: float, left: int) -> None:
            if text.strip() and seen[-1:] != [text]:
                seen[:] = [text]
                out.print(text + (f", about {_time(left)} left" if left else ""))

        yield line
        return
    from rich.progress import BarColumn, Progress, TextColumn

    with Progress(
        TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[left]}"), console=out, transient=True
    ) as bar:
        task = bar.add_task("preparing", total=1.0, left="")

        def told(text: str, share: float, left: int) -> None:
            bar.update(
                task, description=text or "ready", completed=share, left=f"about {_time(left)} left" if left else ""
            )

        yield told
