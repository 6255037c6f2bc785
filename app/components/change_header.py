"""The head of one Change: what it is, its state, the acts on it, and how far it has come."""

from __future__ import annotations

from datetime import UTC, datetime

import streamlit as st

from app import acts, navigation, queries, session, theme, waiting
from app.components import approvals, copy_id, errors, facts, moments_bar, state_badge
from app.theme import plain
from conductor_core.domain.actors import Actor
from conductor_core.domain.changes import Change, Outcome, State
from conductor_core.errors import Diagnostics
from conductor_core.services.status import Connection, Health

ROLLOUT = "rollout/"
"""How a target begins that is one Rollout."""


def show(change: Change, actor: Actor) -> None:
    """Draw the head as `actor` sees it."""
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.title(plain(change.title), anchor=False)
        state_badge.show(theme.of(theme.CHANGE, change.standing))
        acts.show(change, actor)
    _facts(change)
    moments_bar.show(change)
    _rollout(change)
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


def _rollout(change: Change) -> None:
    """The way to the Rollout that the Change acts on, where its wave is seen live."""
    if change.target.startswith(ROLLOUT):
        place = change.target.removeprefix(ROLLOUT)
        navigation.link("delivery", "See the rollout", icon="open_in_new", **{session.ROLLOUT: place})


def _waits(change: Change, actor: Actor) -> None:
    waits = waiting.waits_for(change)
    if waits:
        need = waiting.needs(change, actor)
        st.markdown(f"Waits for **{plain(waits)}**." + (f" **You:** {plain(need)}." if need else ""))
    if waiting.for_a_worker(change, datetime.now(UTC)):
        with errors.shown():
            _silent(queries.worker())


def _silent(worker: Connection | None) -> None:
    if worker is not None and worker.health is Health.DOWN:
        told = " ".join(filter(None, (worker.detail, worker.why, worker.next)))
        st.warning(plain(told), icon=":material/engineering:")


def _ending(change: Change) -> None:
    if change.queued:
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
    told = list(dict.fromkeys(r.text for v in change.verdicts for r in v.denials))
    more = f" And {len(told) - 3} more." if len(told) > 3 else ""
    return " ".join(told[:3]) + more if told else "No gate gave a verdict."


def _clears(change: Change) -> str:
    acts_ = {r.clears_by: None for v in change.verdicts for r in v.denials if r.clears_by}
    return (
        " ".join(list(acts_)[:3]) + " Then re-plan." if acts_ else "Read the gates, mend what they name, then re-plan."
    )
