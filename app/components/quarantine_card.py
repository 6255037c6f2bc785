"""What of a release is in quarantine, why and since when, and the act that releases it."""

from __future__ import annotations

import streamlit as st

from app import navigation, queries, requesting, session
from app.components import facts
from app.theme import plain
from conductor_core.domain.actors import Actor
from conductor_core.domain.quarantine import Quarantine
from conductor_core.services.release_inventory import Row


def show(row: Row, actor: Actor) -> None:
    """Draw one line for each version of the release that is in quarantine; nothing when there is none."""
    for found in queries.quarantines(row.release):
        _line(found)
        if session.dialog_open(_name(found)):
            title = f"Release {plain(found.release)} {plain(found.version)} from quarantine?"
            st.dialog(title, icon=":material/lock_open:", on_dismiss=session.close_dialog)(
                lambda q=found: _dialog(q, actor)
            )()


def _name(found: Quarantine) -> str:
    return f"unquarantine:{found.change_id}"


def _line(found: Quarantine) -> None:
    with st.container(horizontal=True, vertical_alignment="center", gap="small", border=True):
        st.badge(f"{plain(found.version)} in quarantine", icon=":material/block:", color="red")
        held = f"automation of {found.channel} is held · " if found.held else ""
        only = "only with the manifests that went bad · " if found.content else ""
        facts.show(facts.text(f"{found.reason} · {held}{only}by {found.by}"), facts.ago(found.at))
        navigation.link("changes", "its Change", **{session.CHANGE: found.change_id})
        st.button(
            "Release it",
            icon=":material/lock_open:",
            key=f"act_unquarantine_{found.change_id}",
            on_click=session.open_dialog,
            args=(_name(found),),
        )


def _dialog(found: Quarantine, actor: Actor) -> None:
    st.markdown(
        f"**{plain(found.release)} {plain(found.version)}** may then be deployed to every channel again, and "
        f"automation of **{plain(found.channel)}** goes on. As many approve as {plain(found.channel)} asks for."
    )
    reason, sent, refusal = requesting.footer("unquarantine", "Request its release", why="What was mended")
    if sent:
        given: dict[str, object] = {"release": found.release, "version": found.version}
        requesting.send(actor, "unquarantine_release", given, reason, refusal=refusal)
