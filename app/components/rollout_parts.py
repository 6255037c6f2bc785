"""What belongs to a Rollout: replica sets and pods by version, AnalysisRuns with each measurement and its threshold."""

from __future__ import annotations

import streamlit as st

from app import theme
from app.theme import plain
from conductor_core.domain.analysis import AnalysisRun, Metric
from conductor_core.domain.rollout_parts import Detail
from conductor_core.domain.rollouts import tag

SHOWN_RUNS = 4


def show(detail: Detail) -> None:
    """Draw the analyses of this version first, then replica sets with their pods; those of others are folded."""
    now = detail.rollout.current_hash
    others = [r for r in detail.runs if r.template_hash not in ("", now)]
    for run in [r for r in detail.runs if r not in others][:SHOWN_RUNS]:
        _run(run)
    sets = [s for s in detail.replica_sets if s.wanted or s.role in ("stable", "canary")]
    if sets:
        pods = {s.hash: [p for p in detail.pods if p.hash == s.hash] for s in sets}
        st.table(
            {
                "version": [plain(s.role) for s in sets],
                "replica set": [_code(s.name) for s in sets],
                "revision": [str(s.revision or "–") for s in sets],
                "available": [f"{s.available} of {s.wanted}" for s in sets],
                "pods": [_pods([(p.name, p.ready, p.reason) for p in pods[s.hash]], s.available) for s in sets],
            },
            border="horizontal",
            hide_index=True,
        )
    if others:
        versions = {s.hash: tag(s.images) for s in detail.replica_sets}
        with st.expander(f"Analyses of other versions ({len(others)})"):
            for run in others[:SHOWN_RUNS]:
                _run(run, versions.get(run.template_hash, ""))


def _code(name: str) -> str:
    return f"`{name.replace('`', '')}`"


def _pods(pods: list[tuple[str, bool, str]], available: int) -> str:
    if not pods:
        return "–" if available else "none"
    bad = [f"{name}: {reason}" for name, ready, reason in pods if not ready]
    ready = len(pods) - len(bad)
    return f"{ready} ready" + (f"; {plain('; '.join(bad[:3]))}" if bad else "")


def _run(run: AnalysisRun, version: str = "") -> None:
    mark = theme.of(theme.ANALYSIS, run.phase or "Pending")
    step = f"step {run.step + 1}" if run.step is not None else run.kind or "experiment"
    with st.container(border=True, gap="xsmall"):
        st.markdown(
            f"{theme.cell(mark)}  **{plain(run.name)}** · {plain(step)}{f' of {plain(version)}' * bool(version)}"
        )
        told = run.explained()
        if told and run.phase in ("Failed", "Error", "Inconclusive"):
            st.markdown(f":red[{plain(told)}]")
        rows = [(metric, m) for metric in run.metrics for m in metric.measurements[-6:]]
        if rows:
            st.table(
                {
                    "metric": [plain(metric.name) for metric, _ in rows],
                    "measured": [_value(m.value, m.raw) for _, m in rows],
                    "threshold": [_limit(metric) for metric, _ in rows],
                    "result": [theme.cell(theme.of(theme.ANALYSIS, m.phase)) for _, m in rows],
                    "at": [f"{m.at:%H:%M:%S}" if m.at else "–" for _, m in rows],
                },
                border="horizontal",
                hide_index=True,
            )


def _value(value: float | None, raw: str) -> str:
    return f"{value:.4g}" if value is not None else plain(raw[:60]) or "–"


def _limit(metric: Metric) -> str:
    return plain(str(metric.threshold)) if metric.threshold else f"`{plain(metric.success or metric.failure)}`"
