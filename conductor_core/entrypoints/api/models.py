"""What REST takes and gives, described for OpenAPI; the field names are those of `forms`."""

from __future__ import annotations

from typing import Any, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from conductor_core.entrypoints.api.queries import plain_text
from conductor_core.errors import InputError


class Body(BaseModel):
    """A request body: unknown fields are refused, so that a typing error can't be taken for consent."""

    model_config = ConfigDict(extra="forbid", strict=True)

    @model_validator(mode="after")
    def _storable(self) -> Self:
        try:
            plain_text(self.model_dump(), "The body")
        except InputError as bad:
            raise ValueError(bad.why) from bad
        return self


class Why(BaseModel):
    """What happened, why, and the act that mends it."""

    what: str = Field(description="One sentence: what happened.")
    why: str = Field(description="The cause as seen.")
    next: str = Field(description="The act that mends it.")


class ErrorBody(BaseModel):
    """The body of every answer that is not a success."""

    error: Why


class ChangeRequest(Body):
    """A Change to request."""

    runbook: str = Field(description="Name of the runbook.", max_length=200, examples=["validate_release"])
    parameters: dict[str, Any] = Field(
        default_factory=dict,
        description="Parameters by declared name and type.",
        examples=[{"release": "intelgraph", "channel": "dev"}],
    )
    reason: str = Field(description="Why this is done; it goes into the record.", examples=["after the upgrade"])


class ApproveRequest(Body):
    """A yes to one plan."""

    plan_digest: str = Field(default="", max_length=200, description="The plan that was read; empty: the present one.")
    reason: str = Field(default="", max_length=2000, description="A word for the record.")


class ReasonRequest(Body):
    """An act that needs a reason."""

    reason: str = Field(description="Why; it goes into the record.")


class SettleRequest(Body):
    """How an unknown Change ended."""

    succeeded: bool = Field(description="True when a look at the world says that it was carried out.")
    reason: str = Field(description="What was seen.")


class ReviewRequest(Body):
    """Whether an emergency act was right, said afterwards."""

    justified: bool = Field(description="True when it was right to act before anybody had approved.")
    reason: str = Field(description="Why, for the record.")


class ReviewOut(BaseModel):
    """An emergency that was reviewed."""

    id: str
    reviewed_by: str
    justified: bool
    word: str


class GraphRequest(Body):
    """A query of GraphQL."""

    model_config = ConfigDict(extra="ignore", strict=True, populate_by_name=True)

    query: str = Field(description="The document.", examples=["{ changes { id state } }"])
    variables: dict[str, Any] | None = None
    operation_name: str | None = Field(default=None, alias="operationName")


class Approvals(BaseModel):
    """Approvals of the present plan."""

    given: int
    required: int
    by: list[str] = Field(description="Who said yes to the present plan.")


class ReasonOut(BaseModel):
    """Why a gate warns or denies, and the act that would clear it."""

    rule: str
    text: str
    path: str
    clears_by: str
    warns: bool = Field(description="It only warns, also where another reason of the same gate denies.")


class VerdictOut(BaseModel):
    """The verdict of one gate."""

    gate: str
    result: str = Field(description="`allow`, `warn` or `deny`.")
    reasons: list[ReasonOut]
    rules_run: int = Field(description="How many rules were evaluated; zero is a denial.")
    evidence: str


class EvidenceOut(BaseModel):
    """One piece of the plan's evidence."""

    name: str
    media_type: str
    digest: str = Field(description="`sha256:<hex>`")
    size: int = Field(description="Bytes.")


class CheckOut(BaseModel):
    """One post-flight check."""

    name: str
    passed: bool
    detail: str


class ChangeOut(BaseModel):
    """One Change."""

    id: str
    state: str
    title: str
    target: str
    tier: str
    runbook: str
    parameters: dict[str, Any]
    requester: str
    reason: str
    plan_digest: str = Field(description="Names all evidence; approvals are given to it. Empty until planned.")
    summary: dict[str, str]
    approvals: Approvals
    void_reasons: list[str] = Field(description="What changed in the plan when approvals were last voided.")
    verdicts: list[VerdictOut]
    evidence: list[EvidenceOut]
    checks: list[CheckOut]
    outcome: Why | None
    moments: dict[str, str] = Field(description="The six moments, each `done`, `current`, `failed` or `ahead`.")
    notebook: str = Field(description="Digest of the executed notebook; empty until it has run.")
    seal: str = Field(description="Digest of everything above, once the Change has ended.")
    url: str = Field(description="Its page in the workbench.")
    created_at: str
    updated_at: str


class ChangesOut(BaseModel):
    """Changes, newest first."""

    changes: list[ChangeOut]


class EventsOut(BaseModel):
    """News of a Change, oldest first; give `cursor` as `after` to read on."""

    events: list[dict[str, Any]]
    cursor: str
    state: str


class ParameterOut(BaseModel):
    """One declared parameter."""

    name: str
    type: str
    default: Any
    required: bool
    choices: list[str]
    pattern: str
    help: str


class RunbookOut(BaseModel):
    """One runbook."""

    name: str
    title: str
    purpose: str
    level: int
    target: str
    tier: str
    gates: list[str]
    approvals: dict[str, int]
    timeout: int = Field(description="Seconds.")
    rollback: str
    parameters: list[ParameterOut]
    links: list[str]
    digest: str


class BrokenOut(BaseModel):
    """A runbook file that can't be used."""

    file: str
    problem: str


class CatalogueOut(BaseModel):
    """Every runbook that works, and every file that doesn't."""

    runbooks: list[RunbookOut]
    broken: list[BrokenOut]


class ConnectionOut(BaseModel):
    """One connection as seen just now."""

    name: str
    health: str = Field(description="`healthy`, `down` or `off` (not configured).")
    detail: str
    why: str
    next: str
    milliseconds: int


class StatusOut(BaseModel):
    """Health of every connection, and depth of the queue."""

    healthy: bool
    version: str
    connections: list[ConnectionOut]
    queue: dict[str, int]


class ReleaseOut(BaseModel):
    """One release in one channel, or one in the cluster that no channel owns."""

    release: str
    channel: str = Field(description="Empty when no channel owns it.")
    namespace: str
    tier: str
    foreign: bool
    revision: int = Field(description="0 when nothing is installed.")
    status: str = Field(description="Helm's word.")
    chart: str
    chart_version: str
    app_version: str
    updated: str | None
    description: str
    health: str
    reason: str
    in_step: bool | None = Field(description="True when the branch's tip would install what is there; null: not known.")
    version: str = Field(description="The version that runs: the tag of the main image, else the chart's appVersion.")
    quarantined: str = Field(description="Why that version is in quarantine; empty: it is not.")
    application: str = Field(description="The Argo CD Application that installs it in Helm's place; empty: none.")
    earlier: str = Field(description="With an Application: the commit that was synced before.")


class ProblemOut(BaseModel):
    """An entry of the channels file that is left out."""

    where: str
    why: str


class ReleasesOut(BaseModel):
    """Releases by channel, entries that are left out, and what could not be asked."""

    releases: list[ReleaseOut]
    problems: list[ProblemOut]
    notes: list[str]
