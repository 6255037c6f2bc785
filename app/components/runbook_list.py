"""The library of runbooks by level; broken ones are named with their problem."""

from __future__ import annotations

import streamlit as st

from app import navigation, session
from app.components import empty
from app.theme import plain
from conductor_core.ports.runbook_files import Catalogue


def show(catalogue: Catalogue, words: str) -> None:
    """Draw what matches `words`."""
    for broken in catalogue.broken:
        st.error(plain(broken.problem), icon=":material/heart_broken:", title=f"{plain(broken.file)} can't be used")
    needles = words.lower().split()
    found = [
        runbook
        for runbook in catalogue.runbooks.values()
        if all(n in f"{runbook.name} {runbook.title} {runbook.purpose}".lower() for n in needles)
    ]
    if not found:
        what = "No runbook matches." if catalogue.runbooks else "There are no runbooks."
        empty.show(what, "A runbook is one YAML in runbooks/ and one notebook in notebooks/.", icon="menu_book")
    for level in sorted({runbook.level for runbook in found}):
        st.subheader(f"Level {level}", anchor=False)
        for runbook in sorted((r for r in found if r.level == level), key=lambda r: r.name):
            with st.container(border=True, gap="xxsmall"):
                with st.container(horizontal=True, vertical_alignment="center"):
                    navigation.link(
                        "runbooks", f"**{plain(runbook.name)}**", icon="play_circle", **{session.RUNBOOK: runbook.name}
                    )
                    st.caption(plain(runbook.title))
                st.markdown(plain(runbook.purpose))
