"""Applications that are out of step with Git, and the sync of one of them as a Change."""

from __future__ import annotations

import streamlit as st

from app import runtime, session
from app.components import confirm
from conductor_core.domain.actors import Actor
from conductor_core.domain.pipelines import Application
from conductor_core.services.pipeline_board import Board

DIALOG = "sync:"


def show(board: Board, actor: Actor) -> None:
    """Draw a choice among those that need it; nothing when all are in step."""
    found = [a for p in board.pipelines for a in p.applications if needs_sync(a)]
    if not found:
        return
    with st.container(horizontal=True, vertical_alignment="bottom"):
        chosen = st.selectbox(
            f"Out of step ({len(found)})",
            found,
            format_func=lambda a: f"{a.name}: {a.last_error or a.sync}"[:120],
            key="sync_which",
        )
        name = f"{DIALOG}{chosen.namespace}/{chosen.name}"
        st.button("Sync", icon=":material/sync:", key="sync_open", on_click=session.open_dialog, args=(name,))
    if session.dialog_open(name):
        confirm.show(_act(chosen, actor))


def needs_sync(application: Application) -> bool:
    """Whether Git and cluster differ, or the last sync ended badly."""
    ended = application.operation
    return application.sync == "OutOfSync" or bool(ended and ended.phase in ("Failed", "Error"))


def _act(application: Application, actor: Actor) -> confirm.Act:
    given: dict[str, object] = {"application": application.name, "namespace": application.namespace}
    return confirm.Act(
        "Request a sync",
        f"{application.name} in {application.target_namespace}",
        "A Change is planned: it names what Argo CD would remove and create, policies judge it, and whoever the "
        "namespace's tier asks for approves it before anything is synced.",
        lambda reason, _: runtime.conductor().changes.request(actor, "sync_application", given, reason),
        "Requested.",
        "sync",
        follow=True,
    )
