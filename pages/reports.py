"""Reports: make one for an auditor, take its files, check that it holds."""

from __future__ import annotations

import streamlit as st

from app import queries, runtime
from app.components import empty, errors, report_form, report_list, report_schedules, split


def made() -> None:
    """The reports that there are."""
    st.subheader("Made", anchor=False)
    found = queries.reports()
    if not found:
        empty.show("No report was made yet.", "Choose what it is about, and make one.", icon="description")
        return
    report_list.show(found)


def scheduled() -> None:
    """Those that are made by themselves."""
    report_schedules.show(runtime.conductor().report_schedules.all())


def new() -> None:
    """The form."""
    st.subheader("New report", anchor=False)
    report_form.show(queries.changes())
    st.caption("A report is signed with the ledger's key. `conductor report verify` checks it on any machine, offline.")


st.title("Reports", anchor=False)
main, side = split.show(5, 3)
for place, part in ((main, made), (side, new), (side, scheduled)):
    with place, errors.shown():
        part()
