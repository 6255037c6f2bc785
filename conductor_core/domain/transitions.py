"""The state machine of the Change: pure and total; each message in each state gives a decision or a named refusal."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, replace
from datetime import UTC, datetime

from conductor_core.domain import cdevents
from conductor_core.domain import changes as c
from conductor_core.domain.actors import Actor
from conductor_core.domain.approvals import Approval, voided
from conductor_core.domain.canonical import digest_of
from conductor_core.domain.changes import Change, Check, Outcome, State
from conductor_core.domain.events import Fact
from conductor_core.domain.gates import Result, Verdict, overall
from conductor_core.domain.plans import what_changed
from conductor_core.errors import AccessDeniedError, StateError

Decision = tuple[Change, list[Fact]]
SEALED = "conductor.change.sealed.v1"
"""The last fact of a Change: the digest of its record."""


def decide(change: Change, message: c.Message, now: datetime) -> Decision:
    """The Change after `message`, and the facts to record.

    Raises `StateError` when the state forbids the message, `AccessDeniedError` when the requester approves.
    """
    after, facts = _step(change, message, now)
    if not after.terminal:
        return after, facts
    sealed = replace(after, seal=seal_of(after))
    did = cdevents.services(after) if after.state is State.SUCCEEDED else []
    return sealed, [*facts, *did, Fact(SEALED, {"seal": sealed.seal, "state": sealed.state.value})]


def _step(change: Change, message: c.Message, now: datetime) -> Decision:
    match message:
        case c.Planned():
            return _planned(change, message, now)
        case c.PlanFailed():
            return _plan_failed(change, message, now)
        case c.Approve():
            return _approve(change, message, now)
        case c.Reject():
            return _reject(change, message, now)
        case c.Refuse():
            return _refuse(change, message, now)
        case c.Cancel():
            return _cancel(change, message, now)
        case c.Replan():
            return _replan(change, message, now)
        case c.Start():
            return _start(change, message, now)
        case c.Validate():
            return _validate(change, now)
        case c.Finish():
            return _finish(change, message, now)
        case c.LoseTrack():
            return _lose_track(change, message, now)
        case c.Settle():
            return _settle(change, message, now)


def seal_of(change: Change) -> str:
    """The digest that names everything that a terminal Change says: request, plan, verdicts, approvals, outcome."""
    return digest_of(record_of(change))


def record_of(change: Change) -> dict[str, object]:
    """What the seal is the digest of, as plain JSON."""
    return {
        "id": change.id,
        "title": change.title,
        "created_at": _time(change.created_at),
        "runbook": change.runbook,
        "target": change.target,
        "tier": change.tier,
        "parameters": _spelled(change.parameters),
        "requester": _who(change.requester),
        "reason": change.reason,
        "state": change.state.value,
        "plan": change.plan_digest,
        "verdicts": verdict_rows(change.verdicts),
        "approvals_required": change.approvals_required,
        "approvals": [
            {"actor": _who(a.actor), "plan": a.plan_digest, "reason": a.reason, "at": _time(a.at), "void": a.void}
            for a in change.approvals
        ],
        "void_reasons": change.void_reasons,
        "checks": check_rows(change.checks),
        "outcome": asdict(change.outcome) if change.outcome else None,
        "notebook": change.notebook,
    }


def _who(actor: Actor) -> dict[str, object]:
    return {"key": actor.key, "name": actor.name, "roles": sorted(role.value for role in actor.roles)}


def _time(at: datetime) -> str:
    return at.astimezone(UTC).isoformat()


def _spelled(value: object) -> object:
    """The value with each number that canonical JSON has no form for as `{"number": text}`: sealing never fails."""
    if isinstance(value, float) or (isinstance(value, int) and abs(value) >= 2**53):
        return {"number": repr(value)}
    if isinstance(value, Mapping):
        return {key: _spelled(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_spelled(item) for item in value]
    return value


def verdict_rows(verdicts: Iterable[Verdict]) -> list[dict[str, object]]:
    """The verdicts as plain JSON."""
    return [asdict(v) | {"result": v.result.value} for v in verdicts]


def check_rows(checks: Iterable[Check]) -> list[dict[str, object]]:
    """The checks as plain JSON."""
    return [asdict(check) for check in checks]


def _planned(change: Change, m: c.Planned, now: datetime) -> Decision:
    _expect(change, {State.REQUESTED}, "be planned")
    reasons = what_changed(change.plan, m.plan) if change.plan and change.plan.digest != m.plan.digest else ()
    digest = m.plan.digest
    approvals = voided(change.approvals, digest)
    facts = [
        Fact(
            "conductor.plan.made.v1",
            {
                "plan": digest,
                "evidence": [asdict(e) for e in m.plan.evidence],
                "facts": m.plan.facts,
                "summary": m.plan.summary,
            },
        ),
        Fact("conductor.gates.judged.v1", {"plan": digest, "verdicts": verdict_rows(m.verdicts)}),
    ]
    if approvals != change.approvals:
        facts.append(Fact("conductor.approvals.voided.v1", {"plan": digest, "changed": list(reasons)}))
    after = replace(
        change,
        plan=m.plan,
        verdicts=m.verdicts,
        approvals_required=m.approvals_required,
        approvals=approvals,
        void_reasons=reasons,
    )
    if overall(m.verdicts) is Result.DENY:
        return c.moved(after, State.DENIED, now), facts
    return _await_or_approve(after, facts, now)


def _await_or_approve(change: Change, facts: list[Fact], now: datetime) -> Decision:
    if change.approvals_given < change.approvals_required:
        return c.moved(change, State.AWAITING_APPROVAL, now), facts
    granted = Fact("conductor.change.approved.v1", {"plan": change.plan_digest, "approvals": change.approvals_given})
    return c.moved(change, State.APPROVED, now), [*facts, granted]


def _plan_failed(change: Change, m: c.PlanFailed, now: datetime) -> Decision:
    _expect(change, {State.REQUESTED}, "be planned")
    return _ended(change, State.FAILED, m.outcome, now)


def _approve(change: Change, m: c.Approve, now: datetime) -> Decision:
    if m.actor.key == change.requester.key:
        raise AccessDeniedError(
            "The requester of a Change can't approve it.",
            why=f"{m.actor.name} requested {change.id}; separation of duties asks for a second person.",
            next="Ask somebody else with the approver role.",
        )
    _expect(change, {State.AWAITING_APPROVAL}, "be approved")
    if m.plan_digest != change.plan_digest:
        raise StateError(
            "This approval is for another plan.",
            why=f"It names {m.plan_digest or 'no plan'}; the Change now has {change.plan_digest}.",
            next="Read the present plan, then approve that one.",
        )
    if any(a.actor.key == m.actor.key for a in change.valid_approvals):
        raise StateError(
            "You have already approved this plan.",
            why=f"{change.approvals_given} of {change.approvals_required} approvals are given.",
            next="Ask another approver.",
        )
    approval = Approval(m.actor, m.plan_digest, m.reason, now)
    after = replace(change, approvals=(*change.approvals, approval))
    given = Fact("conductor.approval.given.v1", {"plan": m.plan_digest, "by": m.actor.key, "reason": m.reason})
    return _await_or_approve(after, [given], now)


def _reject(change: Change, m: c.Reject, now: datetime) -> Decision:
    _expect(change, {State.AWAITING_APPROVAL, State.APPROVED}, "be rejected")
    return _ended(change, State.REJECTED, Outcome(f"Rejected by {m.actor.name}.", m.reason), now)


def _refuse(change: Change, m: c.Refuse, now: datetime) -> Decision:
    _expect(change, {State.APPROVED}, "be refused")
    return _ended(change, State.REJECTED, m.outcome, now)


def _cancel(change: Change, m: c.Cancel, now: datetime) -> Decision:
    _expect(change, c.BEFORE_EXECUTION, "be cancelled")
    return _ended(change, State.CANCELLED, Outcome(f"Cancelled by {m.actor.name}.", m.reason), now)


def _replan(change: Change, m: c.Replan, now: datetime) -> Decision:
    _expect(change, {State.DENIED, State.AWAITING_APPROVAL, State.APPROVED}, "be planned again")
    fact = Fact("conductor.plan.requested.v1", {"because": list(m.reasons)})
    return c.moved(change, State.REQUESTED, now), [fact]


def _start(change: Change, m: c.Start, now: datetime) -> Decision:
    _expect(change, {State.APPROVED}, "be executed")
    if m.plan_digest != change.plan_digest or change.approvals_given < change.approvals_required:
        raise StateError(
            "The approvals don't cover this plan.",
            why=f"{change.approvals_given} of {change.approvals_required} approvals name {m.plan_digest or 'it'}.",
            next="Plan again and have that plan approved.",
        )
    return c.moved(change, State.EXECUTING, now), [Fact("conductor.execution.started.v1", {"plan": m.plan_digest})]


def _validate(change: Change, now: datetime) -> Decision:
    _expect(change, {State.EXECUTING}, "be validated")
    return c.moved(change, State.VALIDATING, now), [Fact("conductor.validation.started.v1")]


_LOOK = "Read the checks, mend the target or roll back, then validate it again."


def _finish(change: Change, m: c.Finish, now: datetime) -> Decision:
    _expect(change, c.RUNNING, "end")
    after = replace(change, checks=m.checks, notebook=m.notebook)
    failed = [check.name for check in m.checks if not check.passed]
    if m.error is not None:
        return _ended(after, State.FAILED, m.error, now)
    if failed:
        why = "Post-flight checks failed: " + ", ".join(failed) + "."
        return _ended(after, State.FAILED, Outcome("It was carried out, but it is not healthy.", why, _LOOK), now)
    return _ended(after, State.SUCCEEDED, Outcome("Done.", _passed(m.checks)), now)


def _lose_track(change: Change, m: c.LoseTrack, now: datetime) -> Decision:
    _expect(change, c.RUNNING, "become unknown")
    after = c.moved(change, State.UNKNOWN, now, outcome=m.outcome, notebook=m.notebook)
    return after, [Fact("conductor.change.unknown.v1", asdict(m.outcome))]


def _settle(change: Change, m: c.Settle, now: datetime) -> Decision:
    _expect(change, {State.UNKNOWN}, "be settled")
    state = State.SUCCEEDED if m.succeeded else State.FAILED
    return _ended(change, state, Outcome(f"Settled as {state.value} by {m.actor.name}.", m.reason), now)


def _ended(change: Change, state: State, outcome: Outcome, now: datetime) -> Decision:
    fact = Fact(
        f"conductor.change.{state.value}.v1",
        {"outcome": asdict(outcome), "checks": check_rows(change.checks), "notebook": change.notebook},
    )
    return c.moved(change, state, now, outcome=outcome), [fact]


def _expect(change: Change, states: Iterable[State], act: str) -> None:
    allowed = sorted(state.value for state in states)
    if change.state.value not in allowed:
        raise StateError(
            f"This Change can't {act} now.",
            why=f"{change.id} is {change.state.value}; it would have to be {' or '.join(allowed)}.",
            next="Look at the Change: its page says what it waits for."
            if not change.terminal
            else "It has ended; request a new Change.",
        )


def _passed(checks: Sequence[Check]) -> str:
    passed = sum(check.asked for check in checks)
    if not passed:
        return "No post-flight check had anything to look at." if checks else "It has no post-flight checks."
    beside = f", {len(checks) - passed} not asked" if passed < len(checks) else ""
    return f"{passed} post-flight check{'' if passed == 1 else 's'} passed{beside}."
