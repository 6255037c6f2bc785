"""Status: is everything healthy, what needs me, what happened last; the page of the first minute."""

from __future__ import annotations

import streamlit as st

from app import delivery_queries, navigation, queries, session, theme, waiting
from app.components import (
    change_queue,
    change_table,
    connections,
    errors,
    escalate,
    event_stream,
    first_change,
    local_build,
    split,
    state_badge,
)

LAST = 8


def changes() -> None:
    """What waits for me, and the last Changes."""
    actor = session.actor()
    head = st.container(horizontal=True, vertical_alignment="center")
    head.subheader(f"Waits for {theme.plain(actor.name)}", anchor=False)
    found = queries.changes()
    if not found:
        first_change.show()
        return
    mine = waiting.mine_first(found, actor, delivery_queries.emergencies())
    head.badge(str(len(mine)), color="orange" if mine else "gray")
    change_queue.show(mine, actor)
    st.subheader("Last Changes", anchor=False)
    change_table.show(found[:LAST], key="last_changes", columns=change_table.NARROW)
    navigation.link("changes", "All Changes", icon="arrow_forward")


@st.fragment(run_every=10)
def health() -> None:
    """Every connection, asked again every few seconds."""
    head = st.container(horizontal=True, vertical_alignment="center")
    head.subheader("Connections", anchor=False)
    with errors.shown():
        seen = queries.connections()
        with head:
            state_badge.show(*connections.overall(seen))
        connections.show(seen)


def work() -> None:
    """How deep the queue is."""
    st.subheader("Queue", anchor=False)
    depth = queries.queue()
    if any(depth.values()):
        st.table(
            {"work": list(depth), "how many": [str(n) for n in depth.values()]}, border="horizontal", hide_index=True
        )
    else:
        st.caption("Nothing is queued or running.")


def facts() -> None:
    """The newest recorded facts."""
    st.subheader("Latest facts", anchor=False)
    titles = {change.id: change.title for change in queries.changes()}
    lines = event_stream.of_events(reversed(queries.latest_events()), titles)
    event_stream.show(lines, empty="Nothing is recorded yet.", key="latest_facts", height=300)


with st.container(horizontal=True, vertical_alignment="center"):
    st.title("Status", anchor=False)
    st.button("Ask again", icon=":material/refresh:", on_click=queries.forget)
    with errors.shown():
        escalate.show(session.actor())
local_build.show()
main, side = split.show(3, 2)
for place, part in ((main, changes), (side, health), (side, work), (side, facts)):
    with place, errors.shown():
        part()
