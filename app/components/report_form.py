"""The form of a new report: what it is about, which Changes it covers, as which files."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import streamlit as st

from app import queries, runtime, session
from app.components import errors
from conductor_core.domain.changes import Change
from conductor_core.errors import ConductorError
from conductor_core.services.reports import FORMATS, KINDS, Wanted

ABOUT = {
    "change": ("Change", "One Change with all of its facts."),
    "release": ("Release", "A release: its deployments and rollbacks in a period."),
    "environment": ("Tier", "Everything in one tier in a period."),
    "period": ("Period", "Everything in a period."),
}
"""Each kind as a word, and what it covers."""


def show(changes: Sequence[Change]) -> None:
    """Draw it; a report that was made is listed on the page."""
    kind = st.segmented_control("About", KINDS, default="period", key="report_kind", format_func=_word, required=True)
    st.caption(ABOUT[str(kind)][1])
    with st.form("report_form", border=True):
        given = _about(str(kind), changes)
        formats = st.multiselect("Files", FORMATS, default=list(FORMATS), key="report_formats")
        sent = st.form_submit_button("Make the report", type="primary", icon=":material/description:")
    if not sent:
        return
    try:
        with st.spinner("Making the report"):
            made = runtime.conductor().reports.create(
                session.actor(), Wanted(str(kind), formats=(*formats, "json"), **given)
            )
    except ConductorError as bad:
        errors.show(bad)
        return
    queries.forget()
    session.notice(f"Made: {made.title}")
    st.rerun()


def _word(kind: str) -> str:
    return ABOUT[kind][0]


def _about(kind: str, changes: Sequence[Change]) -> dict[str, Any]:
    if kind == "change":
        titles = {change.id: f"{change.title} ({change.standing.replace('_', ' ')})" for change in changes}
        chosen = st.selectbox("Change", list(titles), index=None, format_func=titles.__getitem__, key="report_change")
        return {"change": chosen or ""}
    start, end = _period()
    period: dict[str, Any] = {"start": start, "end": end}
    if kind == "release":
        names = sorted({str(c.parameters["release"]) for c in changes if c.parameters.get("release")})
        channels = sorted({str(c.parameters["channel"]) for c in changes if c.parameters.get("channel")})
        release = st.selectbox("Release", names, index=None, key="report_release")
        channel = st.selectbox("Channel", channels, index=None, key="report_channel", placeholder="All of them")
        return period | {"release": release or "", "channel": channel or ""}
    if kind == "environment":
        tiers = sorted({change.judged_tier for change in changes})
        return period | {"environment": st.selectbox("Tier", tiers, index=None, key="report_tier") or ""}
    return period


def _period() -> tuple[datetime, datetime]:
    today = datetime.now(UTC).date()
    with st.container(horizontal=True):
        first = st.date_input("From", today - timedelta(days=30), key="report_from")
        last = st.date_input("Until, with that day", today, key="report_to")
    return _midnight(first), _midnight(last) + timedelta(days=1)


def _midnight(day: object) -> datetime:
    return datetime.combine(day if isinstance(day, date) else datetime.now(UTC).date(), time(), UTC)
