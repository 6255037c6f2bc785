"""What the cluster has of one environment: nodes by pool, namespaces, pods, and the events of its namespaces."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from app import environment_queries, theme
from app.components import empty
from conductor_core.domain.environments import Environment
from conductor_core.services.environment_objects import Row


def show(one: Environment) -> None:
    """Draw it."""
    if not one.exists:
        empty.show("Nothing is there.", "It is planned, or was destroyed.", icon="dns")
        return
    found = environment_queries.objects(one.name)
    _rows("Nodes", "pool", found.nodes)
    _rows("Namespaces", "owner", found.namespaces)
    _rows("Pods", "namespace", found.pods)
    _events(found.events[:50])


def _rows(title: str, about: str, rows: Sequence[Row]) -> None:
    good = sum(row.state == "healthy" for row in rows)
    st.markdown(f"**{title}** :gray[{good} of {len(rows)} healthy]" if rows else f"**{title}** :gray[none]")
    marks = [theme.of(theme.HEALTH, row.state) for row in rows]
    _table(rows, about, "health", [f"{m.glyph} {m.word}" for m in marks])


def _events(rows: Sequence[Row]) -> None:
    warnings = sum(row.state != "healthy" for row in rows)
    said = f"{len(rows)} · {warnings or 'no'} warning{'' if warnings == 1 else 's'}" if rows else "none"
    st.markdown(f"**Events** :gray[{said}]")
    _table(rows, "namespace", "type", ["Normal" if row.state == "healthy" else "! Warning" for row in rows])


def _table(rows: Sequence[Row], about: str, column: str, states: Sequence[str]) -> None:
    if not rows:
        return
    st.dataframe(
        {
            "name": [row.name for row in rows],
            about: [row.about for row in rows],
            column: states,
            "": [row.detail for row in rows],
        },
        hide_index=True,
        row_height=30,
        height="content" if len(rows) < 8 else 260,
    )
