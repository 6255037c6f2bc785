"""Revert a release that an Argo CD Application owns: Git goes back, and the Application is synced to it."""

from __future__ import annotations

import streamlit as st

from app import requesting, session
from app.components import errors
from app.components.release_dialogs import needs, preview
from app.theme import plain
from conductor_core.domain.actors import Actor
from conductor_core.services.release_inventory import Row


def name(row: Row) -> str:
    """The name of the dialog of that row."""
    return f"revert:{row.release}@{row.channel}"


def show(row: Row, actor: Actor) -> None:
    """Draw it when it is open."""
    if row.application and session.dialog_open(name(row)):
        title = f"Revert {plain(row.release)} in {plain(row.channel)}?"
        st.dialog(title, width="large", icon=":material/undo:", on_dismiss=session.close_dialog)(
            lambda: _shown(row, actor)
        )()


def _shown(row: Row, actor: Actor) -> None:
    with errors.shown():
        _dialog(row, actor)


def _dialog(row: Row, actor: Actor) -> None:
    commit = st.text_input(
        "Back to commit",
        value=row.earlier,
        key="revert_commit",
        placeholder="4f2c9d1",
        help="The content of the channel's branch at this commit comes back; proposed is what was synced before.",
    )
    commit = str(commit or "").strip()
    quarantine = st.checkbox(
        "Quarantine the version that is left",
        value=True,
        key="revert_quarantine",
        help="No deploy of it passes its gates, and automation of this channel is held, until it is released.",
    )
    st.markdown(
        f"One commit gives the branch of **{plain(row.channel)}** that content back; then the Argo CD Application "
        f"**{plain(row.application)}** is synced to it (namespace {plain(row.namespace)}). Helm does not act. "
        + needs(row, "revert_release")
    )
    if commit:
        with errors.shown():
            preview(row, f"live:{row.channel}", f"commit:{commit}/{row.channel}", ())
    else:
        st.caption("It was never synced to another commit: name one to go back to.")
    reason, sent, refusal = requesting.footer("revert", "Request the revert", possible=bool(commit))
    if sent:
        given: dict[str, object] = {"release": row.release, "channel": row.channel}
        given |= {"to_commit": commit, "quarantine": quarantine}
        requesting.send(actor, "revert_release", given, reason, refusal=refusal)
