"""The types of GraphQL, and how the product's nouns become them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar, cast

import strawberry
from starlette.concurrency import run_in_threadpool
from strawberry.scalars import JSON
from strawberry.types import Info

from conductor_core.domain.gates import Verdict as DomainVerdict
from conductor_core.domain.transitions import check_rows
from conductor_core.entrypoints.api.feed import Feed
from conductor_core.entrypoints.api.forms import change_form, operation_form, runbook_form
from conductor_core.errors import InputError

if TYPE_CHECKING:
    from conductor_core.domain import changes as c
    from conductor_core.domain.runbooks import Runbook as DomainRunbook
    from conductor_core.wiring import Conductor

P = ParamSpec("P")
R = TypeVar("R")
LOOKUPS = 60
"""How often one query may read from the store."""


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


def reading_of(info: Info) -> Reading:
    """What this query may still ask of the store."""
    return cast("Reading", info.context["reading"])


@strawberry.type
class Reason:
    """Why a gate warns or denies."""

    rule: str
    text: str
    path: str
    clears_by: str
    warns: bool


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


async def _operations(root: strawberry.Parent[Change], info: Info) -> list[Operation]:
    reading = reading_of(info)
    found = await reading.ask(reading.conductor.operations.of, root.id)
    forms = [operation_form(o)["operation"] for o in found]
    return [Operation(**cast("dict[str, Any]", form)) for form in forms]


async def _events(root: strawberry.Parent[Change], info: Info, after: str = "") -> Events:
    reading = reading_of(info)
    feed = await reading.ask(Feed, reading.conductor, root.id, after)
    return Events(items=cast("list[JSON]", await run_in_threadpool(feed.news)), cursor=feed.cursor)


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

    operations: list[Operation] = strawberry.field(resolver=_operations, description="In the order of their beginning.")
    events: Events = strawberry.field(resolver=_events, description="Facts, lines and operations after the cursor.")


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


@strawberry.type
class Release:
    """One release in one channel; `channel` is empty for one in the cluster that no channel owns."""

    release: str
    channel: str
    namespace: str
    tier: str
    foreign: bool
    revision: int
    status: str
    chart: str
    chart_version: str
    app_version: str
    updated: str | None
    description: str
    health: str
    reason: str
    in_step: bool | None
    version: str
    quarantined: str
    application: str
    earlier: str


@strawberry.input
class ChangeFilter:
    """Which Changes; an empty field doesn't narrow."""

    states: list[str] = strawberry.field(default_factory=list)
    target: str = ""
    runbook: str = ""
    requester: str = ""
    text: str = ""


def _verdict(found: DomainVerdict) -> Verdict:
    reasons = [Reason(**asdict(reason)) for reason in found.reasons]
    return Verdict(gate=found.gate, result=found.result.value, rules_run=found.rules_run, reasons=reasons)


def change_type(found: c.Change, conductor: Conductor) -> Change:
    """One Change; its events and operations are read when they are asked for."""
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


def runbook_type(found: DomainRunbook) -> Runbook:
    """One runbook."""
    form = cast("dict[str, Any]", runbook_form(found))
    return Runbook(**form | {"parameters": [Parameter(**row) for row in form["parameters"]]})
