"""The way out of a red rollout: one click opens what is filled in already, the next one does it.

What takes the break-glass role and waits for nobody stands in a row of its own, above what others have to approve.
"""

from __future__ import annotations

import streamlit as st

from app import delivery_queries, queries, runtime, session
from app.components import confirm, release_dialogs
from app.theme import plain
from conductor_core.domain import rollout_acts
from conductor_core.domain.actors import Actor, Role
from conductor_core.domain.rollout_acts import Act
from conductor_core.domain.rollouts import Rollout
from conductor_core.errors import ConductorError
from conductor_core.services.release_inventory import Row
from conductor_core.services.ways_back import WayBack

REASON = "release_reason"
"""The key of the reason in the dialogs of a release."""
LOUD = (
    "It is done before anybody has approved. The record says so loudly, and it stays listed until somebody else has "
    "reviewed it."
)

QUIET = "It becomes a Change: gates judge it, then others approve it as the tier asks. Nothing is sent before that."


def show(rollout: Rollout, actor: Actor, names: dict[Act, str], emergency: str, reason: str, why: str) -> None:
    """Draw what went wrong (`why`) and the acts that end it; `names` are those of the dialogs of acts, `reason` fills
    them.
    """
    serving = rollout.actual
    told = f"{serving} % still get the new version." if serving else "Everybody has the stable version."
    if not rollout.in_progress:
        told = "The version that everybody has is not well."
    st.error(f"{told} {plain(why)}", title="This rollout has failed", icon=":material/error:")
    way = _way(rollout)
    urgent = actor.has(Role.BREAK_GLASS)
    abortable = not rollout_acts.no_effect(rollout, Act.ABORT)
    if urgent and (abortable or isinstance(way, WayBack)):
        with _row("At once, reviewed afterwards"):
            if abortable:
                _open("Emergency abort", "emergency_home", "act_emergency", emergency, reason, primary=True)
            if isinstance(way, WayBack):
                name, label = _dialog(way, urgent=True), f"Emergency {_verb(way)}"
                _open(label, "emergency_home", "out_emergency", name, reason, help=way.effect, primary=not abortable)
    with _row("Approved by others first"):
        if abortable:
            promise = rollout_acts.promise(rollout, Act.ABORT)
            _open("Abort", "cancel", "act_abort", names[Act.ABORT], reason, help=promise, primary=not urgent)
        if isinstance(way, WayBack):
            _back(way, reason, primary=not abortable and not urgent)
        if rollout.in_progress:
            _open("Undo to the stable template", "undo", "out_undo", names[Act.UNDO], reason)
    if isinstance(way, WayBack):
        _dialogs(way, actor)
    elif way:
        st.caption(f"No rollback of the release: {plain(way)}")


def _row(title: str) -> st.delta_generator.DeltaGenerator:
    row = st.container(horizontal=True, vertical_alignment="center", gap="small")
    row.caption(title, width=170)
    return row


def _verb(way: WayBack) -> str:
    return f"revert to {way.to} ({way.to_version})" if way.application else f"rollback to {way.to} ({way.to_version})"


def _dialog(way: WayBack, *, urgent: bool) -> str:
    return f"{way.emergency if urgent else way.runbook}:{way.release}@{way.channel}"


def _open(
    label: str, icon: str, key: str, dialog: str, reason: str, *, help: str | None = None, primary: bool = False
) -> None:
    st.button(
        plain(label),
        icon=f":material/{icon}:",
        type="primary" if primary else "secondary",
        help=help,
        key=key,
        on_click=confirm.ask,
        args=(dialog, reason),
    )


def _back(way: WayBack, reason: str, *, primary: bool) -> None:
    """The rollback that others approve: Helm's has a dialog with more choices, Git's is confirmed as it is."""
    if way.application:
        name, label = _dialog(way, urgent=False), f"Revert Git to {way.to} ({way.to_version})"
        _open(label, "settings_backup_restore", "out_rollback", name, reason, help=way.effect, primary=primary)
        return
    st.button(
        plain(f"Roll back to {way.to} ({way.to_version})"),
        icon=":material/settings_backup_restore:",
        type="primary" if primary else "secondary",
        help=way.effect,
        key="out_rollback",
        on_click=_prefill,
        args=(way,),
    )


def _dialogs(way: WayBack, actor: Actor) -> None:
    for urgent in (True, False):
        if session.dialog_open(_dialog(way, urgent=urgent)):
            confirm.show(_confirmed(way, actor, urgent=urgent))
            return
    row = None if way.application else _release(way)
    if row is not None:
        release_dialogs.show(row, actor)


def _confirmed(way: WayBack, actor: Actor, *, urgent: bool) -> confirm.Act:
    runbook = way.emergency if urgent else way.runbook
    then = LOUD if urgent else QUIET
    verb = "Revert Git" if way.application else "Roll back"
    return confirm.Act(
        f"{verb} now" if urgent else verb,
        f"{way.release} in {way.channel}: {way.version} is left for {way.to_version}",
        f"{way.effect} {then}",
        lambda reason, _: runtime.conductor().changes.request(actor, runbook, way.parameters, reason),
        "It is under way." if urgent else "Requested.",
        "emergency_home" if urgent else "settings_backup_restore",
        follow=True,
    )


def _way(rollout: Rollout) -> WayBack | str:
    try:
        return delivery_queries.way_back(rollout.namespace, rollout.name)
    except ConductorError as none:
        return f"{none.what} {none.why}"


def _prefill(way: WayBack) -> None:
    st.session_state[REASON] = way.reason
    session.open_dialog(f"rollback:{way.release}@{way.channel}")


def _release(way: WayBack) -> Row | None:
    if not session.dialog_open(f"rollback:{way.release}@{way.channel}"):
        return None
    found = queries.inventory()
    return next((r for r in found.rows if (r.release, r.channel) == (way.release, way.channel)), None)
