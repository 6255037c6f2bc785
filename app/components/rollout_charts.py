"""Charts of a Rollout: stable, canary and baseline in one picture each, with the threshold where there is one."""

from __future__ import annotations

import math
from datetime import UTC, datetime

import plotly.graph_objects as go
import streamlit as st

from app import delivery_queries, runtime
from app.components import empty, errors
from app.theme import plain
from conductor_core.domain import grafana
from conductor_core.domain.burn_rate import Burn
from conductor_core.services.delivery import Panel

_DASH = {"stable": "solid", "canary": "solid", "baseline": "dot"}
_COLOR = {"stable": "#4a7fd0", "canary": "#d97706", "baseline": "#8a63c9"}
_FORMAT = {"ratio": ".2%", "seconds": ".3s", "count": ".3s"}


@st.fragment(run_every=15)
def show(namespace: str, name: str) -> None:
    """Draw every panel, and what the comparison of the versions says."""
    minutes = st.segmented_control("Window", [15, 60, 180], default=15, key="window", format_func=lambda m: f"{m} min")
    with errors.shown():
        _burning(delivery_queries.burning(namespace, name))
        panels, judged = delivery_queries.panels(namespace, name, int(minutes or 15) * 60)
        if not panels:
            empty.show(
                "Prometheus has no series for this rollout.",
                "Queries are in `data/queries/*.promql`, and in the AnalysisTemplates of the chart.",
                icon="monitoring",
            )
            return
        said = {j.metric: j for j in judged}
        grid = st.grid(2, min_column_width=420)
        for panel in panels:
            with grid.cell():
                st.plotly_chart(figure(panel), key=f"panel_{panel.query.name}", config={"displayModeBar": False})
                found = said.get(panel.query.title)
                if found:
                    color = {"worse": "red", "better": "green", "same": "green"}.get(found.word, "gray")
                    st.caption(f":{color}[**{plain(found.word)}**] {plain(found.why)}")


def show_grafana(namespace: str, name: str) -> None:
    """Draw the panels of Grafana, when some are configured."""
    settings = runtime.conductor().settings
    found = grafana.panels(settings.grafana_url, settings.grafana_panels, namespace, name)
    for at, address in enumerate(found):
        st.iframe(address, height=320, alt=f"Grafana panel {at + 1} of {name}")


def _burning(burns: tuple[Burn, ...] | None) -> None:
    """A card for each pair of windows; red only when both burn too fast."""
    if not burns:
        st.caption("No objective is known: none of its AnalysisTemplates holds a share to be kept.")
        return
    with st.container(horizontal=True):
        for burn in burns:
            pair = burn.pair
            said = " and ".join(
                f"{rate:.1f}× over {window}" if rate is not None else f"nothing measured over {window}"
                for window, rate in ((pair.short, burn.short), (pair.long, burn.long))
            )
            color, word = ("red", f"burns too fast: {pair.urgency}") if burn.alarming else ("green", "within budget")
            if burn.short is None and burn.long is None:
                color, word = "gray", "not known"
            with st.container(border=True, gap="xsmall"):
                st.markdown(f":{color}-badge[{word}] error budget")
                st.caption(f"{said}; alarms from {pair.rate:g}× on both")


def figure(panel: Panel) -> go.Figure:
    """One panel: a line for each version, points in UTC."""
    made = go.Figure()
    for role, points in panel.lines.items():
        across = [datetime.fromtimestamp(at, UTC) for at, _ in points]
        up = [v if math.isfinite(v) else None for _, v in points]
        line = {"color": _COLOR.get(role, "#888888"), "dash": _DASH.get(role, "dash"), "width": 2}
        made.add_trace(go.Scatter(x=across, y=up, name=role, mode="lines", line=line))
    if panel.query.threshold is not None:
        made.add_hline(y=panel.query.threshold.limit, line_dash="dash", line_color="#c93a45", line_width=1)
    made.update_layout(
        title={"text": panel.query.title, "font": {"size": 13}}, height=220, showlegend=True,
        margin={"l": 8, "r": 8, "t": 34, "b": 8}, legend={"orientation": "h", "y": 1.16, "x": 1, "xanchor": "right"},
        yaxis={
            "tickformat": _FORMAT.get(panel.query.unit, ".3s"),
            "ticksuffix": "s" if panel.query.unit == "seconds" else "",
            "rangemode": "tozero" if panel.query.better == "lower" else "normal",
        },
    )  # fmt: skip
    return made
