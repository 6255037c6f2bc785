"""A release in the middle of an act: who began it, since when, what is at work on it, and the act that mends it."""

from __future__ import annotations

import streamlit as st

from app import release_queries, requesting
from app.theme import plain
from conductor_core.domain.actors import Actor
from conductor_core.services.release_inventory import Row


def show(row: Row, actor: Actor) -> None:
    """Draw it; nothing while the release is not pending."""
    if not row.status.startswith("pending") and row.status != "uninstalling":
        return
    found = release_queries.stuck(row.release, row.channel)
    if found is None:
        return
    busy = "; ".join(found.running)
    with st.container(horizontal=True, vertical_alignment="center", gap="small", border=True):
        st.badge(found.status, icon=":material/hourglass_disabled:", color="orange")
        work = f"At work on it: {plain(busy)}." if busy else "Nothing works on it any more."
        st.markdown(f"{plain(found.told)} {work}")
        pressed = st.button(
            "Mend it",
            icon=":material/healing:",
            key="act_mend",
            disabled=bool(busy),
            help="It waits until nothing works on the release." if busy else f"As a Change: {found.mend}.",
        )
    if pressed:
        given: dict[str, object] = {"release": row.release, "channel": row.channel}
        requesting.send(actor, "mend_release", given, f"{found.told} {found.mend}")
