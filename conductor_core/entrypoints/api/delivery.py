"""REST of delivery: the ways out of a rollout or fleet that goes wrong, as Changes; all else is one of a runbook."""

from __future__ import annotations

import math
from typing import Annotated

from fastapi import APIRouter, Path, Response

from conductor_core.domain import fleets
from conductor_core.domain.rollout_acts import Act
from conductor_core.entrypoints.api import models as m
from conductor_core.entrypoints.api import release_models as rm
from conductor_core.entrypoints.api.changes import Opened, created
from conductor_core.entrypoints.api.forms import Form
from conductor_core.entrypoints.api.identity import Writer
from conductor_core.entrypoints.api.problems import RESPONSES
from conductor_core.services.fleet_clusters import PATIENCE

router = APIRouter(prefix="/api/v1", tags=["delivery"], responses=RESPONSES)
FleetName = Annotated[str, Path(max_length=300, description="Name of the fleet, as `conductor delivery list` has it.")]
Namespace = Annotated[str, Path(max_length=63, description="Namespace of the rollout.")]
Name = Annotated[str, Path(max_length=253, description="Name of the rollout.")]


@router.post(
    "/fleets/{fleet}/abort", status_code=201, response_model=m.ChangeOut, summary="Request the abort of a fleet"
)
def abort_fleet(fleet: FleetName, body: rm.AbortRequest, actor: Writer, conductor: Opened, response: Response) -> Form:
    """All its rollouts that move, in all clusters that answer: a Change that runs fleet_abort, or its emergency."""
    everywhere = conductor.delivery.everywhere(PATIENCE if body.emergency else math.inf)
    found = fleets.named(conductor.delivery.fleets(everywhere), fleet)
    runbook = fleets.EMERGENCY if body.emergency else fleets.ABORT
    return created(conductor, conductor.changes.request(actor, runbook, found.parameters, body.reason), response)


@router.post(
    "/rollouts/{namespace}/{name}/abort", status_code=201, response_model=m.ChangeOut, summary="Request its abort"
)
def abort(
    namespace: Namespace, name: Name, body: rm.AbortRequest, actor: Writer, conductor: Opened, response: Response
) -> Form:
    """Everybody gets the stable version again: a Change that runs rollout_act, or emergency_abort."""
    given: dict[str, object] = {"namespace": namespace, "rollout": name}
    given |= {} if body.emergency else {"act": Act.ABORT.value, "to_revision": 0}
    runbook = "emergency_abort" if body.emergency else "rollout_act"
    return created(conductor, conductor.changes.request(actor, runbook, given, body.reason), response)


@router.post(
    "/rollouts/{namespace}/{name}/rollback", status_code=201, response_model=m.ChangeOut, summary="Request the way back"
)
def rollback(
    namespace: Namespace, name: Name, body: rm.WayBackRequest, actor: Writer, conductor: Opened, response: Response
) -> Form:
    """The release that a failing rollout belongs to goes back: by Helm, or in Git where Argo CD owns it."""
    back = conductor.desk.ways_back
    return created(conductor, back.request(actor, namespace, name, body.reason, emergency=body.emergency), response)
