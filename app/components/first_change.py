"""The guided first Change, offered while there are none: deploy IntelGraph to dev."""

from __future__ import annotations

import streamlit as st

from app import navigation, session


def show() -> None:
    """Draw the three steps and the link to the first."""
    with st.container(border=True, gap="xsmall"):
        st.markdown("**:material/rocket_launch: Your first Change: deploy IntelGraph to dev**")
        st.markdown(
            "1. See what a deploy to dev would change, resource by resource.\n"
            "2. Request it with a reason. Gates judge the plan; dev needs no approval.\n"
            "3. Watch the run, read its notebook, and roll it back if you like."
        )
        navigation.link(
            "releases",
            "Deploy IntelGraph to dev",
            icon="arrow_forward",
            **{session.RELEASE: "intelgraph", session.CHANNEL: "dev"},
        )
