"""The deep link that a person came by, kept over the sign-in: the provider sends everybody back to the first page."""

from __future__ import annotations

import streamlit as st

from app import session
from app.components import assets
from conductor_core.errors import ConductorError

_place = assets.component("place", '<i class="place"></i>')


def keep() -> None:
    """Note where this window is, in the browser alone."""
    _place(key="place", data={"keep": True})


def go_back() -> None:
    """Once in a session: go where the person wanted to, if they came by a sign-in of a moment ago."""
    if st.session_state.get(session.PLACED) or not _is_signed_in():
        return
    st.session_state[session.PLACED] = True
    _place(key="place", data={"keep": False})


def _is_signed_in() -> bool:
    try:
        return session.single_sign_on()
    except ConductorError:  # wrong settings: the page says so
        return False
