"""GraphQL, read only: releases, Changes and runbooks, with limits on depth, aliases, tokens, rows and look-ups."""

from __future__ import annotations

from typing import Any, cast

import strawberry
from fastapi import APIRouter, Request
from graphql import GraphQLError
from starlette.responses import JSONResponse
from strawberry.exceptions import MissingQueryError
from strawberry.extensions import MaskErrors, MaxAliasesLimiter, MaxTokensLimiter, QueryDepthLimiter
from strawberry.schema.exceptions import CannotGetOperationTypeError
from strawberry.types import Info

from conductor_core.entrypoints.api import graph_environments
from conductor_core.entrypoints.api import models as m
from conductor_core.entrypoints.api.graph_types import (
    Change,
    ChangeFilter,
    Reading,
    Release,
    Runbook,
    change_type,
    reading_of,
    runbook_type,
)
from conductor_core.entrypoints.api.identity import Reader, conductor_of
from conductor_core.entrypoints.api.problems import RESPONSES
from conductor_core.entrypoints.api.queries import change_query
from conductor_core.errors import ConductorError, InputError

router = APIRouter(tags=["graphql"], responses=RESPONSES)
DEPTH, ALIASES, TOKENS, ROWS = 8, 15, 1000, 200
"""Limits of one query: nesting, aliases, tokens, and rows of one list."""


async def _changes(info: Info, filters: ChangeFilter | None = None, limit: int = 50) -> list[Change] | None:
    asked = filters or ChangeFilter()
    query = change_query(asked.states, asked.target, asked.runbook, asked.requester, asked.text, _rows(limit))
    reading = reading_of(info)
    found = await reading.ask(reading.conductor.changes.find, query)
    return [change_type(change, reading.conductor) for change in found]


async def _one_change(info: Info, id: str) -> Change | None:
    reading = reading_of(info)
    return change_type(await reading.ask(reading.conductor.changes.get, id), reading.conductor)


async def _runbooks(info: Info) -> list[Runbook] | None:
    reading = reading_of(info)
    known = (await reading.ask(reading.conductor.runbooks.catalogue)).runbooks
    return [runbook_type(known[name]) for name in sorted(known)]


async def _releases(info: Info) -> list[Release] | None:
    reading = reading_of(info)
    inventory = await reading.ask(reading.conductor.releases.inventory)
    return [Release(**cast("dict[str, Any]", row.as_json())) for row in inventory.rows]


@strawberry.type
class Query:
    """Everything that can be read; a part that can't be answered is null, with its error beside the other parts."""

    changes: list[Change] | None = strawberry.field(resolver=_changes, description="Changes that match, newest first.")
    change: Change | None = strawberry.field(resolver=_one_change, description="One Change by its id.")
    releases: list[Release] | None = strawberry.field(resolver=_releases, description="Every release in every channel.")
    environments: list[graph_environments.Environment] | None = strawberry.field(
        resolver=graph_environments.environments, description="Every environment, destroyed ones last."
    )
    blueprints: list[graph_environments.Blueprint] | None = strawberry.field(
        resolver=graph_environments.blueprints, description="Every blueprint that works, by name."
    )
    runbooks: list[Runbook] | None = strawberry.field(
        resolver=_runbooks, description="Every runbook that works, by name."
    )


def _rows(limit: int) -> int:
    if not 1 <= limit <= ROWS:
        raise InputError(f"The limit can't be {limit}.", why=f"It is between 1 and {ROWS}.", next="Ask for less.")
    return limit


class Explained(strawberry.Schema):
    """A schema whose errors carry the diagnostics of `ConductorError` under `extensions.error`, and nothing else."""

    def process_errors(self, errors: list[GraphQLError], execution_context: Any = None) -> None:
        """Add the diagnostics; what is not ours is masked by the extension, and logged."""
        for error in errors:
            if isinstance(error.original_error, ConductorError):
                error.extensions = {**(error.extensions or {}), "error": error.original_error.diagnostics().as_dict()}
        foreign = [e for e in errors if e.original_error and not isinstance(e.original_error, ConductorError)]
        if foreign:
            super().process_errors(foreign, execution_context)


def _foreign(error: GraphQLError) -> bool:
    return error.original_error is not None and not isinstance(error.original_error, ConductorError)


schema = Explained(
    query=Query,
    extensions=[
        lambda: QueryDepthLimiter(max_depth=DEPTH),
        lambda: MaxAliasesLimiter(max_alias_count=ALIASES),
        lambda: MaxTokensLimiter(max_token_count=TOKENS),
        lambda: MaskErrors(should_mask_error=_foreign, error_message="Something went wrong inside Maestro Conductor."),
    ],
)


@router.post("/graphql", response_model=None, summary="Read releases, Changes and runbooks")
async def graphql(body: m.GraphRequest, _: Reader, request: Request) -> JSONResponse:
    """One query; there are no mutations. Errors carry `extensions.error` with what, why and next."""
    try:
        result = await schema.execute(
            body.query,
            variable_values=body.variables,
            operation_name=body.operation_name,
            context_value={"reading": Reading(conductor_of(request))},
        )
    except (CannotGetOperationTypeError, MissingQueryError) as bad:
        raise InputError(
            "The document names no operation to run.",
            why=f"operationName is {body.operation_name!r}.",
            next="Send one query, or name one of those that you send.",
        ) from bad
    answer: dict[str, Any] = {"data": result.data}
    if result.errors:
        answer["errors"] = [error.formatted for error in result.errors]
    return JSONResponse(answer)
