"""Errors as HTTP: every one has the body `{"error": {"what", "why", "next"}}` and the status of its class."""

from __future__ import annotations

from typing import Any, ClassVar

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse

from conductor_core.entrypoints.api.models import ErrorBody
from conductor_core.errors import AccessDeniedError, ConductorError, InputError, TransientError

RESPONSES: dict[int | str, dict[str, Any]] = {
    401: {"model": ErrorBody, "description": "It is not known who asks."},
    403: {"model": ErrorBody, "description": "The actor may not do this, or the request came from elsewhere."},
    404: {"model": ErrorBody, "description": "It names something that isn't there."},
    409: {"model": ErrorBody, "description": "A rule or the state of the Change forbids it."},
    422: {"model": ErrorBody, "description": "Something in the request can't be right."},
    503: {"model": ErrorBody, "description": "The same request may work later."},
}
"""The errors that every operation of REST may answer with, for OpenAPI."""


class NotSignedInError(AccessDeniedError):
    """It is not known who asks."""

    http_status: ClassVar[int] = 401


class WrongPlaceError(AccessDeniedError):
    """The request came through a name or from a site that isn't trusted."""


class TooLargeError(InputError):
    """The body is larger than the API takes."""

    http_status: ClassVar[int] = 413


def problem(bad: ConductorError) -> JSONResponse:
    """The answer that an error becomes."""
    headers = {"Retry-After": "1"} if isinstance(bad, TransientError) else {}
    if bad.http_status == 401:
        headers["WWW-Authenticate"] = 'Bearer realm="maestro-conductor"'
    return JSONResponse({"error": bad.diagnostics().as_dict()}, bad.http_status, headers)


def install(app: FastAPI) -> None:
    """Have every error of the application answered in one form."""
    app.add_exception_handler(ConductorError, _conductor)
    app.add_exception_handler(RequestValidationError, _validation)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(Exception, _unexpected)


async def _conductor(_: Request, bad: Exception) -> JSONResponse:
    assert isinstance(bad, ConductorError)  # registered for this class alone
    return problem(bad)


async def _validation(request: Request, bad: Exception) -> JSONResponse:
    assert isinstance(bad, RequestValidationError)  # registered for this class alone
    told = [f"{'.'.join(str(part) for part in e['loc'])}: {e['msg']}" for e in bad.errors()[:10]]
    why = "; ".join(told)
    return problem(InputError("The request can't be read.", why=why, next="Correct it; /openapi.json describes it."))


async def _http(request: Request, bad: Exception) -> JSONResponse:
    assert isinstance(bad, HTTPException)  # registered for this class alone
    what = {404: "There is nothing at this address.", 405: "This address doesn't take that method."}
    said = {
        "what": what.get(bad.status_code, str(bad.detail)),
        "why": f"{request.method} {request.url.path[:200]}",
        "next": "Read /openapi.json for what there is.",
    }
    return JSONResponse({"error": said}, bad.status_code, dict(bad.headers or {}))


async def _unexpected(_: Request, bad: Exception) -> JSONResponse:
    said = {
        "what": "Something went wrong inside Maestro Conductor.",
        "why": type(bad).__name__,
        "next": "Look at the log of maestro-api; CONDUCTOR_LOG_LEVEL=debug shows more. Then report it.",
    }
    return JSONResponse({"error": said}, 500)
