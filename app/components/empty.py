"""Empty states: what would be here, and the act that fills it."""

from __future__ import annotations

import streamlit as st

from app.theme import plain, prose


def show(what: str, how: str, *, icon: str = "inbox") -> None:
    """Draw the empty state; `what` isn't there yet, `how` fills it."""
    with st.container(border=True, gap="xxsmall"):
        st.markdown(f":material/{icon}: **{plain(what)}**")
        st.caption(prose(how))
