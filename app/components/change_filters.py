"""Filters over Changes: words, states, runbook, requester; kept in the address so that a view can be shared."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from app import theme
from conductor_core.domain.changes import RUNNING, TERMINAL, Change, State

FAILED = "failed"
GROUPS: dict[str, frozenset[State]] = {
    "open": frozenset(State) - TERMINAL,
    "running": RUNNING,
    FAILED: frozenset({State.FAILED, State.UNKNOWN, State.DENIED}),
    "ended": TERMINAL,
}


def show(changes: Sequence[Change]) -> list[Change]:
    """Draw the filters; gives the Changes that pass them, in their order."""
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        words = st.text_input(
            "Words in title, target, id or reason", key="q", type="search", live=True, bind="query-params", width=300
        )
        group = st.segmented_control("State", list(GROUPS), key="state", bind="query-params")
        runbook = st.selectbox("Runbook", ["any", *sorted({c.runbook for c in changes})], key="by_runbook", width=190)
        asker = st.selectbox(
            "Asked by", ["anybody", *sorted({c.requester.name for c in changes})], key="asked_by", width=150
        )
    needles = (words or "").lower().split()
    passing = [
        change
        for change in changes
        if (not group or (change.state in GROUPS[group] and not (group == FAILED and change.queued)))
        and (runbook == "any" or change.runbook == runbook)
        and (asker == "anybody" or change.requester.name == asker)
        and all(needle in _text(change) for needle in needles)
    ]
    st.caption(f"{len(passing)} of {len(changes)} Changes")
    return passing


def _text(change: Change) -> str:
    word = theme.of(theme.CHANGE, change.standing).word
    return f"{change.title} {change.target} {change.id} {change.reason} {change.requester.name} {word}".lower()
