"""The schema browser: what can be asked, table by table, with the meaning of each column."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from app.theme import plain
from conductor_core.domain.audit_model import Table, shown


def show(tables: Sequence[Table]) -> None:
    """Draw it; what is searched for is a part of a name or of a meaning."""
    needle = str(
        st.text_input("Find a column", key="audit_find", placeholder="such as approved, or digest") or ""
    ).lower()
    hits = 0
    for table in tables:
        columns = [c for c in shown(table) if needle in f"{table.name} {c.name} {c.help}".lower()]
        if not columns:
            continue
        hits += len(columns)
        with st.expander(f"**{plain(table.name)}**", expanded=bool(needle) and hits < 30):
            st.caption(plain(table.help))
            st.dataframe(
                {
                    "column": [c.name for c in columns],
                    "type": [c.type.lower() for c in columns],
                    "meaning": [c.help for c in columns],
                },
                hide_index=True,
                row_height=28,
                height="auto" if len(columns) < 12 else 340,
                key=f"audit_table_{table.name}",
                alt=f"Columns of {table.name}",
                column_config={
                    "column": st.column_config.TextColumn(width=120),
                    "type": st.column_config.TextColumn(width=90),
                },
            )
    if not hits:
        st.caption("No column is called that, and none means it.")
