"""Which role may do what, and which local identity has which role; drawn from the table that decides."""

from __future__ import annotations

import streamlit as st

from app.theme import plain
from conductor_core.domain.actors import LOCAL_ACTORS, Role
from conductor_core.services.access import GRANTS


def show() -> None:
    """Draw both tables."""
    roles = list(Role)
    st.table(
        {
            "act": [plain(action.value) for action in GRANTS],
            **{role.value: ["✓" if role in allowed else "–" for allowed in GRANTS.values()] for role in roles},
        },
        border="horizontal",
        hide_index=True,
    )
    st.caption("Nobody approves what they requested. Only its requester or a captain cancels a Change.")
    st.table(
        {
            "local identity": list(LOCAL_ACTORS),
            "roles": [", ".join(sorted(role.value for role in actor.roles)) for actor in LOCAL_ACTORS.values()],
        },
        border="horizontal",
        hide_index=True,
    )
