"""The Change: everything that changes the world goes through the same moments, decided here and nowhere else.

    requested ──> awaiting_approval ──> approved ──> executing ──> validating ──> succeeded
        │  ▲          │     │              │             │             │
        │  └──────────┘     └> rejected    │             ├> unknown ───┤ (a person settles it)
        ├> denied (a gate)                 │             └─────────────┴> failed
        └> failed (no plan)                └> requested (the plan changed: approvals are void)

`transitions.decide` is total: each message in each state gives the next Change, or a refusal that names why not.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum

from conductor_core.domain.actors import Actor
from conductor_core.domain.approvals import Approval, count_valid, valid
from conductor_core.domain.gates import Verdict, queued
from conductor_core.domain.plans import Plan


class State(StrEnum):
    """Where a Change is."""

    REQUESTED = "requested"
    DENIED = "denied"
    AWAITING_APPROVAL = "awaiting_approval"
    APPROVED = "approved"
    EXECUTING = "executing"
    VALIDATING = "validating"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    UNKNOWN = "unknown"
    REJECTED = "rejected"
    CANCELLED = "cancelled"


TERMINAL = frozenset({State.SUCCEEDED, State.FAILED, State.REJECTED, State.CANCELLED})
RUNNING = frozenset({State.EXECUTING, State.VALIDATING})
BEFORE_EXECUTION = frozenset({State.REQUESTED, State.DENIED, State.AWAITING_APPROVAL, State.APPROVED})
QUEUED = "queued"
"""The word in place of `denied` for a Change that nothing denies but what ends by itself."""


NOT_ASKED = "not asked: "
"""How the detail of a check begins that had nothing to look at: it holds nobody up, and proves nothing."""


@dataclass(frozen=True)
class Check:
    """One post-flight check."""

    name: str
    passed: bool
    detail: str

    @property
    def asked(self) -> bool:
        """Whether it had something to look at."""
        return not self.detail.startswith(NOT_ASKED)

    @property
    def word(self) -> str:
        """`passed`, `failed` or `not asked`."""
        return "failed" if not self.passed else "passed" if self.asked else "not asked"


@dataclass(frozen=True)
class Outcome:
    """How a Change ended, or why it waits for a person: what, why, what next."""

    what: str
    why: str = ""
    next: str = ""


@dataclass(frozen=True)
class Change:
    """One Change. `version` grows by one with each transition (optimistic lock); times are in UTC."""

    id: str
    runbook: str
    title: str
    target: str
    tier: str
    parameters: dict[str, object]
    requester: Actor
    reason: str
    created_at: datetime
    updated_at: datetime
    state: State = State.REQUESTED
    version: int = 1
    plan: Plan | None = None
    verdicts: tuple[Verdict, ...] = ()
    approvals_required: int = 0
    approvals: tuple[Approval, ...] = ()
    void_reasons: tuple[str, ...] = ()
    """What changed in the plan when approvals were last voided."""
    checks: tuple[Check, ...] = ()
    outcome: Outcome | None = None
    notebook: str = ""
    """Digest of the executed notebook."""
    seal: str = ""
    """Digest of everything above, once the Change is terminal."""

    @property
    def plan_digest(self) -> str:
        """The digest of the plan, or the empty text before there is one."""
        return self.plan.digest if self.plan else ""

    @property
    def judged_tier(self) -> str:
        """The tier that gates and approvals go by: the plan's, which knows the target; before it, the one asked for."""
        return str((self.plan.facts.get("tier") if self.plan else "") or self.tier)

    @property
    def valid_approvals(self) -> tuple[Approval, ...]:
        """The approvals of the present plan that count; the others are kept for reading."""
        return valid(self.approvals, self.plan_digest, self.requester)

    @property
    def approvals_given(self) -> int:
        """How many valid approvals the current plan has."""
        return count_valid(self.approvals, self.plan_digest, self.requester)

    @property
    def terminal(self) -> bool:
        """True when nothing can happen to it any more."""
        return self.state in TERMINAL

    @property
    def queued(self) -> bool:
        """Whether it waits in the queue: nothing denies it but a wave that will end, and then it goes on by itself."""
        return self.state is State.DENIED and queued(self.verdicts)

    @property
    def standing(self) -> str:
        """Its state as people are told it: its own word, or `queued` in place of `denied`."""
        return QUEUED if self.queued else self.state.value


@dataclass(frozen=True)
class Planned:
    """The worker made a plan and every gate gave its verdict."""

    plan: Plan
    verdicts: tuple[Verdict, ...]
    approvals_required: int


@dataclass(frozen=True)
class PlanFailed:
    """No plan could be made."""

    outcome: Outcome


@dataclass(frozen=True)
class Approve:
    """A person says yes to the plan with that digest."""

    actor: Actor
    plan_digest: str
    reason: str = ""


@dataclass(frozen=True)
class Reject:
    """A person says no."""

    actor: Actor
    reason: str


@dataclass(frozen=True)
class Cancel:
    """A person withdraws the Change before it runs."""

    actor: Actor
    reason: str


@dataclass(frozen=True)
class Refuse:
    """Who asked for it, or said yes to it, may not do so any more: it is not executed."""

    outcome: Outcome


@dataclass(frozen=True)
class Replan:
    """The plan is to be made again; approvals of another digest won't count."""

    reasons: tuple[str, ...] = ()


@dataclass(frozen=True)
class Start:
    """The worker starts to execute the plan with that digest."""

    plan_digest: str


@dataclass(frozen=True)
class Validate:
    """Every operation is done; the post-flight checks start."""


@dataclass(frozen=True)
class Finish:
    """The runbook has ended. `checks` are all post-flight checks; `error` is set when it did not get through."""

    checks: tuple[Check, ...] = ()
    error: Outcome | None = None
    notebook: str = ""


@dataclass(frozen=True)
class LoseTrack:
    """An operation may or may not have happened."""

    outcome: Outcome
    notebook: str = ""


@dataclass(frozen=True)
class Settle:
    """A person looked at the world and says how an unknown Change ended."""

    actor: Actor
    succeeded: bool
    reason: str


Message = (
    Planned | PlanFailed | Approve | Reject | Refuse | Cancel | Replan | Start | Validate | Finish | LoseTrack | Settle
)


def moved(change: Change, state: State, now: datetime, **fields: object) -> Change:
    """The Change after one transition."""
    return replace(change, state=state, version=change.version + 1, updated_at=now, **fields)  # type: ignore[arg-type]  # dataclass fields by name


@dataclass(frozen=True)
class Moments:
    """The six moments of a Change for a progress line: `done`, `current`, `failed` or `ahead` each."""

    names: tuple[str, ...] = ("plan", "gates", "approvals", "execution", "validation", "sealed")
    states: tuple[str, ...] = field(default=("ahead",) * 6)


_PROGRESS: dict[State, tuple[int, str]] = {
    State.REQUESTED: (0, "current"),
    State.DENIED: (1, "failed"),
    State.AWAITING_APPROVAL: (2, "current"),
    State.REJECTED: (2, "failed"),
    State.APPROVED: (3, "current"),
    State.EXECUTING: (3, "current"),
    State.VALIDATING: (4, "current"),
    State.SUCCEEDED: (6, "current"),
    State.UNKNOWN: (3, "failed"),
}


def moments(change: Change) -> Moments:
    """Where the Change is on its way through the six moments."""
    if change.queued:
        at, word = 1, "current"
    elif change.state in _PROGRESS:
        at, word = _PROGRESS[change.state]
    elif change.checks:
        at, word = 4, "failed"
    elif change.notebook:
        at, word = 3, "failed"
    else:
        at, word = (2 if change.plan else 0), "failed"
    return Moments(states=tuple("done" if i < at else word if i == at else "ahead" for i in range(6)))
