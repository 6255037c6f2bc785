"""`conductor release promote-set`: what runs and passed in one channel becomes the set of the next."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import typer

from conductor_core.domain.set_promotions import Seen
from conductor_core.entrypoints.cli.following import requested
from conductor_core.entrypoints.cli.rendering import table
from conductor_core.entrypoints.cli.shared import As, Json, Wait, console, entered, print_json

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None)


@app.command(
    "promote-set",
    epilog='Example: conductor release promote-set --from staging --to prod --reason "1.4.3 soaked" --as requester',
)
def promote_set(
    ctx: typer.Context,
    source: Annotated[str, typer.Option("--from", metavar="CHANNEL", help="Channel whose versions are taken.")],
    target: Annotated[str, typer.Option("--to", metavar="CHANNEL", help="Channel that gets them.")],
    only: Annotated[
        list[str] | None, typer.Option("--release", metavar="RELEASE", help="Only this one; may be repeated.")
    ] = None,
    skip: Annotated[
        list[str] | None, typer.Option("--skip", metavar="SERVICE", help="Leave it where it is; may be repeated.")
    ] = None,
    preview: Annotated[bool, typer.Option("--preview", help="Show what would be promoted, request nothing.")] = False,
    reason: Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why; it goes into the record.")] = "",
    who: As = "",
    wait: Wait = False,
    as_json: Json = False,
) -> None:
    """Request that the versions which passed in one channel become those of the next, as a Change."""
    door = entered(ctx)
    if preview:
        found = door.conductor.desk.promotions.preview(source, target, only or [], skip or [])
        frozen = [reason.text for reason in door.conductor.desk.queued.freeze.of_promotion(target, only or [])]
        if as_json:
            services = [s.as_json() for s in found]
            print_json({"from": source, "to": target, "services": services, "frozen": frozen})
        else:
            show(found)
            console().print(*(f"! {text}" for text in frozen), sep="\n", end="\n" if frozen else "", markup=False)
        return
    given: dict[str, object] = {"source": source, "to": target, "releases": only or [], "left_out": skip or []}
    requested(ctx, "promote_set", given, reason, who, wait=wait, as_json=as_json)


def show(found: Sequence[Seen]) -> None:
    """One row a service."""
    rows = [
        (s.service.name, s.target or "-", s.source if s.moves else "-", s.cause.value if s.cause else "promoted", s.why)
        for s in found
    ]
    console().print(table(("SERVICE", "HAS", "GETS", "BECOMES", "WHY"), rows))
