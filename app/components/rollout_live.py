"""A Rollout as it moves: the bar of its steps, the verdict on its wave, its parts; read again every two seconds."""

from __future__ import annotations

import streamlit as st

from app import delivery_queries, theme
from app.components import errors, rollout_parts, wave_bar
from app.theme import plain
from conductor_core.domain.rollouts import Rollout
from conductor_core.domain.wave_verdicts import Standing, WaveVerdict

_WORDS = {"done": "green", "goes on": "blue", "held": "orange", "failed": "red", "at rest": "gray"}


def show(rollout: Rollout) -> None:
    """Follow it; the page is drawn anew when another act has become possible."""
    _pulse(rollout.namespace, rollout.name, _mark(rollout))


@st.fragment(run_every=2)
def _pulse(namespace: str, name: str, mark: str) -> None:
    with errors.shown():
        detail, verdict = delivery_queries.wave(namespace, name)
        if _mark(detail.rollout) != mark:
            st.rerun(scope="app")
        wave_bar.show(detail.rollout, held=verdict.word == "held")
        _verdict(verdict)
        rollout_parts.show(detail)


def _verdict(verdict: WaveVerdict) -> None:
    color = _WORDS.get(verdict.word, "gray")
    with st.container(border=True, gap="xsmall"):
        st.markdown(f":{color}-badge[{plain(verdict.word)}] **{plain(verdict.summary)}**")
        rows = sorted(verdict.findings, key=lambda f: _SORT[f.standing])
        st.table(
            {
                "topic": [plain(f.topic) for f in rows],
                "stands": [theme.cell(theme.of(theme.STANDING, f.standing.value)) for f in rows],
                "why": [plain(f.text) for f in rows],
                "cleared by": [plain(f.clears_by) or "–" for f in rows],
            },
            border="horizontal",
            hide_index=True,
        )


_SORT = {Standing.HOLD: 0, Standing.WARN: 1, Standing.UNKNOWN: 2, Standing.OK: 3}


def _mark(rollout: Rollout) -> str:
    """Changes when the buttons on the page may have to."""
    return f"{rollout.phase} {rollout.step} {rollout.aborted} {rollout.paused_by_hand} {rollout.current_hash}"
