"""Smoke suites of a release in a channel: how each stands and has gone, a run at a press, and the runs themselves."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from app import release_queries, requesting, theme
from app.components import empty, errors
from app.theme import plain
from conductor_core.domain.actors import Actor
from conductor_core.domain.smoke import SmokeRun, Suite
from conductor_core.errors import Diagnostics
from conductor_core.services.release_inventory import Row

TREND = 20
"""Runs that a suite's trend shows."""


def show(row: Row, actor: Actor) -> None:
    """Draw the suites and their runs, newest first."""
    suites, broken = release_queries.smoke_suites(row.release)
    runs = release_queries.smoke_runs(row.release, row.channel)
    for file, problem in broken:
        errors.show(Diagnostics(f"{file} is left out.", problem, "Mend it in runbooks/smoke/."))
    if not suites:
        empty.show("No smoke suite is declared for this release.", "Write one into runbooks/smoke/.", icon="science")
        return
    for suite in suites:
        _suite(suite, [run for run in runs if run.suite == suite.name], row, actor)
    if runs:
        _table(runs)


def _suite(suite: Suite, runs: Sequence[SmokeRun], row: Row, actor: Actor) -> None:
    with st.container(border=True):
        with st.container(horizontal=True, vertical_alignment="center", gap="medium"):
            with st.container(width="stretch"):
                st.markdown(f"**{plain(suite.title)}**  {_badge(runs)}")
                st.caption(plain(suite.purpose) + _use(suite))
            pressed = st.button("Run it", icon=":material/play_arrow:", key=f"smoke_{suite.name}")
        if runs:
            _trend(runs)
    if pressed:
        _request(suite, row, actor)


def _trend(runs: Sequence[SmokeRun]) -> None:
    if not runs[0].passed:
        st.markdown(f":red[{plain(runs[0].told)}]")
    shown = list(reversed(runs[:TREND])) if len(runs) > 1 else []  # one run is no trend
    past, failed = [run.p95 for run in shown], [run.failures for run in shown]
    delta = f"{past[-1] - past[-2]} ms" if past else None
    with st.container(horizontal=True, gap="medium"):
        st.metric(
            "p95",
            f"{runs[0].p95} ms",
            delta,
            delta_color="inverse",
            chart_data=past or None,
            chart_type="line",
            width=150,
        )
        st.metric("failed", str(runs[0].failures), chart_data=failed or None, chart_type="bar", width=130)


def _badge(runs: Sequence[SmokeRun]) -> str:
    if not runs:
        return ":gray-badge[– never run here]"
    mark = theme.CHECK[runs[0].passed]
    return f":{mark.color}-badge[{mark.glyph} {mark.word}]"


def _use(suite: Suite) -> str:
    uses = [f"asked for before a deploy ({suite.before})"] if suite.before != "off" else []
    uses += ["run after a deploy"] if suite.after else []
    return f" · {', '.join(uses)}" if uses else ""


def _request(suite: Suite, row: Row, actor: Actor) -> None:
    given: dict[str, object] = {"suite": suite.name, "release": row.release, "channel": row.channel}
    requesting.send(actor, "smoke_release", given, f"smoke {suite.name}")


def _table(runs: Sequence[SmokeRun]) -> None:
    marks = [theme.CHECK[run.passed] for run in runs]
    st.dataframe(
        {
            "when": [run.at for run in runs],
            "suite": [run.suite for run in runs],
            "went": [[f"{mark.glyph} {mark.word}"] for mark in marks],
            "requests": [run.requests for run in runs],
            "failed": [run.failures for run in runs],
            "p95 ms": [run.p95 for run in runs],
            "what": [run.told for run in runs],
            "by": [run.by for run in runs],
        },
        hide_index=True,
        row_height=30,
        height=min(36 + 31 * len(runs), 400),
        column_config={
            "when": st.column_config.DatetimeColumn(format="distance", width=110),
            "went": st.column_config.MultiselectColumn(
                options=[f"{m.glyph} {m.word}" for m in theme.CHECK.values()],
                color=[m.color for m in theme.CHECK.values()],
                width=100,
            ),
            "what": st.column_config.TextColumn(width="large"),
        },
        alt="Runs of smoke suites, newest first",
    )
