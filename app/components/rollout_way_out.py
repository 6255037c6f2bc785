"""The way out of a red rollout: one click opens what is filled in already, the next one does it."""

from __future__ import annotations

import streamlit as st

from app import delivery_queries, queries, session
from app.components import release_dialogs
from app.theme import plain
from conductor_core.domain import rollout_acts, rollout_words
from conductor_core.domain.actors import Actor, Role
from conductor_core.domain.rollout_acts import Act
from conductor_core.domain.rollouts import Rollout
from conductor_core.errors import ConductorError
from conductor_core.services.release_inventory import Row
from conductor_core.services.ways_back import WayBack

REASON = "release_reason"
"""The key of the reason in the dialogs of a release."""


def show(rollout: Rollout, actor: Actor, names: dict[Act, str], emergency: str) -> None:
    """Draw what went wrong and the acts that end it; `names` are those of the dialogs of acts."""
    serving = rollout.actual
    told = f"{serving} % still get the new version." if serving else "Everybody has the stable version."
    if not rollout.in_progress:
        told = "The version that everybody has is not well."
    st.error(f"{told} {plain(rollout_words.why(rollout))}", title="This rollout has failed", icon=":material/error:")
    way = _way(rollout)
    with st.container(horizontal=True, vertical_alignment="center"):
        abortable = not rollout_acts.no_effect(rollout, Act.ABORT)
        if abortable and actor.has(Role.BREAK_GLASS):
            help = "At once, reviewed afterwards; your break-glass role allows it."
            _open("Emergency abort", "emergency_home", "act_emergency", emergency, help=help, primary=True)
        if abortable:
            first = not actor.has(Role.BREAK_GLASS)
            promise = rollout_acts.promise(rollout, Act.ABORT)
            _open("Abort", "cancel", "act_abort", names[Act.ABORT], help=promise, primary=first)
        if isinstance(way, WayBack):
            label = f"Roll back to r{way.to_revision} ({way.to_version})"
            st.button(
                plain(label),
                icon=":material/settings_backup_restore:",
                type="secondary" if abortable else "primary",
                help="The runbook rollback_release, filled in: cluster and Git go back, the version is quarantined.",
                key="out_rollback",
                on_click=_prefill,
                args=(way,),
            )
        if rollout.in_progress:
            _open("Undo to the stable template", "undo", "out_undo", names[Act.UNDO], primary=False)
    if isinstance(way, WayBack):
        row = _row(way)
        if row is not None:
            release_dialogs.show(row, actor)
    elif way:
        st.caption(f"No rollback of the release: {plain(way)}")


def _open(label: str, icon: str, key: str, dialog: str, *, help: str | None = None, primary: bool) -> None:
    st.button(
        label,
        icon=f":material/{icon}:",
        type="primary" if primary else "secondary",
        help=help,
        key=key,
        on_click=session.open_dialog,
        args=(dialog,),
    )


def _way(rollout: Rollout) -> WayBack | str:
    try:
        return delivery_queries.way_back(rollout.namespace, rollout.name)
    except ConductorError as none:
        return f"{none.what} {none.why}"


def _prefill(way: WayBack) -> None:
    st.session_state[REASON] = way.reason
    session.open_dialog(f"rollback:{way.release}@{way.channel}")


def _row(way: WayBack) -> Row | None:
    if not session.dialog_open(f"rollback:{way.release}@{way.channel}"):
        return None
    found = queries.inventory()
    return next((r for r in found.rows if (r.release, r.channel) == (way.release, way.channel)), None)
