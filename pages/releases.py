"""Releases: the release x channel matrix, and one release in one channel with its acts."""

from __future__ import annotations

import streamlit as st

from app import navigation, queries, session
from app.components import errors, local_build, release_head, release_matrix, release_tabs
from conductor_core.errors import NotFoundError


def one(release: str, channel: str) -> None:
    """One release in one channel; without a channel, the first."""
    navigation.link("releases", "All releases", icon="arrow_back")
    local_build.meanwhile()
    siblings = [row for row in queries.inventory().rows if row.release == release and not row.foreign]
    row = next((row for row in siblings if row.channel == channel or not channel), None)
    if row is None:
        known = ", ".join(sibling.channel for sibling in siblings)
        raise NotFoundError(
            f"{release} has no channel {channel}." if siblings else f"There is no release {release}.",
            why=f"Its channels: {known}." if siblings else "The channels file doesn't declare it.",
            next="Choose one on the page of all releases.",
        )
    release_head.show(row, siblings, session.actor())
    release_tabs.show(row, siblings, session.actor())


def every() -> None:
    """The matrix."""
    with st.container(horizontal=True, vertical_alignment="center"):
        st.title("Releases", anchor=False)
        st.button("Read again", icon=":material/refresh:", on_click=queries.forget)
    local_build.meanwhile()
    with st.spinner("Reading the operations repository and the cluster"):
        found = queries.inventory()
    release_matrix.show(found)


chosen = st.query_params.get(session.RELEASE, "")
with errors.shown():
    if chosen:
        one(chosen, st.query_params.get(session.CHANNEL, ""))
    else:
        every()
