"""Releases by channels: version, revision, health, in step, last change; a click on a cell opens it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import streamlit as st

from app import session, theme
from app.components import empty, errors
from conductor_core.domain.tiers import rank
from conductor_core.errors import Diagnostics
from conductor_core.services.release_inventory import Inventory, Row

BEHIND = "≠"
OUT = "⊘"
_WORST = ("degraded", "unknown", "progressing", "suspended", "healthy")
_STEPS = {"in step": "green", "not in step": "orange", "not known": "gray"}


@dataclass(frozen=True)
class Line:
    """One release: what each channel has of it."""

    release: str
    cells: dict[str, Row] = field(default_factory=dict)

    @property
    def health(self) -> str:
        """The worst health of any channel; '' when nothing is installed."""
        found = {row.health or "unknown" for row in self.cells.values() if row.installed}
        return next((word for word in _WORST if word in found), "missing")

    @property
    def step(self) -> str:
        """Whether every installed channel is what its branch would install."""
        steps = {row.in_step for row in self.cells.values() if row.installed}
        return "not in step" if False in steps else "in step" if steps == {True} else "not known"

    @property
    def updated(self) -> datetime | None:
        """When any channel was last touched."""
        return max((row.updated for row in self.cells.values() if row.updated), default=None)


_FILTERS: dict[str, Callable[[Line], bool]] = {
    "not healthy": lambda line: line.health not in ("healthy", "missing"),
    "not in step": lambda line: line.step == "not in step",
    "not installed": lambda line: any(not row.installed for row in line.cells.values()),
    "quarantined": lambda line: any(row.quarantined for row in line.cells.values()),
}


def lines(rows: Sequence[Row]) -> tuple[list[Line], list[str]]:
    """The matrix's lines, and its channels in the order in which a version walks through them."""
    found: dict[str, Line] = {}
    for row in rows:
        if not row.foreign:
            found.setdefault(row.release, Line(row.release)).cells[row.channel] = row
    channels = {row.channel: rank(row.tier) for row in rows if not row.foreign}
    return list(found.values()), sorted(channels, key=lambda name: channels[name])


def show(inventory: Inventory) -> None:
    """Draw the filters and the matrix, then what is installed and declared nowhere."""
    for note in inventory.notes:
        st.warning(theme.plain(note), icon=":material/visibility_off:")
    every, channels = lines(inventory.rows)
    if not every:
        empty.show("No release is declared.", "Declare one in channels.yaml of the operations repository.")
    else:
        found = _filtered(every)
        counted = {name: sum(map(passes, every)) for name, passes in _FILTERS.items()}
        told = [f"{len(found)} of {len(every)} releases", *(f"{n} {name}" for name, n in counted.items() if n)]
        st.caption(" · ".join(told))
        _table(found, channels)
    for problem in inventory.problems:
        errors.show(Diagnostics(f"{problem.where} is left out.", problem.why, "Mend it in the channels file."))
    foreign = [row for row in inventory.rows if row.foreign]
    if foreign:
        _foreign(foreign)


def _filtered(every: list[Line]) -> list[Line]:
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        words = st.text_input("Words in release or version", key="q", type="search", live=True, width=260)
        only = st.segmented_control("Only", list(_FILTERS), key="only")
    needles = (words or "").lower().split()
    return [
        line
        for line in every
        if (only is None or _FILTERS[only](line)) and all(needle in _text(line) for needle in needles)
    ]


def _text(line: Line) -> str:
    return f"{line.release} {' '.join(cell(row) for row in line.cells.values())} {line.health}".lower()


def _table(found: list[Line], channels: list[str]) -> None:
    marks = [theme.of(theme.HEALTH, line.health) for line in found]
    health = list(dict.fromkeys(theme.HEALTH.values()))
    st.dataframe(
        {
            "release": [line.release for line in found],
            **{channel: [cell(line.cells.get(channel)) for line in found] for channel in channels},
            "health": [[f"{mark.glyph} {mark.word}"] for mark in marks],
            "branch": [[line.step] for line in found],
            "last deploy": [line.updated for line in found],
        },
        hide_index=True,
        row_height=30,
        height=min(36 + 31 * max(1, len(found)), 620),
        placeholder="–",
        key="matrix",
        on_select=lambda: _open(found, channels),
        selection_mode="single-cell",
        column_config={
            "release": st.column_config.TextColumn(pinned=True, width=180),
            "health": st.column_config.MultiselectColumn(
                options=[f"{mark.glyph} {mark.word}" for mark in health], color=[m.color for m in health], width=130
            ),
            "branch": st.column_config.MultiselectColumn(
                options=list(_STEPS),
                color=list(_STEPS.values()),
                width=110,
                help="Is it what its branch would install?",
            ),
            "last deploy": st.column_config.DatetimeColumn(format="distance", width=120),
        },
        alt="Releases by channels; a click on a cell opens it",
    )
    signs = "✓ healthy · ▶ progressing · ! suspended · ✕ degraded · ? unknown · – not installed"
    st.caption(f"Signs: {signs} · {BEHIND} its branch would install something else · {OUT} version in quarantine")


def cell(row: Row | None) -> str:
    """One cell as text: health glyph, version, revision (and how it stands, unless it is deployed), and signs."""
    if row is None:
        return ""
    if not row.installed:
        return "–"
    glyph = theme.of(theme.HEALTH, row.health).glyph
    signs = f"  {BEHIND}" if row.in_step is False else ""
    signs += f"  {OUT}" if row.quarantined else ""
    word = "" if row.status in ("", "deployed") else f" {row.status}"
    numbered = "Argo CD" if row.application else f"r{row.revision}{word}"
    return f"{glyph} {row.runs}  {numbered}{signs}"


def _open(found: list[Line], channels: list[str]) -> None:
    cells = st.session_state["matrix"]["selection"]["cells"]
    if cells:
        line = found[cells[0][0]]
        channel = cells[0][1] if cells[0][1] in line.cells else next(c for c in channels if c in line.cells)
        st.query_params.update({session.RELEASE: line.release, session.CHANNEL: channel})


def _foreign(rows: list[Row]) -> None:
    with st.expander(f"{len(rows)} installed releases that no channel owns"):
        st.dataframe(
            {
                "release": [row.release for row in rows],
                "namespace": [row.namespace for row in rows],
                "installed": [cell(row) for row in rows],
                "chart": [f"{row.chart} {row.chart_version}" for row in rows],
                "last deploy": [row.updated for row in rows],
            },
            hide_index=True,
            column_config={"last deploy": st.column_config.DatetimeColumn(format="distance")},
        )
