"""The head of one runbook: purpose, gates, approvals by tier, links."""

from __future__ import annotations

import streamlit as st

from app import navigation, session
from app.components import copy_id, facts
from app.theme import plain
from conductor_core.domain.runbooks import Runbook


def show(runbook: Runbook) -> None:
    """Draw it."""
    with st.container(horizontal=True, vertical_alignment="center"):
        st.title(plain(runbook.name), anchor=False)
        st.badge(f"level {runbook.level}", icon=":material/layers:", color="gray")
    st.markdown(plain(runbook.purpose))
    facts.show(
        facts.text("notebook"),
        facts.copy(f"notebooks/{runbook.notebook}.ipynb"),
        facts.text("digest"),
        facts.copy(runbook.digest or "none", copy_id.short(runbook.digest) or "none"),
        facts.text(f"· at most {runbook.timeout // 60} min · gates: {', '.join(runbook.gates) or 'none'}"),
        facts.text(f"· approvals: {_approvals(runbook)}"),
    )
    with st.container(horizontal=True, vertical_alignment="center"):
        if runbook.rollback:
            navigation.link(
                "runbooks", f"Undone by {plain(runbook.rollback)}", icon="undo", **{session.RUNBOOK: runbook.rollback}
            )
        for link in runbook.links:
            if link.startswith(("https://", "http://")):
                st.link_button(plain(link), link, type="tertiary", icon=":material/link:")
            else:
                facts.show(facts.text("read"), facts.copy(link))


def _approvals(runbook: Runbook) -> str:
    if not runbook.approvals:
        return "two everywhere"
    return ", ".join(f"{tier} {count or 'none'}" for tier, count in runbook.approvals.items())
