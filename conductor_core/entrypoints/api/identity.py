"""Who asks: a local identity by header in local mode; bearer tokens are not accepted yet in single sign-on mode."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from fastapi import Depends, Request
from fastapi.security import APIKeyHeader

from conductor_core.domain.actors import LOCAL_ACTORS, LOCAL_ISSUER, Actor, Role
from conductor_core.entrypoints.api.problems import NotSignedInError
from conductor_core.services.access import Action, Resource, authorize

if TYPE_CHECKING:
    from conductor_core.wiring import Conductor

HEADER = "X-Conductor-Actor"
LOCAL_READER = Actor(LOCAL_ISSUER, "", "this machine", frozenset({Role.VIEWER}))
"""Whoever reads on this machine without a name; the guards let nobody else in."""
_local = APIKeyHeader(
    name=HEADER,
    scheme_name="local identity",
    description=f"Local mode only: {', '.join(LOCAL_ACTORS)}. Accepted on loopback alone.",
    auto_error=False,
)


def conductor_of(request: Request) -> Conductor:
    """The Conductor that this application was made with."""
    found: Conductor = request.app.state.conductor
    return found


def reader(request: Request, name: Annotated[str | None, Depends(_local)]) -> Actor:
    """Who reads; raises `NotSignedInError` in single sign-on mode, `AccessDeniedError` for an unknown name."""
    conductor = conductor_of(request)
    _only_local(conductor)
    actor = conductor.actor(name) if name else LOCAL_READER
    authorize(actor, Action.VIEW, Resource("the", "record"))
    return actor


def writer(request: Request, name: Annotated[str | None, Depends(_local)]) -> Actor:
    """Who acts; raises `NotSignedInError` when no name is given. What the actor may do, the service decides."""
    conductor = conductor_of(request)
    _only_local(conductor)
    if not name:
        raise NotSignedInError(
            "It must be known who acts.",
            why=f"The request has no {HEADER} header.",
            next=f"Send one of the local identities in it: {', '.join(LOCAL_ACTORS)}.",
        )
    return conductor.actor(name)


def _only_local(conductor: Conductor) -> None:
    if conductor.settings.identity_mode != "local":
        raise NotSignedInError(
            "The API can't check bearer tokens yet.",
            why="CONDUCTOR_IDENTITY_MODE is oidc; sign-in by token is not part of this version.",
            next="Use the workbench, or the local mode on one machine.",
        )


Reader = Annotated[Actor, Depends(reader)]
Writer = Annotated[Actor, Depends(writer)]
