"""Changes: what needs me, all of them with filters, and one of them with everything behind it."""

from __future__ import annotations

from datetime import UTC, datetime

import streamlit as st

from app import delivery_queries, navigation, queries, runtime, session, waiting
from app.components import (
    approvals,
    change_filters,
    change_header,
    change_live,
    change_queue,
    change_table,
    change_tabs,
    checks,
    emergency_banner,
    empty,
    errors,
    escalate,
    gates_table,
    ledger_card,
    read_backs,
    split,
)


def one(change_id: str) -> None:
    """One Change."""
    navigation.link("changes", "All Changes", icon="arrow_back")
    actor = session.actor()
    change = runtime.conductor().changes.get(change_id)
    emergency = delivery_queries.emergency(change.id)
    if emergency is not None:
        emergency_banner.about(emergency, actor)
    change_header.show(change, actor)
    change_live.show(change)
    if change.terminal:
        read_backs.show(change, queries.operations(change.id))
    main, side = split.show(5, 2)
    with main:
        change_tabs.show(change)
    with side:
        st.subheader("Gates", anchor=False)
        gates_table.summary(change.verdicts, ended=change.terminal)
        st.subheader("Approvals", anchor=False)
        approvals.show(change, actor, datetime.now(UTC))
        if change.checks:
            st.subheader("Checks", anchor=False)
            checks.show(change.checks)
        st.subheader("Ledger", anchor=False)
        ledger_card.show(change)
        escalate.show(actor, change)


def every() -> None:
    """My queue, then all of them."""
    st.title("Changes", anchor=False)
    actor = session.actor()
    found = queries.changes()
    st.subheader("Needs me", anchor=False)
    change_queue.show(waiting.mine_first(found, actor, delivery_queries.emergencies()), actor)
    st.subheader("All Changes", anchor=False)
    if not found:
        empty.show("There are no Changes yet.", "Request one: deploy a release, or run a runbook.", icon="add_task")
        navigation.link("releases", "Deploy a release", icon="deployed_code")
        return
    change_table.show(change_filters.show(found))


chosen = st.query_params.get(session.CHANGE, "")
with errors.shown():
    if chosen:
        one(chosen)
    else:
        every()
