"""The page before the first one: sign in with the organisation's account."""

from __future__ import annotations

import streamlit as st
from streamlit.errors import StreamlitAuthError

from app.components import errors
from conductor_core.errors import ConfigurationError

BEGIN = "sign_in"


def show() -> None:
    """Draw the offer; the sign-in itself happens at the provider."""
    _, middle, _ = st.columns([1, 2, 1])
    with middle.container(border=True):
        st.title("Maestro Conductor", anchor=False)
        st.write("Every act is recorded under the name of whoever did it, so it must be known who you are.")
        if st.button("Sign in", icon=":material/login:", type="primary", key=BEGIN):
            with errors.shown():
                _begin()


def _begin() -> None:
    try:
        st.login()
    except StreamlitAuthError as bad:
        raise ConfigurationError(
            "The sign-in is not set up.",
            why=str(bad),
            next="Start the workbench with `conductor up` or `python -m conductor_core.entrypoints.ui`.",
        ) from bad
