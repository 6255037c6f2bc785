"""What needs this person, the longest waiting first, each with one step to it."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from app import navigation, session, theme
from app.components import empty, facts, state_badge
from app.theme import plain
from conductor_core.domain.actors import Actor
from conductor_core.domain.changes import Change

SHOWN = 8


def show(waiting: Sequence[tuple[Change, str]], actor: Actor) -> None:
    """Draw the Changes with what each needs."""
    if not waiting:
        empty.show(
            f"Nothing waits for {actor.name}.",
            "What you may approve or review, have to mend or have to settle is listed here.",
            icon="done_all",
        )
        return
    for change, need in waiting[:SHOWN]:
        with st.container(border=True, horizontal=True, vertical_alignment="center", gap="small"):
            state_badge.show(theme.of(theme.CHANGE, change.standing))
            navigation.link("changes", f"**{plain(change.title)}**", **{session.CHANGE: change.id})
            facts.show(
                facts.text("asked by"),
                facts.strong(change.requester.name),
                facts.ago(change.created_at),
                facts.text("· you:"),
                facts.strong(need),
            )
    if len(waiting) > SHOWN:
        st.caption(f"{len(waiting) - SHOWN} more are in the table.")
