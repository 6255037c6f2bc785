"""How a rollout is named on the command line: NAMESPACE/NAME, in a further cluster CONTEXT/NAMESPACE/NAME."""

from __future__ import annotations

from typing import Annotated

import typer

from conductor_core.domain.fleets import member
from conductor_core.errors import InputError

Name = Annotated[str, typer.Argument(metavar="ROLLOUT", help="NAMESPACE/NAME of the rollout.")]
Anywhere = Annotated[
    str,
    typer.Argument(metavar="ROLLOUT", help="NAMESPACE/NAME, or CONTEXT/NAMESPACE/NAME in a further cluster."),
]


def place(name: str) -> tuple[str, str]:
    """Namespace and name of a rollout of the home cluster; raises `InputError` for one of a further cluster."""
    found = member(name)
    if found.cluster:
        raise InputError(
            f"{name} is in a further cluster: it can be looked at from here, and be aborted with its fleet.",
            why="Metrics, timelines and single acts are those of the cluster that this workbench works on.",
            next="See `conductor delivery show` and `fleet-abort`, or use a workbench of that cluster.",
        )
    return found.namespace, found.name
