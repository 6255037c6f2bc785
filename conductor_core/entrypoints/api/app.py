"""maestro-api: one application over one Conductor; a door that parses, calls one service, and renders."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastapi import FastAPI

from conductor_core import __version__
from conductor_core.entrypoints.api import (
    audit,
    changes,
    delivery,
    graph,
    health,
    problems,
    records,
    releases,
    smoke,
    tlog,
)
from conductor_core.entrypoints.api.guards import Guards
from conductor_core.entrypoints.api.metrics import Metrics

if TYPE_CHECKING:
    from conductor_core.wiring import Conductor

DESCRIPTION = """Everything that changes the world is a Change: requested, planned, judged by gates, approved by
somebody else, executed as a recorded notebook, validated, sealed. Every error has the body
`{"error": {"what", "why", "next"}}`."""


def create_app(conductor: Conductor) -> FastAPI:
    """The ASGI application. It keeps no state but counters, so any number may serve one database."""
    app = FastAPI(
        title="Maestro Conductor",
        version=__version__,
        description=DESCRIPTION,
        docs_url=None,  # its page loads scripts from another host
        redoc_url=None,
    )
    app.state.conductor = conductor
    app.state.metrics = Metrics(conductor)
    problems.install(app)
    rooms = (
        health.router,
        health.shelf,
        changes.router,
        records.router,
        releases.router,
        delivery.router,
        graph.router,
        tlog.router,
        audit.router,
        smoke.router,
    )
    for router in rooms:
        app.include_router(router)
    app.add_middleware(Guards, settings=conductor.settings, observe=app.state.metrics.observe)
    return app
