"""A Change asked for from a page: requested, and its page opened; a refusal is shown where one looks."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from app import navigation, queries, runtime, session
from app.components import errors
from conductor_core.domain.actors import Actor
from conductor_core.domain.changes import Change
from conductor_core.errors import ConductorError

WHY = "Why, in a few words"


def send(
    actor: Actor, runbook: str, given: dict[str, object], reason: object, *, refusal: DeltaGenerator | None = None
) -> None:
    """Request one run of a runbook and open the new Change. A refusal is drawn into `refusal` (None: here)."""
    follow(lambda: runtime.conductor().changes.request(actor, runbook, given, str(reason or "")), refusal=refusal)


def follow(request: Callable[[], Change], *, refusal: DeltaGenerator | None = None, said: str = "Requested.") -> None:
    """As `send`, of a request that is made in a way of its own."""
    try:
        change = request()
    except ConductorError as error:
        with refusal or st.container():
            errors.show(error)
        return
    queries.forget()
    session.close_dialog()
    session.notice(said)
    navigation.go("changes", **{session.CHANGE: change.id})


def footer(key: str, label: str, *, why: str = WHY, possible: bool = True) -> tuple[str, bool, DeltaGenerator]:
    """The foot of a dialog: the reason that was typed, whether the button `label` was pressed, and where a refusal
    belongs. Keys of the inputs begin with `key`.
    """
    reason = st.text_input("Reason, for the record", key=f"{key}_reason", placeholder=why)
    refusal = st.container()
    with st.container(horizontal=True, horizontal_alignment="right"):
        if st.button("Back", key=f"{key}_back"):
            session.close_dialog()
            st.rerun()
        sent = st.button(label, type="primary", key=f"{key}_request", disabled=not possible)
    return str(reason or ""), sent, refusal
