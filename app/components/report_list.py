"""Finished reports: their files, and whether they still hold."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import streamlit as st

from app import runtime, theme
from app.components import errors, facts
from conductor_core.errors import ConductorError
from conductor_core.services.report_verification import verdict
from conductor_core.services.reports import Report

TYPES = {"html": "text/html", "pdf": "application/pdf", "json": "application/json", "csv": "text/csv"}
SHOWN = 20


def show(reports: Sequence[Report]) -> None:
    """Draw the newest of them."""
    for report in reports[:SHOWN]:
        with st.container(border=True, gap="xsmall"):
            _one(report)
    if len(reports) > SHOWN:
        st.caption(f"{len(reports) - SHOWN} older ones: `conductor report list`.")


def _one(report: Report) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f"**{theme.plain(report.title)}**")
        for name in sorted(report.files):
            kind = name.rpartition(".")[2]
            st.download_button(
                kind.upper(),
                lambda name=name: runtime.conductor().reports.read(report.id, name),  # type: ignore[misc]  # a default is no parameter
                f"{report.id}.{kind}",
                TYPES[kind],
                key=f"report_{report.id}_{kind}",
                icon=":material/download:",
                on_click="ignore",
            )
        verify = st.button("Verify", key=f"verify_{report.id}", icon=":material/verified:")
    if report.made_at:
        facts.show(
            facts.text(f"by {report.made_by}"),
            facts.ago(datetime.fromisoformat(report.made_at)),
            facts.copy(report.id),
            facts.copy(report.digest, report.digest[:23] + "…"),
        )
    if verify:
        _verified(report)


def _verified(report: Report) -> None:
    try:
        lines = runtime.conductor().reports.verify(report.id)
    except ConductorError as bad:
        errors.show(bad)
        return
    st.markdown(theme.cell(theme.CHECK[True], verdict(lines)))
    st.caption("  \n".join(theme.plain(line) for line in lines))
