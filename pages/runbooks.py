"""Runbooks: the library by level, and one runbook with its form and past runs."""

from __future__ import annotations

import streamlit as st

from app import navigation, queries, runtime, session
from app.components import change_table, empty, errors, runbook_form, runbook_head, runbook_list, split


def one(name: str) -> None:
    """One runbook."""
    navigation.link("runbooks", "All runbooks", icon="arrow_back")
    runbook = runtime.conductor().runbooks.get(name)
    runbook_head.show(runbook)
    form, past = split.show(2, 3)
    with form:
        st.subheader("Request it", anchor=False)
        runbook_form.show(runbook, session.actor())
    with past, errors.shown():
        st.subheader("Past runs", anchor=False)
        runs = [change for change in queries.changes() if change.runbook == name]
        if runs:
            change_table.show(runs, columns=change_table.NARROW)
        else:
            empty.show("It has never run.", "Request it with the form.", icon="history")


def every() -> None:
    """The library."""
    st.title("Runbooks", anchor=False)
    words = st.text_input("Words in name, title or purpose", key="q", type="search", live=True, width=300)
    runbook_list.show(queries.catalogue(), words or "")


chosen = st.query_params.get(session.RUNBOOK, "")
with errors.shown():
    if chosen:
        one(chosen)
    else:
        every()
