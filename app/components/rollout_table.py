"""Every Rollout in a table that sorts and filters; a click on a row opens it. What needs somebody comes first."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from app import session, theme
from app.components import empty
from conductor_core.domain import rollout_words
from conductor_core.domain.rollouts import Phase, Rollout

_ORDER = {Phase.DEGRADED: 0, Phase.PAUSED: 1, Phase.PROGRESSING: 2, Phase.HEALTHY: 3}

LONGEST = 24
"""Characters of a cluster's name that a row has room for."""
HOME = "this one"
"""What a row says of the cluster that the product works on."""


def show(rollouts: Sequence[Rollout], *, several: bool = False) -> None:
    """Draw the rows, worst first; `several`: whether there are further clusters, so that each row names its own."""
    if not rollouts:
        empty.show(
            "No rollout runs here.",
            "Deploy a chart that has one: `conductor release deploy intelgraph --channel dev`.",
            icon="move_up",
        )
        return
    rows = sorted(rollouts, key=lambda r: (_ORDER[r.phase], r.cluster, r.namespace, r.name))
    marks = [theme.of(theme.ROLLOUT, r.phase.value) for r in rows]
    known = list(dict.fromkeys(theme.ROLLOUT.values()))
    st.dataframe(
        {
            "state": [[f"{mark.glyph} {mark.word}"] for mark in marks],
            "namespace": [r.namespace for r in rows],
            "rollout": [r.name for r in rows],
            **({"cluster": [_short(r.cluster) for r in rows]} if several else {}),
            "version": [r.version for r in rows],
            "wave": [r.wave or "–" for r in rows],
            "weight": [r.actual for r in rows],
            "step": [rollout_words.step_now(r) or "–" for r in rows],
            "replicas": [rollout_words.replicas(r) for r in rows],
            "why": [rollout_words.why(r) for r in rows],
        },
        hide_index=True,
        row_height=30,
        height="auto" if len(rows) < 12 else 420,
        key="rollouts",
        on_select=lambda: _open([r.id for r in rows]),
        selection_mode="single-cell",
        column_config={
            "state": st.column_config.MultiselectColumn(
                options=[f"{m.glyph} {m.word}" for m in known], color=[m.color for m in known], width=120
            ),
            "weight": st.column_config.ProgressColumn(format="%d %%", min_value=0, max_value=100, width=110),
            "why": st.column_config.TextColumn(width=260),
        },
        alt="Rollouts, worst first; a click on a row opens the rollout",
    )


def _short(cluster: str) -> str:
    """The end of a long name: contexts of one provider begin alike."""
    return (cluster if len(cluster) <= LONGEST else f"…{cluster[1 - LONGEST :]}") if cluster else HOME


def _open(ids: list[str]) -> None:
    cells = st.session_state["rollouts"]["selection"]["cells"]
    if cells:
        st.query_params[session.ROLLOUT] = ids[cells[0][0]]
