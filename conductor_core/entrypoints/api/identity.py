"""Who asks: a local identity by header in local mode, a bearer token in single sign-on mode; never both."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from fastapi import Depends, Request
from fastapi.security import APIKeyHeader, HTTPAuthorizationCredentials, HTTPBearer

from conductor_core.domain.actors import LOCAL_ACTORS, LOCAL_ISSUER, Actor, Role
from conductor_core.entrypoints.api.problems import NotSignedInError
from conductor_core.errors import AccessDeniedError
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
_bearer = HTTPBearer(
    scheme_name="single sign-on", description="A token of the configured OpenID Connect provider.", auto_error=False
)
Name = Annotated[str | None, Depends(_local)]
Token = Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)]


def conductor_of(request: Request) -> Conductor:
    """The Conductor that this application was made with."""
    found: Conductor = request.app.state.conductor
    return found


def reader(request: Request, name: Name, token: Token) -> Actor:
    """Who reads; raises `NotSignedInError` without a good token in single sign-on mode, `AccessDeniedError` for an
    unknown name."""
    conductor = conductor_of(request)
    local = conductor.settings.identity_mode == "local"
    actor = LOCAL_READER if local and not name else _known(conductor, name, token)
    authorize(actor, Action.VIEW, Resource("the", "record"))
    return actor


def writer(request: Request, name: Name, token: Token) -> Actor:
    """Who acts; raises `NotSignedInError` when it isn't known. What the actor may do, the service decides."""
    return _known(conductor_of(request), name, token)


def _known(conductor: Conductor, name: str | None, token: HTTPAuthorizationCredentials | None) -> Actor:
    if conductor.settings.identity_mode == "local":
        if not name:
            raise NotSignedInError(
                "It must be known who acts.",
                why=f"The request has no {HEADER} header.",
                next=f"Send one of the local identities in it: {', '.join(LOCAL_ACTORS)}.",
            )
        return conductor.actor(name)
    if token is None:
        raise NotSignedInError(
            "It must be known who asks.",
            why="The request has no bearer token.",
            next="Send the token of your single sign-on in the header Authorization: Bearer TOKEN.",
        )
    try:
        return conductor.identity.bearer(token.credentials)
    except AccessDeniedError as bad:
        raise NotSignedInError(bad.what, why=bad.why, next=bad.next) from bad


Reader = Annotated[Actor, Depends(reader)]
Writer = Annotated[Actor, Depends(writer)]
