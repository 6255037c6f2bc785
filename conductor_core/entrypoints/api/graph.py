"""GraphQL, read only: releases, Changes and runbooks, with limits on depth, aliases, tokens and look-ups."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar, cast

import strawberry
from fastapi import Request
from graphql import GraphQLError
from starlette.concurrency import run_in_threadpool
from strawberry.extensions import MaskErrors, MaxAliasesLimiter, MaxTokensLimiter, QueryDepthLimiter
from strawberry.fastapi import GraphQLRouter
from strawberry.scalars import JSON
from strawberry.types import Info

from conductor_core.domain.gates import Verdict as DomainVerdict
from conductor_core.domain.transitions import check_rows
from conductor_core.entrypoints.api.feed import Feed
from conductor_core.entrypoints.api.forms import change_form, operation_form, runbook_form
from conductor_core.entrypoints.api.identity import Reader, conductor_of
from conductor_core.entrypoints.api.queries import change_query
from conductor_core.errors import ConductorError, InputError

if TYPE_CHECKING:
    from conductor_core.domain import changes as c
    from conductor_core.wiring import Conductor

P = ParamSpec("P")
R = TypeVar("R")
DEPTH, ALIASES, TOKENS, LOOKUPS, ROWS = 8, 15, 1000, 60, 200
"""Limits of one query: nesting, aliases, tokens, reads of events and operations, rows of one list."""


@dataclass
class Reading:
    """What one query may still ask of the store."""

    conductor: Conductor
    left: int = LOOKUPS

    async def ask(self, read: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        """Read in a thread, and count it; raises `InputError` when the query asks for too much."""
        self.left -= 1
        if self.left < 0:
            raise InputError(
                "The query is too complex.",
                why=f"It reads events or operations of more than {LOOKUPS} Changes.",
                next="Ask for fewer Changes at once.",
            )
        return await run_in_threadpool(read, *args, **kwargs)


def _reading(info: Info) -> Reading:
    return cast("Reading", info.context["reading"])


@strawberry.type
class Reason:
    """Why a gate warns or denies."""

    rule: str
    text: str
    path: str
    clears_by: str


@strawberry.type
class Verdict:
    """The verdict of one gate: `allow`, `warn` or `deny`."""

    gate: str
    result: str
    rules_run: int
    reasons: list[Reason]


@strawberry.type
class Approval:
    """One person's yes to one plan; `counts` is true while that plan is the present one."""

    actor: str
    plan_digest: str
    reason: str
    at: datetime
    counts: bool


@strawberry.type
class Check:
    """One post-flight check."""

    name: str
    passed: bool
    detail: str


@strawberry.type
class Outcome:
    """How a Change ended: what, why, what next."""

    what: str
    why: str
    next: str


@strawberry.type
class Operation:
    """One act on the world."""

    key: str
    kind: str
    state: str
    dispatches: int
    result: JSON
    started_at: str
    finished_at: str | None


@strawberry.type
class Events:
    """News of a Change, oldest first: facts, lines of the run, operations."""

    items: list[JSON]
    cursor: str


@strawberry.type
class Change:
    """One Change."""

    id: str
    state: str
    title: str
    target: str
    tier: str
    runbook: str
    parameters: JSON
    requester: str
    reason: str
    plan_digest: str
    approvals_given: int
    approvals_required: int
    approvals: list[Approval]
    verdicts: list[Verdict]
    checks: list[Check]
    outcome: Outcome | None
    moments: JSON
    seal: str
    url: str
    created_at: datetime
    updated_at: datetime

    @strawberry.field(description="The operations in the order in which they were begun.")
    async def operations(self, info: Info) -> list[Operation]:
        """Reads once from the store."""
        reading = _reading(info)
        found = await reading.ask(reading.conductor.operations.of, self.id)
        forms = [operation_form(o)["operation"] for o in found]
        return [Operation(**cast("dict[str, Any]", form)) for form in forms]

    @strawberry.field(description="Facts, lines and operations after the cursor.")
    async def events(self, info: Info, after: str = "") -> Events:
        """Reads once from the store."""
        reading = _reading(info)
        feed = await reading.ask(Feed, reading.conductor, self.id, after)
        return Events(items=cast("list[JSON]", await run_in_threadpool(feed.news)), cursor=feed.cursor)


@strawberry.type
class Parameter:
    """One declared parameter of a runbook."""

    name: str
    type: str
    default: JSON | None
    required: bool
    choices: list[str]
    pattern: str
    help: str


@strawberry.type
class Runbook:
    """One runbook."""

    name: str
    title: str
    purpose: str
    level: int
    target: str
    tier: str
    gates: list[str]
    approvals: JSON
    timeout: int
    rollback: str
    parameters: list[Parameter]
    links: list[str]
    digest: str


@strawberry.input
class ChangeFilter:
    """Which Changes; an empty field doesn't narrow."""

    states: list[str] = strawberry.field(default_factory=list)
    target: str = ""
    runbook: str = ""
    requester: str = ""
    text: str = ""


@strawberry.type
class Query:
    """Everything that can be read."""

    @strawberry.field(description="Changes that match, newest first.")
    async def changes(self, info: Info, filters: ChangeFilter | None = None, limit: int = 50) -> list[Change]:
        """At most `ROWS`."""
        asked = filters or ChangeFilter()
        query = change_query(asked.states, asked.target, asked.runbook, asked.requester, asked.text, _rows(limit))
        reading = _reading(info)
        found = await reading.ask(reading.conductor.changes.find, query)
        return [_change(change, reading.conductor) for change in found]

    @strawberry.field(description="One Change by its id.")
    async def change(self, info: Info, id: str) -> Change:
        """Raises `NotFoundError`."""
        reading = _reading(info)
        return _change(await reading.ask(reading.conductor.changes.get, id), reading.conductor)

    @strawberry.field(description="Every runbook that works.")
    async def runbooks(self, info: Info) -> list[Runbook]:
        """By name."""
        reading = _reading(info)
        known = (await reading.ask(reading.conductor.runbooks.catalogue)).runbooks
        return [_runbook(cast("dict[str, Any]", runbook_form(known[name]))) for name in sorted(known)]


def _rows(limit: int) -> int:
    if not 1 <= limit <= ROWS:
        raise InputError(f"The limit can't be {limit}.", why=f"It is between 1 and {ROWS}.", next="Ask for less.")
    return limit


def _verdict(found: DomainVerdict) -> Verdict:
    reasons = [Reason(rule=r.rule, text=r.text, path=r.path, clears_by=r.clears_by) for r in found.reasons]
    return Verdict(gate=found.gate, result=found.result.value, rules_run=found.rules_run, reasons=reasons)


def _change(found: c.Change, conductor: Conductor) -> Change:
    form = cast("dict[str, Any]", change_form(found, conductor.settings))
    same = ("id", "state", "title", "target", "tier", "runbook", "parameters", "requester", "reason", "plan_digest")
    return Change(
        **{name: form[name] for name in (*same, "moments", "seal", "url")},
        approvals_given=found.approvals_given,
        approvals_required=found.approvals_required,
        approvals=[
            Approval(
                actor=a.actor.name,
                plan_digest=a.plan_digest,
                reason=a.reason,
                at=a.at,
                counts=a.plan_digest == found.plan_digest,
            )
            for a in found.approvals
        ],
        verdicts=[_verdict(v) for v in found.verdicts],
        checks=[Check(**cast("dict[str, Any]", row)) for row in check_rows(found.checks)],
        outcome=Outcome(**form["outcome"]) if form["outcome"] else None,
        created_at=found.created_at,
        updated_at=found.updated_at,
    )


def _runbook(form: dict[str, Any]) -> Runbook:
    return Runbook(**form | {"parameters": [Parameter(**row) for row in form["parameters"]]})


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


async def _context(request: Request, _: Reader) -> Mapping[str, Any]:
    return {"reading": Reading(conductor_of(request))}


def router() -> GraphQLRouter[Any, Any]:
    """POST /graphql; no page to try it in, no queries by GET, no subscriptions."""
    return GraphQLRouter(
        schema,
        path="/graphql",
        graphql_ide=None,
        allow_queries_via_get=False,
        context_getter=_context,
        subscription_protocols=(),
        tags=["graphql"],
    )
