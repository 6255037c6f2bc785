"""Emergencies that nobody has reviewed: said in red on top of the page until somebody else has."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from app import navigation, runtime, session
from app.components import confirm
from app.theme import plain
from conductor_core.domain.actors import Actor
from conductor_core.domain.emergencies import Emergency

RIGHT = "It was justified"
WRONG = "It was not"


def show(waiting: Sequence[Emergency], actor: Actor) -> None:
    """Draw one line for each."""
    for found in waiting:
        change = found.change
        name = f"review:{change.id}"
        st.error(
            f"{plain(change.title)}, by {plain(change.requester.name)}: {plain(change.reason)}",
            icon=":material/emergency_home:",
            title="Done without an approval: it waits for a review",
        )
        with st.container(horizontal=True):
            navigation.link("changes", "Open the Change", icon="open_in_new", **{session.CHANGE: change.id})
            st.button("Review", icon=":material/fact_check:", key=name, on_click=session.open_dialog, args=(name,))
        if session.dialog_open(name):
            confirm.show(
                confirm.Act(
                    "Review",
                    f"{change.title}  ({change.target})",
                    "What you say is sealed in the record; it changes nothing in the cluster.",
                    lambda reason, how, change_id=change.id: runtime.conductor().emergencies.review(  # type: ignore[misc]  # the default binds the loop's value
                        actor, change_id, reason, justified=how == RIGHT
                    ),
                    "Reviewed.",
                    "fact_check",
                    (RIGHT, WRONG),
                )
            )
