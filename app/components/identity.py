"""Who acts: the local identities are switched here and marked as local."""

from __future__ import annotations

import streamlit as st

from app import session
from app.components import errors
from app.theme import plain


def show() -> None:
    """Draw the switch, and the roles of whoever acts."""
    with errors.shown():
        if not session.single_sign_on():
            st.selectbox(
                "Acting as (local identity)",
                session.identities(),
                key=session.ACTING_AS,
                bind="query-params",
                icon=":material/person:",
                help="Named identities of this machine, so that separation of duties can be tried. Not a sign-in.",
            )
        actor = session.actor()
        roles = ", ".join(sorted(role.value for role in actor.roles))
        st.caption(f"{plain(actor.name)} · {roles}")
        if session.single_sign_on():
            st.button("Sign out", icon=":material/logout:", type="tertiary", key="sign_out", on_click=st.logout)
