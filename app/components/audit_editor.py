"""The SQL editor: a saved question or one's own statement, its parameters, its limits, ask and cancel."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from app import asking
from app.theme import plain, spoken
from conductor_core.ports.audit_database import Question
from conductor_core.services.audit import MOST

LABEL = "SQL"
HELP = (
    "One SELECT. It can read the record and do nothing else. Words are offered as you type: Tab takes one, "
    "Ctrl+Space asks for them, Ctrl+Enter is done typing."
)


def show(questions: Sequence[Question]) -> None:
    """Draw it."""
    known = {question.name: question for question in questions}
    st.session_state.setdefault(asking.SQL, asking.FIRST)
    name = st.selectbox(
        "Saved questions",
        list(known),
        index=None,
        key=asking.CHOSEN,
        format_func=lambda n: known[n].title,
        placeholder="Choose a question, or write your own below",
        on_change=lambda: _take(known),
    )
    question = known.get(name) if name else None
    if question:
        changed = question.sql.strip() != str(st.session_state[asking.SQL]).strip()
        st.caption(plain(question.question) + (" :orange[! Changed: it is a statement of your own now.]" * changed))
        _parameters(question)
    st.text_area(LABEL, key=asking.SQL, height=220, help=HELP)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        asked = asking.under_way()
        st.button(
            "Ask",
            key="audit_ask",
            type="primary",
            icon=":material/play_arrow:",
            on_click=lambda: asking.begin(question),
            disabled=asked is not None,
        )
        st.button("Cancel", key="audit_cancel", icon=":material/stop:", on_click=asking.cancel, disabled=asked is None)
        with st.popover("Limits", icon=":material/timer:"):
            st.number_input("Seconds", 1, int(MOST.seconds), 20, key=asking.SECONDS)
            st.number_input("Rows", 1, MOST.rows, 10_000, step=1000, key=asking.ROWS)
    seconds, rows = st.session_state[asking.SECONDS], st.session_state[asking.ROWS]
    st.caption(f"Stopped after {seconds} s, cut off after {rows:,} rows, 240 MB of memory, one statement.")


def _take(known: dict[str, Question]) -> None:
    name = st.session_state.get(asking.CHOSEN)
    if name in known:
        st.session_state[asking.SQL] = known[name].sql
        asking.begin(known[name])


def _parameters(question: Question) -> None:
    if not question.parameters:
        return
    with st.container(horizontal=True):
        for parameter in question.parameters:
            key, label, help_ = asking.parameter_key(question, parameter.name), spoken(parameter.name), parameter.help
            if parameter.kind == "int":
                st.number_input(label, value=int(parameter.default), step=1, key=key, help=help_)
            elif parameter.kind == "float":
                st.number_input(label, value=float(parameter.default), key=key, help=help_)
            else:
                st.text_input(label, str(parameter.default), key=key, help=help_)
