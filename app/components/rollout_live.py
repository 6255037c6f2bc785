"""A Rollout as it moves: the bar of its steps, the verdict on its wave, its parts; read again every two seconds."""

from __future__ import annotations

import streamlit as st

from app import delivery_queries, navigation, session, theme
from app.components import errors, rollout_parts, wave_bar
from app.theme import plain
from conductor_core.domain import rollout_acts, rollout_words
from conductor_core.domain.ids import CHANGE_ID
from conductor_core.domain.rollouts import Rollout
from conductor_core.domain.wave_findings import Finding, Standing
from conductor_core.domain.wave_verdicts import WaveVerdict

_WORDS = {"done": "green", "goes on": "blue", "held": "orange", "failed": "red", "at rest": "gray"}


def show(rollout: Rollout) -> None:
    """Follow it; the page is drawn anew when another act has become possible."""
    _pulse(rollout.namespace, rollout.name, rollout.cluster, _mark(rollout))


@st.fragment(run_every=2)
def _pulse(namespace: str, name: str, cluster: str, mark: str) -> None:
    with errors.shown():
        detail, verdict = delivery_queries.wave(namespace, name, cluster)
        if _mark(detail.rollout) != mark:
            st.rerun(scope="app")
        wave_bar.show(detail.rollout, held=verdict.word == "held", failed=rollout_words.failed_step(detail))
        _verdict(verdict, detail.rollout)
        rollout_parts.show(detail)


def _verdict(verdict: WaveVerdict, rollout: Rollout) -> None:
    color = _WORDS.get(verdict.word, "gray")
    with st.container(border=True, gap="xsmall"):
        st.markdown(f":{color}-badge[{plain(verdict.word)}] **{plain(verdict.summary)}**")
        _clearing(verdict, rollout)
        rows = sorted((f for f in verdict.findings if f.standing is not Standing.UNKNOWN), key=_order)
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
        reasons: dict[str, list[str]] = {}
        for finding in verdict.unjudged:
            reasons.setdefault(finding.text, []).append(finding.topic)
        if reasons:
            told = "; ".join(f"{', '.join(topics)}: {text.rstrip('.')}" for text, topics in reasons.items())
            st.caption(f"{theme.STANDING['unknown'].glyph} Not known: {plain(told)}\\.")


def _clearing(verdict: WaveVerdict, rollout: Rollout) -> None:
    """The acts that clear what holds the wave: each opens the dialog that the head would open, or the Change."""
    acts = dict.fromkeys(f.act for f in verdict.findings if f.act and f.cause)
    changes = dict.fromkeys(f.evidence for f in verdict.holds if CHANGE_ID.fullmatch(f.evidence))
    offered = [a for a in acts if a and not rollout_acts.no_effect(rollout, a) and not rollout_words.red(rollout)]
    if not offered and not changes:
        return
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        for act in offered:
            if st.button(act.value.replace("-", " ").capitalize(), key=f"clear_{act.value}"):
                session.open_dialog(f"{act.value}:{rollout.id}")
                st.rerun(scope="app")
        for change in changes:
            navigation.link("changes", "Open the Change that holds it", icon="open_in_new", **{session.CHANGE: change})


def _order(finding: Finding) -> int:
    return _SORT[finding.standing]


_SORT = {Standing.HOLD: 0, Standing.WAIT: 1, Standing.WARN: 2, Standing.UNKNOWN: 3, Standing.OK: 4}


def _mark(rollout: Rollout) -> str:
    """Changes when the buttons on the page may have to."""
    return f"{rollout.phase} {rollout.step} {rollout.aborted} {rollout.paused_by_hand} {rollout.current_hash}"
