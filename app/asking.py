"""What this session asks the record, and what came of it; the statement runs in a process of its own meanwhile."""

from __future__ import annotations

import time
from dataclasses import dataclass

import streamlit as st

from app import runtime, session
from conductor_core.errors import ConductorError
from conductor_core.ports.audit_database import Answer, Limits, Question, Running
from conductor_core.services.access import Action, Resource, authorize

SQL, CHOSEN, ROWS, SECONDS = "audit_sql", "audit_question", "audit_rows", "audit_seconds"
"""Keys of the editor, of the chosen question, and of the limits."""
_RUNNING, _TOLD = "_audit_running", "_audit_told"
PATIENCE = 0.8
"""Seconds that a page waits for an answer before it shows that one is awaited."""
FIRST = "SELECT state, count(*) AS changes\nFROM changes\nGROUP BY state\nORDER BY changes DESC"


@dataclass(frozen=True)
class Told:
    """What came of a statement: an answer or an error; `question` is the saved one that was asked, if one was."""

    answer: Answer | None
    error: ConductorError | None
    question: Question | None


@dataclass(frozen=True)
class Asked:
    """A statement under way, since when (monotonic), and which saved question it is."""

    running: Running
    since: float
    question: Question | None


def parameter_key(question: Question, name: str) -> str:
    """The key of the input for a parameter."""
    return f"audit_{question.name}_{name}"


def begin(question: Question | None) -> None:
    """Ask what stands in the editor; a saved question that was changed is one's own."""
    cancel()
    text = str(st.session_state.get(SQL, ""))
    given = (
        {p.name: st.session_state.get(parameter_key(question, p.name), p.default) for p in question.parameters}
        if question
        else {}
    )
    limits = Limits(float(st.session_state.get(SECONDS, 20)), int(st.session_state.get(ROWS, 10_000)))
    mine = question if question and question.sql.strip() == text.strip() else None
    try:
        authorize(session.actor(), Action.VIEW, Resource("the", "record"))
        used = {name: value for name, value in given.items() if f"${name}" in text}
        running = runtime.conductor().audit.start(text, limits, used)
    except ConductorError as refused:
        st.session_state[_TOLD] = Told(None, refused, mine)
        return
    st.session_state[_RUNNING] = Asked(running, time.monotonic(), mine)
    until = time.monotonic() + PATIENCE
    while not running.done and time.monotonic() < until:
        time.sleep(0.02)


def cancel() -> None:
    """Stop what is under way."""
    asked = under_way()
    if asked is not None:
        asked.running.cancel()


def under_way() -> Asked | None:
    """What is under way; what has ended meanwhile becomes what was told."""
    asked = st.session_state.get(_RUNNING)
    if not isinstance(asked, Asked):
        return None
    if not asked.running.done:
        return asked
    del st.session_state[_RUNNING]
    try:
        st.session_state[_TOLD] = Told(asked.running.result(), None, asked.question)
    except ConductorError as bad:
        st.session_state[_TOLD] = Told(None, bad, asked.question)
    return None


def told() -> Told | None:
    """What came of the last statement that has ended."""
    found = st.session_state.get(_TOLD)
    return found if isinstance(found, Told) else None
