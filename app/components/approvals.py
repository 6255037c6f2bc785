"""Approvals: how many are given and needed, by whom and when, and why earlier ones are void."""

from __future__ import annotations

from datetime import datetime

import streamlit as st

from app.components import ago, copy_id
from app.theme import NBSP, plain
from conductor_core.domain.actors import Actor
from conductor_core.domain.approvals import Approval
from conductor_core.domain.changes import Change, State


def show(change: Change, actor: Actor, now: datetime) -> None:
    """Draw the approvals of the Change as `actor` sees them."""
    st.markdown(f"**{_count(change)}**")
    if change.state is State.AWAITING_APPROVAL and actor.key == change.requester.key:
        st.caption("You requested it: somebody else has to approve.")
    if change.approvals:
        rows = {
            "who": [plain(a.actor.name) for a in change.approvals],
            "when": [ago.words(a.at, now).replace(" ", NBSP) for a in change.approvals],
            "plan": [_plan(a, change) for a in change.approvals],
        }
        if any(a.reason for a in change.approvals):
            rows["reason"] = [plain(a.reason) or "–" for a in change.approvals]
        st.table(rows, border="horizontal", hide_index=True)


def void_banner(change: Change) -> None:
    """Say what changed when approvals were voided; draw nothing otherwise."""
    if not change.void_reasons or change.terminal:
        return
    lost = sum(a.plan_digest != change.plan_digest for a in change.approvals)
    gone = f"{lost} approval{'s' if lost != 1 else ''} no longer count{'s' if lost == 1 else ''}. " if lost else ""
    lines = "\n".join(f"- {plain(reason)}" for reason in change.void_reasons)
    st.warning(f"{gone}What changed:\n{lines}", icon=":material/published_with_changes:", title="The plan has changed")


def _count(change: Change) -> str:
    if not change.plan:
        return "Not known before there is a plan"
    if not change.approvals_required:
        return "None needed"
    return f"{change.approvals_given} of {change.approvals_required} given"


def _plan(approval: Approval, change: Change) -> str:
    valid = approval.plan_digest == change.plan_digest
    return f":green[✓{NBSP}this{NBSP}plan]" if valid else f":red[✕ void: {plain(copy_id.short(approval.plan_digest))}]"
