"""Gates: one verdict each, why, where, and the act that would clear it."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from app import theme
from app.components import empty, state_badge
from app.theme import plain
from conductor_core.domain.gates import Reason, Verdict

_NONE = {
    False: ("No gate has judged it yet.", "Gates judge the plan; the worker makes it within a second or two."),
    True: ("No gate has judged it.", "It ended before there was a plan that they could judge."),
}


def summary(verdicts: Sequence[Verdict], *, ended: bool) -> None:
    """The verdicts at a glance, strictest first; `ended`: no more will come."""
    if not verdicts:
        empty.show(*_NONE[ended], icon="gavel")
        return
    rows = _sorted(verdicts)
    st.table(
        {
            "gate": [plain(v.gate) for v in rows],
            "verdict": [theme.cell(theme.of(theme.VERDICT, v.result)) for v in rows],
            "why": [_glance(v) for v in rows],
        },
        border="horizontal",
        hide_index=True,
    )


def show(verdicts: Sequence[Verdict], *, ended: bool) -> None:
    """Every verdict with its reasons; `ended`: no more will come."""
    if not verdicts:
        empty.show(*_NONE[ended], icon="gavel")
        return
    for verdict in _sorted(verdicts):
        with st.container(border=True, gap="xsmall"):
            with st.container(horizontal=True, vertical_alignment="center", gap="small"):
                state_badge.show(theme.of(theme.VERDICT, verdict.result))
                st.markdown(f"**{plain(verdict.gate)}**", width="content")
                st.caption(verdict.ran, width="content")
            if verdict.reasons:
                _reasons(verdict)


def _reasons(verdict: Verdict) -> None:
    """What denies comes first; where something only warns beside it, each line says which it does."""
    rows = [*verdict.denials, *verdict.warnings]
    signs = ["deny"] * len(verdict.denials) + ["warn"] * len(verdict.warnings)
    mixed = {"verdict": [theme.cell(theme.of(theme.VERDICT, sign)) for sign in signs]} if len(set(signs)) > 1 else {}
    st.table(
        {
            **mixed,
            "what it found": [_finding(reason) for reason in rows],
            "what clears it": [plain(reason.clears_by) or "–" for reason in rows],
        },
        border="horizontal",
        hide_index=True,
    )


def _finding(reason: Reason) -> str:
    where = f" :small[at {plain(reason.path)}]" if reason.path else ""
    return f"{plain(reason.text)}{where} :small[:gray[{plain(reason.rule)}]]"


def _sorted(verdicts: Sequence[Verdict]) -> list[Verdict]:
    order = {"deny": 0, "warn": 1, "allow": 2}
    return sorted(verdicts, key=lambda v: (order.get(v.result.value, 0), v.gate))


def _glance(verdict: Verdict) -> str:
    """In few words, for there is little room: what it found stands in the tab, and in the banner when it denies."""
    counted = [(len(verdict.denials), "denial"), (len(verdict.warnings), "warning")]
    return ", ".join(f"{n} {word}{'s' if n > 1 else ''}" for n, word in counted if n) or verdict.ran
