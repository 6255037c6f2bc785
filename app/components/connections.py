"""Connections: which answer, what they said, and for those that don't: why, and the act that mends it."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from app import theme
from app.components import empty
from app.theme import plain, prose
from conductor_core.services.status import Connection, Health

_ORDER = {Health.DOWN: 0, Health.HEALTHY: 1, Health.OFF: 2}


def overall(connections: Sequence[Connection]) -> tuple[theme.Mark, str]:
    """The one mark of all of them, and its words."""
    down = [c.name for c in connections if c.health is Health.DOWN]
    if down:
        return theme.HEALTH["down"], f"{len(down)} down: {', '.join(down[:3])}"
    working = sum(c.health is Health.HEALTHY for c in connections)
    return (theme.HEALTH["healthy"], f"all {working} healthy") if working else (theme.HEALTH["off"], "none configured")


def show(connections: Sequence[Connection]) -> None:
    """Draw one row for each, those that are down first."""
    if not connections:
        empty.show("No connection is declared.", "Settings names them all.", icon="power_off")
        return
    rows = sorted(connections, key=lambda c: _ORDER[c.health])
    st.table(
        {
            "connection": [f"**{plain(c.name)}**" for c in rows],
            "state": [theme.cell(theme.of(theme.HEALTH, c.health)) for c in rows],
            "what it said": [_said(c) for c in rows],
            "ms": [str(c.milliseconds) if c.health is not Health.OFF else "–" for c in rows],
        },
        border="horizontal",
        hide_index=True,
    )


def _said(connection: Connection) -> str:
    if connection.health is Health.DOWN:
        return f"{prose(connection.detail)} {prose(connection.why)} **Next:** {prose(connection.next)}"
    return prose(f"{connection.detail}. {connection.why}" if connection.why else connection.detail)
