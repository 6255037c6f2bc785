"""Promotion of a set from channel to channel: what each service has and gets, why some stay, and the request."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from app import delivery_queries, requesting, session, theme
from app.components import errors
from conductor_core.domain.actors import Actor
from conductor_core.domain.set_promotions import Seen

NAME = "promote-set"


def button() -> None:
    """What opens the dialog."""
    st.button("Promote a set", icon=":material/move_up:", key="promote_set", on_click=session.open_dialog, args=(NAME,))


def show(actor: Actor) -> None:
    """Draw the dialog when it is open."""
    if session.dialog_open(NAME):
        st.dialog("Promote a set?", width="large", icon=":material/move_up:", on_dismiss=session.close_dialog)(
            lambda: _body(actor)
        )()


def _body(actor: Actor) -> None:
    with errors.shown():
        channels = delivery_queries.channels()
        with st.container(horizontal=True):
            source = st.selectbox("From", channels, index=max(0, len(channels) - 2), key="set_from")
            target = st.selectbox("To", channels, index=max(0, len(channels) - 1), key="set_to")
        left_out = st.multiselect("Leave out", _names(source, target), key="set_left_out", placeholder="Nothing")
        found = delivery_queries.promotion(source, target, tuple(left_out))
        _table(found)
        moved = [s for s in found if s.moves]
        st.markdown(_told(target, len(moved), len(found) - len(moved)))
        for text in delivery_queries.frozen(target) if moved else ():
            st.warning(theme.plain(text), icon=":material/ac_unit:")
        _request(actor, {"source": source, "to": target, "releases": [], "left_out": left_out}, possible=bool(moved))


def _told(target: str, moved: int, stay: int) -> str:
    if not moved:
        return f"**There is nothing to promote to {theme.plain(target)}**: why each service stays is said beside it."
    left = f" {stay} stay{'s' if stay == 1 else ''}." if stay else ""
    return (
        f"One commit on each branch of **{theme.plain(target)}** changes {moved} service{'' if moved == 1 else 's'}."
        f"{left} Nothing is deployed by it."
    )


def _names(source: str, target: str) -> list[str]:
    return [s.service.name for s in delivery_queries.promotion(source, target, ())]


def _table(found: Sequence[Seen]) -> None:
    st.table(
        {
            "service": [theme.plain(s.service.name) for s in found],
            "has": [theme.plain(s.target) or "–" for s in found],
            "gets": [f"**{theme.plain(s.source)}**" if s.moves else "–" for s in found],
            "becomes": [f":gray[– {s.cause.value}]" if s.cause else ":green[✓ promoted]" for s in found],
            "why": [theme.plain(s.why) for s in found],
        },
        border="horizontal",
        hide_index=True,
    )


def _request(actor: Actor, given: dict[str, object], *, possible: bool) -> None:
    reason, sent, refusal = requesting.footer("set", "Request the promotion", possible=possible)
    if sent:
        requesting.send(actor, "promote_set", given, reason, refusal=refusal)
