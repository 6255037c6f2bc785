"""Settings: every one with where it came from, connections to test, identity and roles."""

from __future__ import annotations

import streamlit as st

from app import queries, runtime, session, theme
from app.components import connections, doctor_table, errors, roles
from conductor_core.services import setting_rows


def every() -> None:
    """Every setting; secrets are masked before they come here."""
    words = st.text_input("Words in name or help", key="setting", type="search", live=True, width=300)
    given = st.toggle("Only those that are set", key="only_set")
    rows = [
        row
        for row in setting_rows.rows(runtime.conductor().settings)
        if (words or "").lower() in f"{row.name} {row.help}".lower() and (not given or row.source != "default")
    ]
    st.dataframe(
        {
            "setting": [row.name for row in rows],
            "value": [("•••• " if row.secret and row.value else "") + (row.value or "–") for row in rows],
            "from": [row.source for row in rows],
            "what it is for": [row.help for row in rows],
        },
        hide_index=True,
        row_height=30,
        height=min(36 + 31 * max(1, len(rows)), 620),
        column_config={
            "setting": st.column_config.TextColumn(width=230, pinned=True),
            "value": st.column_config.TextColumn(width=230),
            "from": st.column_config.TextColumn(width=100),
        },
        alt="Settings with value, source and purpose",
    )
    st.caption(
        "Settings are changed in the environment or in .env, then `make down` and `make up`. .env.example explains all."
    )


def tests() -> None:
    """Ask one connection, or all of them."""
    status = runtime.conductor().status
    with st.container(horizontal=True, vertical_alignment="bottom"):
        name = st.selectbox("Connection", ["all of them", *status.names], key="connection", width=260)
        pressed = st.button("Test connection", icon=":material/cable:", type="primary")
    if pressed:
        queries.forget()
        with st.spinner("Asking, at most 6 s"):
            connections.show(status.connections() if name == "all of them" else [status.test(name)])


def doctor() -> None:
    """Everything that the workbench needs, looked at now."""
    st.caption("Tools with the versions they need, contexts, logins and connections. The same: `conductor doctor`.")
    if st.button("Look now", icon=":material/stethoscope:", type="primary", key="doctor"):
        with st.spinner("Asking every program and connection, some seconds"):
            doctor_table.show(runtime.conductor().doctor.look())


def identity() -> None:
    """Who acts here, and which role may do what."""
    mode = runtime.conductor().settings.identity_mode
    st.markdown(f"Identity mode **{theme.plain(mode)}**, acting as **{theme.plain(session.actor().name)}**.")
    roles.show()


st.title("Settings", anchor=False)
tabs = st.tabs(["Settings", "Connections", "Doctor", "Identity and roles"], key=session.TAB, bind="query-params")
for tab, part in zip(tabs, (every, tests, doctor, identity), strict=True):
    if tab.open:
        with tab, errors.shown():
            part()
