"""The waves of a pipeline, edited as a table: who is synced when, and what the file would become."""

from __future__ import annotations

from typing import Any

import streamlit as st

from app import delivery_queries, requesting, runtime, session
from app.components import errors
from app.theme import plain
from conductor_core.domain.actors import Actor
from conductor_core.domain.pipelines import Pipeline
from conductor_core.domain.rolling_sync import Placed, SyncStep, parsed, placed
from conductor_core.services.pipeline_board import Board

DIALOG = "pipeline_waves:"
SELECTS, MOST = "takes the Applications with", "at a time"
HELP = "Labels of the Applications, such as: env in staging, prod and tier notin gold"


def show(board: Board, actor: Actor) -> None:
    """Draw the choice of a pipeline and the button that opens its waves; nothing without pipelines."""
    found = [p for p in board.pipelines if p.namespace]
    if not found:
        return
    with st.container(horizontal=True, vertical_alignment="bottom"):
        chosen = st.selectbox("Waves of a pipeline", found, format_func=lambda p: p.name, key="pipeline_waves_which")
        name = f"{DIALOG}{chosen.name}"
        st.button("Edit", icon=":material/reorder:", key="pipeline_waves", on_click=session.open_dialog, args=(name,))
    if session.dialog_open(name):
        title = f"Waves of {plain(chosen.name)}"
        st.dialog(title, width="large", icon=":material/reorder:", on_dismiss=session.close_dialog)(
            lambda: _body(chosen, actor)
        )()


def _body(pipeline: Pipeline, actor: Actor) -> None:
    with errors.shown():
        now = delivery_queries.pipeline_steps(pipeline.name)
        st.caption(
            "Argo CD syncs step after step, each when the one before is healthy; without steps, all Applications at "
            f"once. Write such as `env in staging, prod`; labels in use: {plain(_labels(pipeline))}."
        )
        edited = st.data_editor(
            [{SELECTS: s.text, MOST: s.at_a_time} for s in now] or [{SELECTS: "", MOST: ""}],
            key=f"waves_of_{pipeline.name}",
            num_rows="dynamic",
            hide_index=True,
            column_config={
                SELECTS: st.column_config.TextColumn(help=HELP, width=420),
                MOST: st.column_config.TextColumn(help="A number or a percent; empty: all of the step; 0: by hand."),
            },
        )
        branch = st.text_input("Branch that declares it", value="main", key="pipeline_waves_branch")
        changed = False
        steps: list[SyncStep] = []
        with errors.shown():
            steps = [step for row in edited if (step := _step(row))]
            _preview(steps, placed(steps, pipeline.applications))
            edit = runtime.conductor().desk.pipeline_waves.edit(pipeline.name, steps, str(branch or ""))
            changed = bool(edit.diff) or tuple(steps) != now
            if edit.diff:
                st.markdown(f"**One commit on {plain(edit.branch)}:**")
                st.code(edit.diff, language="diff")
            elif not changed:
                st.caption("Nothing is changed yet.")
        reason, sent, refusal = requesting.footer("pipeline_waves", "Request these waves", possible=changed)
        if sent:
            spec = [s.as_spec() for s in steps]
            given: dict[str, object] = {"pipeline": pipeline.name, "steps": spec, "branch": branch}
            requesting.send(actor, "set_pipeline_waves", given, reason, refusal=refusal)


def _preview(steps: list[SyncStep], who: Placed) -> None:
    """Who is synced when; whom nobody syncs is said in red."""
    if not steps:
        st.markdown("All Applications are synced at once.")
        return
    rows = list(zip(steps, who.steps, strict=True))
    st.table(
        {
            "step": [str(at) for at, _ in enumerate(rows, 1)],
            "Applications": [plain(", ".join(names)) for _, names in rows],
            "at a time": [plain(step.at_a_time) or "all" for step, _ in rows],
        },
        border="horizontal",
        hide_index=True,
    )
    if who.left_out:
        st.warning(
            f"No step takes {plain(', '.join(who.left_out))}: Argo CD syncs them no more until a step does.",
            icon=":material/sync_disabled:",
        )


def _labels(pipeline: Pipeline) -> str:
    found: dict[str, set[str]] = {}
    for application in pipeline.applications:
        for key, value in application.labels:
            found.setdefault(key, set()).add(value)
    told = [f"{key} ({', '.join(sorted(values)[:6])})" for key, values in sorted(found.items())]
    return "; ".join(told[:8]) or "none"


def _step(row: dict[str, Any]) -> SyncStep | None:
    text = str(row.get(SELECTS) or "").strip()
    return parsed(text, str(row.get(MOST) or "")) if text else None
