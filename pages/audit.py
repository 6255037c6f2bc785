"""Audit: the record in SQL, by saved questions or one's own, as rows, charts and files."""

from __future__ import annotations

import streamlit as st

from app import asking, queries
from app.components import (
    audit_answer,
    audit_completion,
    audit_editor,
    audit_running,
    audit_schema,
    empty,
    errors,
    split,
)


def schema() -> None:
    """What can be asked."""
    st.subheader("Tables", anchor=False)
    audit_schema.show(queries.audit_tables())


def editor() -> None:
    """The statement, and what came of it."""
    found, problems = queries.audit_questions()
    if queries.audit_freshness() is None:
        empty.show(
            "There is no read model of the record yet.",
            "A worker builds it as events come: start one with `conductor up`, or run `conductor audit rebuild`.",
            icon="database_off",
        )
        return
    audit_editor.show(found)
    audit_completion.show(audit_editor.LABEL, queries.audit_tables())
    for problem in problems:
        st.caption(f":orange[!] left out: {problem}")
    if asking.under_way() is not None:
        audit_running.show()
    told = asking.told()
    if told is not None:
        audit_answer.show(told)


st.title("Audit", anchor=False)
main, side = split.show(5, 3)
for place, part in ((main, editor), (side, schema)):
    with place, errors.shown():
        part()
