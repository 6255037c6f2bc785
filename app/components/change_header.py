"""The head of one Change: what it is, its state, the acts on it, and how far it has come."""

from __future__ import annotations

import streamlit as st

from app import acts, theme, waiting
from app.components import approvals, copy_id, errors, facts, moments_bar, state_badge
from app.theme import plain
from conductor_core.domain.actors import Actor
from conductor_core.domain.changes import Change, Outcome, State
from conductor_core.domain.gates import Result, queued
from conductor_core.errors import Diagnostics


def show(change: Change, actor: Actor) -> None:
    """Draw the head as `actor` sees it."""
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.title(plain(change.title), anchor=False)
        state_badge.show(theme.of(theme.CHANGE, change.state))
        acts.show(change, actor)
    _facts(change)
    moments_bar.show(change)
    _waits(change, actor)
    approvals.void_banner(change)
    _ending(change)


def _facts(change: Change) -> None:
    plan = (
        [facts.text("· plan"), facts.copy(change.plan_digest, copy_id.short(change.plan_digest))] if change.plan else []
    )
    facts.show(
        facts.copy(change.id, copy_id.short(change.id)),
        facts.text("asked by"),
        facts.strong(change.requester.name),
        facts.ago(change.created_at),
        facts.text("· target"),
        facts.copy(change.target),
        *plan,
        facts.text(f"· “{change.reason}”"),
    )


def _waits(change: Change, actor: Actor) -> None:
    waits = waiting.waits_for(change)
    if waits:
        need = waiting.needs(change, actor)
        st.markdown(f"Waits for **{plain(waits)}**." + (f" **You:** {plain(need)}." if need else ""))


def _ending(change: Change) -> None:
    if change.state is State.DENIED and queued(change.verdicts):
        st.info(plain(_denials(change)), title="It waits in the queue", icon=":material/hourglass_top:")
    elif change.state is State.DENIED:
        errors.show(Diagnostics("A gate denies this plan.", _denials(change), _clears(change)))
    outcome = change.outcome
    if outcome is None:
        return
    if change.state is State.SUCCEEDED:
        st.success(plain(f"{outcome.what} {outcome.why}"), icon=":material/check_circle:")
    elif change.state in (State.REJECTED, State.CANCELLED):
        st.info(plain(f"{outcome.what} {outcome.why}"), icon=":material/block:")
    else:
        errors.show(_diagnostics(outcome))


def _diagnostics(outcome: Outcome) -> Diagnostics:
    return Diagnostics(
        outcome.what, outcome.why or "No further cause is known.", outcome.next or "Read the events and the notebook."
    )


def _denials(change: Change) -> str:
    found = [r for v in change.verdicts if v.result is Result.DENY for r in v.reasons]
    told = list(dict.fromkeys(r.text for r in found))
    more = f" And {len(told) - 3} more." if len(told) > 3 else ""
    return " ".join(told[:3]) + more if told else "No gate gave a verdict."


def _clears(change: Change) -> str:
    acts_ = {r.clears_by: None for v in change.verdicts if v.result is Result.DENY for r in v.reasons if r.clears_by}
    return (
        " ".join(list(acts_)[:3]) + " Then re-plan." if acts_ else "Read the gates, mend what they name, then re-plan."
    )
