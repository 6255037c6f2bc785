"""Escalate: one archive for the next level of support, made when it is asked for."""

from __future__ import annotations

import streamlit as st

from app import runtime, session
from app.components import errors
from app.theme import plain
from conductor_core.domain.actors import Actor
from conductor_core.domain.changes import Change
from conductor_core.errors import AccessDeniedError
from conductor_core.services.access import Action, Resource, authorize


def show(actor: Actor, change: Change | None = None) -> None:
    """Draw the button, and the archive once it is made."""
    about = change.id if change else ""
    try:
        authorize(actor, Action.ESCALATE, Resource("bundle", about))
        refusal = ""
    except AccessDeniedError as refused:
        refusal = refused.why
    what = "Deployment, Helm revision, Applications, events, logs, smoke runs, notebook and proofs; secrets masked."
    with st.popover("Escalate", icon=":material/support_agent:", disabled=bool(refusal), help=refusal or None):
        st.caption(what if change else "Tools, connections, settings and logs of this installation; secrets masked.")
        if st.button("Collect", icon=":material/inventory_2:", key=f"collect_{about}"):
            with errors.shown(), st.spinner("Collecting"):
                session.keep_bundle(about, runtime.conductor().escalation.bundle(actor, about))
        made = session.kept_bundle(about)
        if made is None:
            return
        size = f"{len(made.data) / 1e6:.1f} MB"
        st.download_button(f"Download ({size})", made.data, made.name, "application/zip", icon=":material/download:")
        st.caption(f"{len(made.pieces)} pieces.")
        for piece in made.missing:
            st.caption(f":material/warning: Not collected: {plain(piece)}")
