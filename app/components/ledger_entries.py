"""The latest entries of the ledger in a table; a click on a row opens its proof."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import streamlit as st

from app import session, theme
from app.components import copy_id
from conductor_core.services.ledger_reader import Entry


def show(entries: Sequence[Entry], titles: Mapping[str, str], *, key: str = "ledger_entries") -> None:
    """Draw the entries in the order given; `titles` names Changes by their id."""
    events = [entry.event for entry in entries]
    subjects = [str(event.get("subject", "")) for event in events]
    st.dataframe(
        {
            "index": [entry.index for entry in entries],
            "fact": [theme.fact(entry.fact) for entry in entries],
            "about": [titles.get(subject) or copy_id.short(subject) for subject in subjects],
            "who": [str(event.get("actor", "")).rpartition("|")[2] for event in events],
            "recorded": [entry.at for entry in entries],
            "open": [f"/changes?change={s}" if s.startswith("chg-") else "" for s in subjects],
        },
        hide_index=True,
        row_height=30,
        height="auto" if len(entries) < 12 else 430,
        key=key,
        on_select=lambda: _open(key, [entry.index for entry in entries]),
        selection_mode="single-row",
        column_config={
            "index": st.column_config.NumberColumn(format="%d", width=70),
            "fact": st.column_config.TextColumn(width=170),
            "about": st.column_config.TextColumn(width=250),
            "recorded": st.column_config.DatetimeColumn(format="YYYY-MM-DD HH:mm:ss", width=150),
            "open": st.column_config.LinkColumn("Change page", display_text="open", width=90),
        },
        alt="Latest entries of the ledger, newest first; selecting a row opens its proof",
    )


def _open(key: str, indexes: list[int]) -> None:
    rows = st.session_state[key]["selection"]["rows"]
    if rows:
        st.query_params[session.ENTRY] = str(indexes[rows[0]])
