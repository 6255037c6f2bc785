"""The files of a release's UI: which ones a browser doesn't get, and the act that drops them from the cache."""

from __future__ import annotations

import streamlit as st

from app import release_queries, requesting, theme
from app.theme import plain
from conductor_core.domain.actors import Actor
from conductor_core.services.release_inventory import Row


def show(row: Row, actor: Actor) -> None:
    """Draw them; raises `ConductorError` when they can't be looked at."""
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
    if page.missing:
        st.caption(
            "If files are missing after a purge too, they were never uploaded: build the UI again "
            "(`pnpm -C client build`), upload it, and deploy the new asset tag."
        )
    st.dataframe(
        {"file": [a.address for a in page.assets], "answers": [a.told for a in page.assets]},
        hide_index=True,
        row_height=30,
        alt="The files that the UI's page names, and what each answers",
    )
    if pressed:
        given: dict[str, object] = {"release": row.release, "channel": row.channel}
        requesting.send(actor, "purge_assets", given, page.told)
