"""What the doctor found: misses first, each with the act that mends it."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from app import theme
from app.components.checks import breakable
from app.theme import plain
from conductor_core.domain.doctor import Finding, Symptom

_MARKS = {
    Finding.GOOD: theme.HEALTH["healthy"],
    Finding.OPTIONAL: theme.HEALTH["off"],
    Finding.OLD: theme.HEALTH["suspended"],
    Finding.MISSING: theme.HEALTH["degraded"],
}
_ORDER = {Finding.MISSING: 0, Finding.OLD: 1, Finding.GOOD: 2, Finding.OPTIONAL: 3}


def show(symptoms: Sequence[Symptom]) -> None:
    """Draw the verdict and the table."""
    misses = [s for s in symptoms if not s.good]
    if misses:
        st.error(f"{len(misses)} missing: {plain(', '.join(s.name for s in misses))}", icon=":material/error:")
    else:
        st.success("Nothing is missing.", icon=":material/check_circle:")
    ordered = sorted(symptoms, key=lambda s: _ORDER[s.finding])
    st.table(
        {
            "part": [s.part for s in ordered],
            "name": [f"**{plain(s.name)}**" for s in ordered],
            "is": [theme.cell(_MARKS[s.finding], s.finding.value) for s in ordered],
            "found": [breakable(s.found) for s in ordered],
            "what mends it": [plain(s.act) or "–" for s in ordered],
        },
        border="horizontal",
        hide_index=True,
    )
