"""The reports that are made by themselves: what each is about, and what it has made last."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from app.theme import plain
from conductor_core.services.report_schedules import Due


def show(found: Sequence[Due]) -> None:
    """Draw them, or how one is set up."""
    st.subheader("Made by themselves", anchor=False)
    if not found:
        st.caption("None. `CONDUCTOR_REPORT_SCHEDULES` says which are, such as `month; week environment=prod`.")
        return
    st.table(
        {
            "every": [plain(due.schedule.text) for due in found],
            "last period": [f"{due.start:%Y-%m-%d} until before {due.end:%Y-%m-%d}" for due in found],
            "report": ["made" if due.report else "nothing to report" for due in found],
        },
        border="horizontal",
        hide_index=True,
    )
