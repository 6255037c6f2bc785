"""REST of releases: list and compare them, and request their deploys and rollbacks as Changes."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query, Response

from conductor_core.domain.references import FORMS
from conductor_core.entrypoints.api import models as m
from conductor_core.entrypoints.api import release_models as rm
from conductor_core.entrypoints.api.changes import Opened, created
from conductor_core.entrypoints.api.forms import Form, past_form
from conductor_core.entrypoints.api.identity import Reader, Writer
from conductor_core.entrypoints.api.problems import RESPONSES
from conductor_core.services.ways_back import BY_GIT, BY_HELM, chosen

router = APIRouter(prefix="/api/v1/releases", tags=["releases"], responses=RESPONSES)
Release = Annotated[str, Path(max_length=200, description="Name of the release.")]
Ref = f"One side, written as one of: {FORMS}."


@router.get("", response_model=m.ReleasesOut, summary="Every release in every channel")
def find_releases(_: Reader, conductor: Opened) -> Form:
    """Declared ones by channel, and what the cluster holds."""
    return conductor.releases.inventory().as_json()


@router.get("/{release}/compare", summary="Compare two sides of a release, resource by resource")
def compare(
    release: Release,
    _: Reader,
    conductor: Opened,
    old: Annotated[str, Query(alias="from", max_length=300, description=Ref, examples=["live:staging"])],
    new: Annotated[str, Query(alias="to", max_length=300, description=Ref, examples=["channel:staging"])],
    all_fields: Annotated[bool, Query(description="Also fields of live objects that no manifest sets.")] = False,
    confirm: Annotated[bool, Query(description="Ask the API server too, by dry runs.")] = False,
) -> Form:
    """Fields that the cluster sets are left out unless all are asked for; secret values are masked."""
    return conductor.releases.compare(release, old, new, all_fields=all_fields, confirm=confirm).as_json()


@router.get("/{release}/revisions", response_model=rm.RevisionsOut, summary="Stored revisions, newest first")
def revisions(
    release: Release,
    _: Reader,
    conductor: Opened,
    channel: Annotated[str, Query(max_length=200, description="Channel whose history is read.")],
) -> Form:
    """What a rollback can go back to: who made each, from which commit, whether it was good, and quarantine."""
    return {"revisions": [past_form(past) for past in conductor.release_history.of(release, channel)]}


@router.post("/promote-set", status_code=201, response_model=m.ChangeOut, summary="Request the promotion of a set")
def promote_set(body: rm.PromoteSetRequest, actor: Writer, conductor: Opened, response: Response) -> Form:
    """A Change that runs the runbook promote_set."""
    given: dict[str, object] = {"source": body.source, "to": body.to}
    given |= {"releases": list(body.releases), "left_out": list(body.left_out)}
    return created(conductor, conductor.changes.request(actor, "promote_set", given, body.reason), response)


@router.post("/{release}/deploy", status_code=201, response_model=m.ChangeOut, summary="Request a deploy")
def deploy(release: Release, body: rm.DeployRequest, actor: Writer, conductor: Opened, response: Response) -> Form:
    """A Change that runs the runbook deploy_release."""
    given: dict[str, object] = {"release": release, "channel": body.channel, "sets": dict(body.sets)}
    return created(conductor, conductor.changes.request(actor, "deploy_release", given, body.reason), response)


@router.post("/{release}/rollback", status_code=201, response_model=m.ChangeOut, summary="Request a rollback")
def rollback(release: Release, body: rm.RollbackRequest, actor: Writer, conductor: Opened, response: Response) -> Form:
    """A Change that runs the runbook rollback_release, or emergency_rollback."""
    given: dict[str, object] = {"release": release, "channel": body.channel, "to_revision": body.to_revision}
    given |= {"sets": dict(body.sets), "quarantine": body.quarantine, "revert_git": body.revert_git}
    runbook, given = chosen(BY_HELM, given, emergency=body.emergency)
    return created(conductor, conductor.changes.request(actor, runbook, given, body.reason), response)


@router.post("/{release}/revert", status_code=201, response_model=m.ChangeOut, summary="Request a revert in Git")
def revert(release: Release, body: rm.RevertRequest, actor: Writer, conductor: Opened, response: Response) -> Form:
    """For a release that an Argo CD Application owns: a Change that runs revert_release, or emergency_revert."""
    given: dict[str, object] = {"release": release, "channel": body.channel}
    given |= {"to_commit": body.to_commit, "quarantine": body.quarantine}
    runbook, given = chosen(BY_GIT, given, emergency=body.emergency)
    return created(conductor, conductor.changes.request(actor, runbook, given, body.reason), response)


@router.get("/quarantines", summary="Versions in quarantine, newest first")
def find_quarantines(
    _: Reader, conductor: Opened, every: Annotated[bool, Query(alias="all", description="Released ones too.")] = False
) -> Form:
    """A quarantined version is not deployed until somebody releases it."""
    return {"quarantines": [q.as_json() for q in conductor.quarantines.of() if every or q.active]}


@router.post("/{release}/quarantine", status_code=201, response_model=m.ChangeOut, summary="Request a quarantine")
def quarantine(
    release: Release, body: rm.QuarantineRequest, actor: Writer, conductor: Opened, response: Response
) -> Form:
    """A Change that runs the runbook quarantine_release."""
    given: dict[str, object] = {"release": release, "channel": body.channel, "version": body.version}
    return created(conductor, conductor.changes.request(actor, "quarantine_release", given, body.reason), response)


@router.post("/{release}/unquarantine", status_code=201, response_model=m.ChangeOut, summary="Request its release")
def unquarantine(
    release: Release, body: rm.UnquarantineRequest, actor: Writer, conductor: Opened, response: Response
) -> Form:
    """A Change that runs the runbook unquarantine_release."""
    given: dict[str, object] = {"release": release, "version": body.version}
    return created(conductor, conductor.changes.request(actor, "unquarantine_release", given, body.reason), response)


@router.get("/{release}/values", summary="Every value with the file and line that it comes from")
def values(
    release: Release,
    _: Reader,
    conductor: Opened,
    ref: Annotated[str, Query(max_length=300, description=Ref, examples=["channel:staging"])],
) -> Form:
    """Secrets are hidden."""
    return {"values": [one.as_json() for one in conductor.release_values.of(release, ref)]}
