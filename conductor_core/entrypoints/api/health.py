"""Liveness, readiness, metrics, and the status of every connection."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response
from starlette.responses import JSONResponse

from conductor_core import __version__
from conductor_core.entrypoints.api import models as m
from conductor_core.entrypoints.api.changes import Opened
from conductor_core.entrypoints.api.forms import Form, catalogue_form, runbook_form, status_form
from conductor_core.entrypoints.api.identity import Reader
from conductor_core.entrypoints.api.metrics import MEDIA_TYPE, Metrics
from conductor_core.entrypoints.api.problems import RESPONSES
from conductor_core.errors import ConductorError
from conductor_core.ports.change_store import ChangeQuery

router = APIRouter(tags=["health"])
shelf = APIRouter(prefix="/api/v1", responses=RESPONSES)


@router.get("/healthz", summary="The process answers")
async def healthz() -> dict[str, str]:
    """Asks nobody else."""
    return {"status": "ok", "version": __version__}


@router.get("/readyz", summary="The database answers", responses={503: {"model": m.ErrorBody}})
def readyz(conductor: Opened) -> Response:
    """503 with diagnostics when it doesn't."""
    try:
        conductor.changes.find(ChangeQuery(limit=1))
    except ConductorError as bad:
        return JSONResponse({"error": bad.diagnostics().as_dict()}, 503, {"Retry-After": "1"})
    return JSONResponse({"status": "ready", "version": __version__})


@router.get("/metrics", response_class=Response, summary="Metrics for Prometheus")
def metrics(request: Request) -> Response:
    """Changes by state, queue depth, health of the connections, latency of this API."""
    counted: Metrics = request.app.state.metrics
    return Response(counted.text(), media_type=MEDIA_TYPE)


@shelf.get("/status", response_model=m.StatusOut, tags=["health"], summary="Health of every connection")
def status(_: Reader, conductor: Opened) -> Form:
    """Takes as long as the slowest connection, some seconds at most."""
    connections = conductor.status.connections()
    return status_form(connections, conductor.status.queue(), __version__)


@shelf.get("/runbooks", response_model=m.CatalogueOut, tags=["runbooks"], summary="Every runbook")
def runbooks(_: Reader, conductor: Opened) -> Form:
    """And every file that can't be used, with its problem."""
    return catalogue_form(conductor.runbooks.catalogue())


@shelf.get("/runbooks/{name}", response_model=m.RunbookOut, tags=["runbooks"], summary="One runbook")
def runbook(name: str, _: Reader, conductor: Opened) -> Form:
    """Its purpose, gates, approvals and parameters."""
    return runbook_form(conductor.runbooks.get(name))
