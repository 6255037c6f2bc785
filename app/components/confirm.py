"""Confirmation of an act that can't be taken back: it names the target and the effect before it is done."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import streamlit as st

from app import navigation, queries, requesting, session
from app.components import errors
from app.theme import plain
from conductor_core.domain.changes import Change
from conductor_core.errors import ConductorError

REASON = "_confirm_reason"
"""The key of the reason."""


@dataclass(frozen=True)
class Act:
    """What is confirmed. `choices` are ways to do it (label to value given to `do`); `follow` opens the page of the
    Change that `do` gives.
    """

    verb: str
    target: str
    effect: str
    do: Callable[[str, str], object]
    """Called with the reason and the choice; raises `ConductorError`."""
    done: str
    icon: str = "warning"
    choices: tuple[str, ...] = ()
    follow: bool = False


def ask(name: str, reason: str = "") -> None:
    """Open the dialog of that name at the next run, its reason filled in."""
    session.open_dialog(name)
    if reason:
        st.session_state[REASON] = reason


def show(act: Act) -> None:
    """Open the dialog."""
    title, icon = f"{act.verb}?", f":material/{act.icon}:"
    st.dialog(title, width="medium", icon=icon, on_dismiss=session.close_dialog)(lambda: _body(act))()


def _body(act: Act) -> None:
    st.markdown(f"**{plain(act.target)}**")
    st.markdown(plain(act.effect))
    choice = st.radio("How did it end?", act.choices, index=None, key="_confirm_choice") if act.choices else ""
    possible = not act.choices or choice is not None
    reason, sure, refusal = requesting.footer("_confirm", act.verb, possible=possible)
    if sure:
        try:
            done = act.do(reason, str(choice or ""))
        except ConductorError as error:
            with refusal:
                errors.show(error)
            return
        session.close_dialog()
        session.notice(act.done)
        queries.forget()
        if act.follow and isinstance(done, Change):
            navigation.go("changes", **{session.CHANGE: done.id})
        st.rerun()
