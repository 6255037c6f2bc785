"""What was seen after acts on Rollouts, beside what each promised: one row a Rollout, those that failed first."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from app import theme
from app.theme import plain
from conductor_core.domain.changes import Change
from conductor_core.domain.operations import Operation
from conductor_core.domain.rollout_acts import read_backs


def show(change: Change, operations: Sequence[Operation]) -> None:
    """Draw the table; nothing for a Change that read nothing back."""
    rows = [
        (name or change.target.partition("/")[2], back) for op in operations for name, back in read_backs(op.result)
    ]
    if not rows:
        return
    rows.sort(key=lambda row: (row[1].reached, row[1].happened, row[0]))
    st.table(
        {
            "read back": [theme.cell(theme.CHECK[back.reached], back.word) for _, back in rows],
            "rollout": [plain(name) for name, _ in rows],
            "promised": [plain(back.expected) for _, back in rows],
            "seen": [plain(back.seen) for _, back in rows],
        },
        border="horizontal",
        hide_index=True,
    )
