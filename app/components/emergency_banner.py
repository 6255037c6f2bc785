"""Emergencies, said loudly: on top of the page until somebody else has reviewed them, on their Change for ever."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from app import navigation, runtime, session, waiting
from app.components import confirm
from app.theme import plain
from conductor_core.domain.actors import Actor
from conductor_core.domain.emergencies import Emergency
from conductor_core.services.access import Action

RIGHT = "It was justified"
WRONG = "It was not"
ICON = ":material/emergency_home:"


def show(waiting_ones: Sequence[Emergency], actor: Actor) -> None:
    """Draw one line for each."""
    for found in waiting_ones:
        change = found.change
        st.error(
            f"{plain(change.title)}, by {plain(change.requester.name)}: {plain(change.reason)}",
            icon=ICON,
            title="Done without an approval: it waits for a review",
        )
        with st.container(horizontal=True):
            navigation.link("changes", "Open the Change", icon="open_in_new", **{session.CHANGE: change.id})
            _review(found, actor)


def about(found: Emergency, actor: Actor) -> None:
    """Draw what there is to say of one on its own Change."""
    who, title = plain(found.change.requester.name), f"EMERGENCY, {found.standing}"
    first = f"Nobody approved this beforehand: {who} used the break-glass role."
    if found.waits:
        st.error(f"{first} Nobody else has said yet whether it was right.", title=title, icon=ICON)
        with st.container(horizontal=True):
            _review(found, actor)
    elif not found.reviewed_by:
        st.warning(f"{first} Nothing was done, so nothing waits for a review.", title=title, icon=ICON)
    else:
        when = f" on {found.at:%Y-%m-%d at %H:%M} UTC" if found.at else ""
        said = f"{first} {plain(found.reviewed_by.rpartition('|')[2])} reviewed it{when}: “{plain(found.word)}”"
        if found.justified:
            st.warning(said, title=title, icon=ICON)
        else:
            st.error(said, title=title, icon=ICON)


def _review(found: Emergency, actor: Actor) -> None:
    change = found.change
    name = f"review:{change.id}"
    refusal = waiting.denied(actor, Action.REVIEW, change)
    st.button(
        "Review",
        icon=":material/fact_check:",
        key=name,
        disabled=refusal is not None,
        help=refusal.why if refusal else None,
        on_click=session.open_dialog,
        args=(name,),
    )
    if session.dialog_open(name) and refusal is None:
        confirm.show(
            confirm.Act(
                "Review",
                f"{change.title}  ({change.target})",
                "What you say is sealed in the record; it changes nothing in the cluster.",
                lambda reason, how: runtime.conductor().emergencies.review(
                    actor, change.id, reason, justified=how == RIGHT
                ),
                "Reviewed.",
                "fact_check",
                (RIGHT, WRONG),
            )
        )
