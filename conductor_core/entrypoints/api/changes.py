"""REST of Changes: request, look, approve, reject, cancel, plan again, settle; their evidence and notebook."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query, Response

from conductor_core.domain.changes import State
from conductor_core.entrypoints.api import models as m
from conductor_core.entrypoints.api.forms import Form, change_form
from conductor_core.entrypoints.api.identity import Reader, Writer, conductor_of
from conductor_core.entrypoints.api.problems import RESPONSES
from conductor_core.entrypoints.api.queries import change_query
from conductor_core.wiring import Conductor

router = APIRouter(prefix="/api/v1/changes", tags=["changes"], responses=RESPONSES)
Opened = Annotated[Conductor, Depends(conductor_of)]
ChangeId = Annotated[str, Path(max_length=64, description="Id of the Change, such as chg-01KB0000000000000000000000.")]


def created(conductor: Conductor, change: Any, response: Response) -> Form:
    """The form of a fresh Change, with its address in the answer's Location."""
    response.headers["Location"] = f"/api/v1/changes/{change.id}"
    return change_form(change, conductor.settings)


@router.post("", status_code=201, response_model=m.ChangeOut, summary="Request a Change")
def request_change(body: m.ChangeRequest, actor: Writer, conductor: Opened, response: Response) -> Form:
    """A worker plans it within about a second; ask for it again to see plan and gates."""
    change = conductor.changes.request(actor, body.runbook, body.parameters, body.reason)
    return created(conductor, change, response)


@router.get("", response_model=m.ChangesOut, summary="Find Changes")
def find_changes(
    _: Reader,
    conductor: Opened,
    state: Annotated[list[State], Query(description="Only in one of these states.")] = [],  # noqa: B006  # FastAPI copies it
    target: Annotated[str, Query(max_length=300, description="Only on this target.")] = "",
    runbook: Annotated[str, Query(max_length=200, description="Only of this runbook.")] = "",
    requester: Annotated[str, Query(max_length=300, description="Only requested by this identity.")] = "",
    text: Annotated[str, Query(max_length=300, description="Only with this text in title or reason.")] = "",
    limit: Annotated[int, Query(ge=1, le=500, description="At most so many.")] = 100,
) -> Form:
    """Newest first."""
    found = conductor.changes.find(change_query(state, target, runbook, requester, text, limit))
    return {"changes": [change_form(change, conductor.settings) for change in found]}


@router.get("/{change_id}", response_model=m.ChangeOut, summary="One Change")
def get_change(change_id: ChangeId, _: Reader, conductor: Opened) -> Form:
    """Its plan, gates, approvals, checks and outcome."""
    return change_form(conductor.changes.get(change_id), conductor.settings)


@router.post("/{change_id}/approve", response_model=m.ChangeOut, summary="Approve the plan")
def approve(change_id: ChangeId, body: m.ApproveRequest, actor: Writer, conductor: Opened) -> Form:
    """The requester can't. The last approval needed starts the run. Name the plan that was read in `plan_digest`."""
    change = conductor.changes.approve(actor, change_id, body.plan_digest, body.reason)
    return change_form(change, conductor.settings)


@router.post("/{change_id}/reject", response_model=m.ChangeOut, summary="Say no")
def reject(change_id: ChangeId, body: m.ReasonRequest, actor: Writer, conductor: Opened) -> Form:
    """The Change ends."""
    return change_form(conductor.changes.reject(actor, change_id, body.reason), conductor.settings)


@router.post("/{change_id}/cancel", response_model=m.ChangeOut, summary="Withdraw a Change that doesn't run yet")
def cancel(change_id: ChangeId, body: m.ReasonRequest, actor: Writer, conductor: Opened) -> Form:
    """For its requester or a captain."""
    return change_form(conductor.changes.cancel(actor, change_id, body.reason), conductor.settings)


@router.post("/{change_id}/escalation", response_class=Response, summary="What the next level of support needs")
def escalate(change_id: ChangeId, actor: Writer, conductor: Opened) -> Response:
    """One zip: deployment, Helm revision, Applications, events, logs, smoke runs, notebook, proofs; secrets masked."""
    made = conductor.escalation.bundle(actor, change_id)
    return Response(made.data, 201, {"Content-Disposition": f'attachment; filename="{made.name}"'}, "application/zip")


@router.post("/{change_id}/replan", response_model=m.ChangeOut, summary="Plan again")
def replan(change_id: ChangeId, actor: Writer, conductor: Opened) -> Form:
    """Approvals count only if nothing has changed."""
    return change_form(conductor.changes.replan(actor, change_id), conductor.settings)


@router.post("/{change_id}/settle", response_model=m.ChangeOut, summary="Say how an unknown Change ended")
def settle(change_id: ChangeId, body: m.SettleRequest, actor: Writer, conductor: Opened) -> Form:
    """After looking at the world."""
    change = conductor.changes.settle(actor, change_id, succeeded=body.succeeded, reason=body.reason)
    return change_form(change, conductor.settings)


@router.post("/{change_id}/review", response_model=m.ReviewOut, summary="Say afterwards whether an emergency was right")
def review(change_id: ChangeId, body: m.ReviewRequest, actor: Writer, conductor: Opened) -> Form:
    """For an approver who didn't act; once."""
    found = conductor.emergencies.review(actor, change_id, body.reason, justified=body.justified)
    return {
        "id": found.change.id,
        "reviewed_by": found.reviewed_by,
        "justified": found.justified,
        "word": found.word,
    }
