"""The waves of a release, edited as a table: what the values file would become is shown before it is requested."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import streamlit as st

from app import requesting, runtime
from app.components import errors
from app.theme import plain
from conductor_core.domain.actors import Actor
from conductor_core.domain.waves import KINDS, PATH, WAVES, WaveStep, check, steps_of

HELP = "weight: percent; pause: a duration such as 30s, empty: until a person promotes; experiment: a duration"


def show(release: str, channel: str, actor: Actor) -> None:
    """Draw the table, the diff that it makes, and the request."""
    edits = runtime.conductor().values_edits
    rows = [_row(step) for step in edits.steps(release, channel)]
    st.caption(f"Steps of {plain(release)} in {plain(channel)}, as its branch has them. A deploy walks them.")
    edited = st.data_editor(
        rows,
        key=f"waves_{release}_{channel}",
        num_rows="dynamic",
        hide_index=True,
        column_config={
            "wave": st.column_config.SelectboxColumn(options=list(WAVES), required=True),
            "does": st.column_config.SelectboxColumn(options=list(KINDS), required=True),
            "how much": st.column_config.TextColumn(help=HELP),
            "templates": st.column_config.TextColumn(help="Names of AnalysisTemplates, separated by commas."),
            "replicas": st.column_config.NumberColumn(min_value=1, step=1, help="Of an experiment, on each side."),
        },
    )
    with errors.shown():
        steps = [s.as_values() for s in check(steps_of([_values(row) for row in edited]))]
        edit = edits.edit(release, channel, PATH, steps)
        if not edit.diff:
            st.caption("Nothing is changed yet.")
            return
        st.markdown(f"**One commit on {plain(edit.branch)}:**")
        st.code(edit.diff, language="diff")
        _request(release, channel, steps, actor)


def _request(release: str, channel: str, steps: Sequence[dict[str, Any]], actor: Actor) -> None:
    with st.container(horizontal=True, vertical_alignment="bottom"):
        reason = st.text_input("Reason, for the record", key="waves_reason", placeholder="Why, in a few words")
        sent = st.button("Request these waves", type="primary", key="waves_request")
    if sent:
        given: dict[str, object] = {"release": release, "channel": channel, "steps": list(steps)}
        requesting.send(actor, "set_waves", given, reason)


def _row(step: WaveStep) -> dict[str, Any]:
    much = f"{step.weight}" if step.kind == "weight" else step.duration
    templates = ", ".join(step.templates)
    replicas = step.replicas if step.kind == "experiment" else None
    return {"wave": step.wave, "does": step.kind, "how much": much, "templates": templates, "replicas": replicas}


def _values(row: dict[str, Any]) -> dict[str, Any]:
    kind, much = str(row.get("does") or ""), str(row.get("how much") or "").strip().removesuffix("%").strip()
    names = [n.strip() for n in str(row.get("templates") or "").split(",") if n.strip()]
    weight: object = int(much) if much.isascii() and much.isdigit() else much
    body: object = {
        "weight": weight,
        "pause": {"duration": much} if much else {},
        "analysis": {"templates": names},
        "experiment": {"duration": much, "replicas": int(row.get("replicas") or 1), "templates": names},
    }.get(kind)
    return {"wave": row.get("wave") or "canary", kind: body}
