"""An answer as a chart: as the saved question wants it, or as one chooses."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import plotly.graph_objects as go
import streamlit as st

from conductor_core.ports.audit_database import Answer, Chart

KINDS = ("bar", "line", "scatter")
MOST_POINTS = 2000


def show(answer: Answer, wanted: Chart) -> None:
    """Draw the choices and the chart."""
    numeric = [name for at, name in enumerate(answer.columns) if _numbers(answer, at)]
    if not answer.rows or not numeric:
        st.caption("A chart needs rows, and a column of numbers.")
        return
    sensible = chart_of(answer, wanted, numeric)
    seed = "_".join(answer.columns)[:80]
    with st.container(horizontal=True):
        kind = st.selectbox("Chart", KINDS, index=KINDS.index(sensible.kind), key=f"chart_kind_{seed}")
        x = st.selectbox("Across", answer.columns, index=answer.columns.index(sensible.x), key=f"chart_x_{seed}")
        y = st.multiselect("Up", numeric, default=list(sensible.y), key=f"chart_y_{seed}")
        others = ["", *answer.columns]
        color = st.selectbox("Colour", others, index=others.index(sensible.color), key=f"chart_color_{seed}")
    if not y:
        st.caption("Choose what goes up.")
        return
    st.plotly_chart(figure(answer, Chart(kind, x, tuple(y), color)), key="audit_chart")
    if len(answer.rows) > MOST_POINTS:
        st.caption(f"The first {MOST_POINTS:,} rows are drawn.")


def chart_of(answer: Answer, wanted: Chart, numeric: list[str]) -> Chart:
    """What is wanted where the answer has its columns, else the first words against the first number."""
    fits = wanted.kind in KINDS and wanted.x in answer.columns and set(wanted.y) <= set(numeric) and wanted.y
    if fits:
        return Chart(wanted.kind, wanted.x, wanted.y, wanted.color if wanted.color in answer.columns else "")
    x = next((name for name in answer.columns if name not in numeric), answer.columns[0])
    places = ("sequence", "ledger_index")
    up = next((name for name in numeric if name not in places and name != x), numeric[0])
    timed = "TIMESTAMP" in answer.types[answer.columns.index(x)] or answer.types[answer.columns.index(x)] == "DATE"
    return Chart("line" if timed else "bar", x, (up,), "")


def figure(answer: Answer, chart: Chart) -> go.Figure:
    """The chart: one trace for each column that goes up, or for each value of the colour."""
    rows = answer.rows[:MOST_POINTS]
    at = {name: n for n, name in enumerate(answer.columns)}
    made = go.Figure()
    if chart.color:
        groups: dict[str, list[tuple[Any, ...]]] = {}
        for row in rows:
            groups.setdefault(str(row[at[chart.color]]), []).append(row)
    else:
        groups = {"": list(rows)}
    for group, within in groups.items():
        for name in chart.y:
            label = " ".join(filter(None, (group, name if len(chart.y) > 1 or not group else "")))
            across, up = [_plain(r[at[chart.x]]) for r in within], [_plain(r[at[name]]) for r in within]
            made.add_trace(_trace(chart.kind, across, up, label))
    made.update_layout(
        height=360, margin={"l": 8, "r": 8, "t": 24, "b": 8}, barmode="stack", xaxis_title=chart.x,
        yaxis_title=chart.y[0] if len(chart.y) == 1 else None, showlegend=len(made.data) > 1,
    )  # fmt: skip
    return made


def _trace(kind: str, across: list[Any], up: list[Any], label: str) -> Any:
    if kind == "bar":
        return go.Bar(x=across, y=up, name=label)
    mode = "lines+markers" if kind == "line" else "markers"
    return go.Scatter(x=across, y=up, name=label, mode=mode)


def _numbers(answer: Answer, at: int) -> bool:
    seen = [row[at] for row in answer.rows[:200] if row[at] is not None]
    return bool(seen) and all(isinstance(v, int | float | Decimal) and not isinstance(v, bool) for v in seen)


def _plain(value: Any) -> Any:
    return float(value) if isinstance(value, Decimal) else value
