"""Pipelines with their Applications: sync, health, revision, wave, and the last error."""

from __future__ import annotations

import streamlit as st

from app import session, theme
from app.components import empty, errors
from conductor_core.domain.pipelines import HEALTH_ORDER, Application, Pipeline
from conductor_core.services.pipeline_board import Board


def show(board: Board) -> None:
    """Draw a row for each Application; a click opens its first Rollout."""
    if board.stale is not None:
        errors.show(board.stale)
    if not board.pipelines:
        empty.show("Argo CD has no pipeline.", "Add an ApplicationSet; it shows up here by itself.", icon="alt_route")
        return
    for pipeline in board.pipelines:
        if pipeline.error:
            st.error(theme.plain(pipeline.error), title=theme.plain(f"{pipeline.name} makes no Applications"))
    _summary(board)
    rows = [(p, a) for p in board.pipelines for a in p.applications]
    rows.sort(
        key=lambda row: (-HEALTH_ORDER.index(row[1].health) if row[1].health in HEALTH_ORDER else -9, row[1].name)
    )
    marks = [theme.of(theme.HEALTH, a.health.lower()) for _, a in rows]
    syncs = [theme.of(theme.SYNC, a.sync) for _, a in rows]
    health, sync = (list(dict.fromkeys(table.values())) for table in (theme.HEALTH, theme.SYNC))
    st.dataframe(
        {
            "pipeline": [p.name for p, _ in rows],
            "application": [a.name for _, a in rows],
            "health": [[f"{m.glyph} {m.word}"] for m in marks],
            "sync": [[f"{m.glyph} {m.word}"] for m in syncs],
            "last error": [a.last_error for _, a in rows],
            "revision": [a.revision[:12] for _, a in rows],
            "wave": [_wave(a) for _, a in rows],
            "namespace": [a.target_namespace for _, a in rows],
        },
        hide_index=True,
        row_height=30,
        height="auto" if len(rows) < 12 else 420,
        key="applications",
        on_select=lambda: _open([a for _, a in rows]),
        selection_mode="single-cell",
        column_config={
            name: st.column_config.MultiselectColumn(
                options=[f"{m.glyph} {m.word}" for m in known], color=[m.color for m in known], width=120
            )
            for name, known in (("health", health), ("sync", sync))
        }
        | {
            "last error": st.column_config.TextColumn(width=210),
            "revision": st.column_config.TextColumn(width=110),
            "wave": st.column_config.TextColumn(width=125),
        },
        alt="Applications by pipeline; a click on a row opens its rollout",
    )


def _summary(board: Board) -> None:
    """A row for each pipeline: what makes its Applications, and how many are how."""
    found = board.pipelines
    marks = [theme.of(theme.HEALTH, p.health.lower()) for p in found]
    st.table(
        {
            "pipeline": [theme.plain(p.name) for p in found],
            "made by": [theme.plain(", ".join(p.generators)) or "–" for p in found],
            "health": [theme.cell(mark) for mark in marks],
            "healthy": [
                f"{sum(a.health == 'Healthy' for a in p.applications)} of {len(p.applications)}" for p in found
            ],
            "synced": [f"{sum(a.sync == 'Synced' for a in p.applications)} of {len(p.applications)}" for p in found],
            "waves": [_waves(p) for p in found],
        },
        border="horizontal",
        hide_index=True,
    )


def _waves(pipeline: Pipeline) -> str:
    if not pipeline.steps:
        return "all at once"
    told = theme.plain(" → ".join(pipeline.steps))
    return f":blue[▶] {told}" if pipeline.moving else told


def _wave(application: Application) -> str:
    return f"{application.wave} {application.wave_status}".strip() if application.wave else "–"


def _open(applications: list[Application]) -> None:
    cells = st.session_state["applications"]["selection"]["cells"]
    found = applications[cells[0][0]].rollouts if cells else ()
    if found:
        st.query_params[session.ROLLOUT] = "/".join(found[0])
