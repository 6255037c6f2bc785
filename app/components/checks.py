"""Post-flight checks: passed or failed, and what was seen."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from app import theme
from app.theme import plain
from conductor_core.domain.changes import Check


def show(checks: Sequence[Check]) -> None:
    """Draw one row for each check, failed ones first."""
    rows = sorted(checks, key=lambda check: check.passed)
    st.table(
        {
            "check": [theme.cell(theme.CHECK[check.passed], theme.fact(check.name)) for check in rows],
            "seen": [plain(check.detail) or "–" for check in rows],
        },
        border="horizontal",
        hide_index=True,
    )
