"""`conductor smoke`: list suites, run one here and now, and see how its runs have gone."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from conductor_core.entrypoints.cli.rendering import table
from conductor_core.entrypoints.cli.shared import As, Json, console, entered, print_json
from conductor_core.services.access import Action, Resource, authorize

if TYPE_CHECKING:
    from conductor_core.domain.smoke import SmokeRun
    from conductor_core.ports.smoke import Suites

app = typer.Typer(rich_markup_mode=None)


@app.command(epilog="Example: conductor smoke intelgraph-api --release intelgraph --channel dev --as requester")
def smoke(
    ctx: typer.Context,
    suite: Annotated[str, typer.Argument(metavar="[SUITE]", help="Suite to run; without one they are listed.")] = "",
    release: Annotated[str, typer.Option("--release", metavar="RELEASE", help="Release; else the suite's own.")] = "",
    channel: Annotated[str, typer.Option("--channel", metavar="CHANNEL", help="Channel, such as dev.")] = "dev",
    concurrency: Annotated[int, typer.Option(min=0, max=64, help="Callers side by side; 0: the suite's.")] = 0,
    duration: Annotated[float, typer.Option(min=-1, max=3600, help="Seconds; -1: the suite's.")] = -1,
    history: Annotated[bool, typer.Option("--history", help="Show past runs instead of running.")] = False,
    who: As = "",
    as_json: Json = False,
) -> None:
    """Run a smoke suite, tell how it stands on stderr, and keep the result.

    Exits 0 when it passed, 1 when it did not.
    """
    door = entered(ctx)
    service = door.conductor.smoke
    if history:
        _history(service.runs(suite=suite, release=release, limit=30), as_json)
        return
    if not suite:
        _suites(service.suites(), as_json)
        return
    actor = door.actor(who or "requester")
    authorize(actor, Action.REQUEST, Resource("smoke", suite))
    say = lambda line: print(line, file=sys.stderr, flush=True)  # noqa: E731  # one line
    run = service.run(suite, release, channel, actor, say, concurrency=concurrency, duration=duration)
    if as_json:
        print_json(run.as_json())
    else:
        told = [
            (c.name, str(c.requests), str(c.failures), f"{c.p50}", f"{c.p95}", f"{c.p99}", "; ".join(c.why))
            for c in run.checks
        ]
        console().print(table(("CHECK", "REQUESTS", "FAILED", "P50 MS", "P95 MS", "P99 MS", "WHY"), told))
        console().print(f"{'passed' if run.passed else 'failed'}: {run.told}")
    if not run.passed:
        raise typer.Exit(1)


def _history(runs: Sequence[SmokeRun], as_json: bool) -> None:
    if as_json:
        print_json({"runs": [run.as_json() for run in runs]})
        return
    rows = [(f"{r.at:%m-%d %H:%M}", r.suite, r.channel, "passed" if r.passed else "failed", r.told) for r in runs]
    console().print(table(("AT", "SUITE", "CHANNEL", "WENT", "WHAT"), rows, coloured="WENT"))


def _suites(found: Suites, as_json: bool) -> None:
    if as_json:
        named = [{"name": s.name, "title": s.title, "release": s.release} for s in found.suites.values()]
        broken = [{"file": b.file, "problem": b.problem} for b in found.broken]
        print_json({"suites": named, "broken": broken})
        return
    rows = [(s.name, s.release or "any", s.title, s.purpose) for s in found.suites.values()]
    console().print(table(("SUITE", "RELEASE", "TITLE", "PURPOSE"), rows))
    for left_out in found.broken:
        console().print(f"left out: {left_out.file}: {left_out.problem}")
