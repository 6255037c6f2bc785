"""Changes in a table that sorts and filters; a click on a row opens the Change."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from app import navigation, session, theme, waiting
from conductor_core.domain.changes import Change

NARROW = ("state", "Change", "waits for", "updated")
"""The columns for a part of a page."""


def show(changes: Sequence[Change], *, key: str = "changes_table", columns: Sequence[str] | None = None) -> None:
    """Draw the rows in the given order; `columns` are those to show, None: all. A click on a row goes to its Change."""
    marks = [theme.of(theme.CHANGE, change.standing) for change in changes]
    known = list(dict.fromkeys(theme.CHANGE.values()))
    chosen = st.dataframe(
        {
            "state": [[f"{mark.glyph} {mark.word}"] for mark in marks],
            "Change": [change.title for change in changes],
            "target": [change.target for change in changes],
            "asked by": [change.requester.name for change in changes],
            "waits for": [waiting.waits_for(change) or "–" for change in changes],
            "updated": [change.updated_at for change in changes],
            "asked": [change.created_at for change in changes],
            "id": [change.id for change in changes],
        },
        hide_index=True,
        column_order=columns,
        row_height=30,
        height="auto" if len(changes) < 14 else 520,
        key=key,
        on_select="rerun",
        selection_mode="single-cell",
        column_config={
            "state": st.column_config.MultiselectColumn(
                options=[f"{mark.glyph} {mark.word}" for mark in known], color=[mark.color for mark in known], width=165
            ),
            "Change": st.column_config.TextColumn(width=250),
            "updated": st.column_config.DatetimeColumn(format="distance", width=110),
            "asked": st.column_config.DatetimeColumn(format="YYYY-MM-DD HH:mm:ss", width=145),
            "id": st.column_config.TextColumn(width=230),
        },
        alt="Changes, newest first; a click on a row opens the Change",
    )
    if chosen.selection.cells:
        row, _ = chosen.selection.cells[0]
        navigation.go("changes", **{session.CHANGE: changes[row].id})
