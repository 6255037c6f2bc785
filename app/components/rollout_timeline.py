"""The timeline of a rollout, newest first, and the same to take away as CSV, Parquet or signed report."""

from __future__ import annotations

import streamlit as st

from app import delivery_queries, runtime
from app.components import empty
from conductor_core.domain.actors import Actor

SOURCES = {"argo-cd": "violet", "rollout": "blue", "analysis": "orange", "change": "green"}
SHOWN = 500


def show(namespace: str, name: str, actor: Actor) -> None:
    """Draw it."""
    moments = delivery_queries.timeline(namespace, name)
    if not moments:
        empty.show("Nothing has happened yet.", "Steps, measurements, syncs and Changes are kept as they happen.")
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        told = f"{len(moments):,} moments since {moments[0].at:%Y-%m-%d %H:%M} UTC"
        told += f"; the newest {SHOWN} are shown" if len(moments) > SHOWN else ""
        st.caption(told, width="stretch")
        exports = runtime.conductor().desk.exports
        name_of = f"timeline-{namespace}-{name}"
        wanted = (
            ("CSV", "csv", "text/csv", lambda: exports.csv(moments)),
            ("Parquet", "parquet", "application/vnd.apache.parquet", lambda: exports.parquet(moments)),
            ("Signed report", "json", "application/json", lambda: exports.report(actor, namespace, name)),
        )
        for label, ending, kind, make in wanted:
            st.download_button(
                label, make, f"{name_of}.{ending}", kind, key=f"timeline_{ending}", icon=":material/download:",
                on_click="ignore",
            )  # fmt: skip
    rows = moments[::-1][:SHOWN]
    st.dataframe(
        {
            "at": [m.at for m in rows],
            "source": [[m.source] for m in rows],
            "what": [m.what for m in rows],
            "who": [m.who for m in rows],
            "detail": [m.detail for m in rows],
        },
        hide_index=True,
        row_height=30,
        height="auto" if len(rows) < 16 else 520,
        key="timeline",
        column_config={
            "at": st.column_config.DatetimeColumn(format="YYYY-MM-DD HH:mm:ss", timezone="UTC", width=150),
            "source": st.column_config.MultiselectColumn(options=list(SOURCES), color=list(SOURCES.values()), width=95),
            "what": st.column_config.TextColumn(width=330),
            "who": st.column_config.TextColumn(width=90),
        },
        alt="What happened to the rollout, newest first; times in UTC",
    )
