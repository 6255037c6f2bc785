"""The bell: the notices that are also sent to the messenger, newest first, with how many Changes need this person."""

from __future__ import annotations

from datetime import UTC, datetime

import streamlit as st

from app import delivery_queries, environment_queries, navigation, queries, session, theme, waiting
from app.components import ago
from app.theme import plain
from conductor_core.domain.notices import Notice
from conductor_core.errors import ConductorError

SHOWN = 12
MARK = {
    "approval-needed": theme.CHANGE["awaiting_approval"],
    "denied": theme.CHANGE["denied"],
    "queued": theme.CHANGE["queued"],
    "started": theme.CHANGE["executing"],
    "succeeded": theme.CHANGE["succeeded"],
    "failed": theme.CHANGE["failed"],
    "unknown": theme.CHANGE["unknown"],
    "rejected": theme.CHANGE["rejected"],
}
"""Each kind as the state of its Change is drawn everywhere."""


def show() -> None:
    """Draw the bell; what can't be read is told in it."""
    _bell()


@st.fragment(run_every=10)
def _bell() -> None:
    try:
        found = environment_queries.notices()
        unreviewed = delivery_queries.emergencies()
        mine = len(waiting.mine_first(queries.changes(), session.actor(), unreviewed))
    except ConductorError as silent:
        st.caption(f":gray[Notices can't be read: {plain(silent.what)}]")
        return
    label = f"Notices · {mine} need{'s' if mine == 1 else ''} you" if mine else "Notices"
    icon = ":material/notifications_active:" if mine else ":material/notifications:"
    with st.popover(label, icon=icon, type="tertiary", key="notices"):
        if not found:
            st.caption("Nothing has happened yet. Notices of Changes appear here, and in Slack when it is set up.")
        for notice in found[:SHOWN]:
            _line(notice)
        if len(found) > SHOWN:
            navigation.link("changes", "All Changes", icon="arrow_forward")


def _line(notice: Notice) -> None:
    mark = theme.of(MARK, notice.kind)
    with st.container(gap="xxsmall", key=f"notice_{notice.change}"):
        navigation.link("changes", f"{theme.cell(mark)} {plain(notice.text)}", **{session.CHANGE: notice.change})
        st.caption(" · ".join(filter(None, [ago.words(notice.at, datetime.now(UTC)), plain(notice.detail)])))
