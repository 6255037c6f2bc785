"""The files of a release's UI: which ones a browser doesn't get, and the two acts that mend it."""

from __future__ import annotations

import streamlit as st

from app import release_queries, requesting, theme
from app.components import empty
from app.theme import plain
from conductor_core.domain.actors import Actor
from conductor_core.services.release_inventory import Row


def show(row: Row, actor: Actor) -> None:
    """Draw them; raises `ConductorError` when they can't be looked at."""
    if not row.installed:
        empty.show("It has no UI here.", "Its files are looked at once it is installed: deploy it first.", icon="web")
        return
    page = release_queries.ui_page(row.release, row.channel)
    mark = theme.CHECK[not page.missing]
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.markdown(f":{mark.color}-badge[{mark.glyph} {mark.word}] {plain(page.told)}", width="stretch")
        pressed = st.button(
            "Drop them from the cache",
            icon=":material/cached:",
            key="act_purge",
            help="As a Change: the page and its files are dropped from the CDN's cache, then looked at again.",
        )
        built = st.button(
            "Build the UI again",
            icon=":material/build:",
            key="act_rebuild",
            help="As a Change: the source of this version is built and uploaded anew, then its files are looked at.",
        )
    if page.missing:
        st.caption("If files are missing after a purge too, they were never uploaded: build the UI again.")
    st.dataframe(
        {"file": [a.address for a in page.assets], "answers": [a.told for a in page.assets]},
        hide_index=True,
        row_height=30,
        alt="The files that the UI's page names, and what each answers",
    )
    given: dict[str, object] = {"release": row.release, "channel": row.channel}
    if pressed:
        requesting.send(actor, "purge_assets", given, page.told)
    if built:
        requesting.send(actor, "rebuild_assets", given, page.told)
