"""The head of one release in one channel: how it is, where it lives, and the acts on it."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from app import navigation, queries, session, theme, waiting
from app.components import errors, facts, quarantine_card, release_dialogs, revert_dialog, state_badge, stuck_card
from app.theme import plain
from conductor_core.domain.actors import Actor
from conductor_core.domain.changes import Change
from conductor_core.services.release_inventory import Row


def show(row: Row, siblings: Sequence[Row], actor: Actor) -> None:
    """Draw it; `siblings` are the release's rows in every channel."""
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.title(plain(row.release), anchor=False)
        _badges(row)
        if row.application:
            _button("Revert", "undo", revert_dialog.name(row))
        else:
            _button("Roll back", "undo", release_dialogs.rollback_name(row), disabled=row.revision < 2)
        _button("Deploy", "rocket_launch", release_dialogs.deploy_name(row), primary=True)
    names = [sibling.channel for sibling in siblings]
    st.segmented_control(
        "Channel",
        names,
        default=row.channel,
        required=True,
        key="channel_switch",
        label_visibility="collapsed",
        format_func=lambda name: _label(name, siblings),
        on_change=lambda: st.query_params.update({session.CHANNEL: st.session_state["channel_switch"]}),
    )
    _facts(row)
    with errors.shown():
        stuck_card.show(row, actor)
        quarantine_card.show(row, actor)
    release_dialogs.show(row, actor)
    revert_dialog.show(row, actor)


def _badges(row: Row) -> None:
    if not row.installed:
        state_badge.show(theme.HEALTH["missing"], "not installed")
        return
    if row.application:
        st.badge("managed by Argo CD", icon=":material/sync:", color="blue")
    state_badge.show(theme.of(theme.HEALTH, row.health))
    if row.in_step is not None:
        mark = theme.HEALTH["healthy"] if row.in_step else theme.HEALTH["suspended"]
        state_badge.show(mark, "in step" if row.in_step else "not in step")
    if row.quarantined:
        state_badge.show(theme.HEALTH["degraded"], "version in quarantine")


def _button(label: str, icon: str, name: str, *, primary: bool = False, disabled: bool = False) -> None:
    st.button(
        label,
        icon=f":material/{icon}:",
        type="primary" if primary else "secondary",
        disabled=disabled,
        help="There is no earlier revision." if disabled else None,
        key=f"act_{label.lower().replace(' ', '_')}",
        on_click=session.open_dialog,
        args=(name,),
    )


def _label(name: str, siblings: Sequence[Row]) -> str:
    row = next(s for s in siblings if s.channel == name)
    return f"{name}  {theme.of(theme.HEALTH, row.health).glyph if row.installed else '–'}"


def _facts(row: Row) -> None:
    parts = [facts.text("namespace"), facts.copy(row.namespace), facts.text(f"· tier {row.tier}")]
    if row.revision:
        version = row.runs
        parts = [facts.strong(version), facts.text(f"revision {row.revision} ({row.status}) ·"), *parts]
        parts += [facts.text(f"· chart {row.chart} {row.chart_version} · deployed")] if row.updated else []
        parts += [facts.ago(row.updated)] if row.updated else []
    if row.application:
        told = f"commit synced by the Application {row.application} ({row.status}) ·"
        parts = [facts.strong(row.version or "no"), facts.text(told), *parts]
        parts += [facts.text("· synced"), facts.ago(row.updated)] if row.updated else []
    facts.show(*parts)
    if row.reason and row.installed:
        st.caption(plain(row.reason))
    with errors.shown():
        _last_change(row)


def _last_change(row: Row) -> None:
    target = f"release/{row.release}@{row.channel}"
    last: Change | None = next((c for c in queries.changes() if c.target == target), None)
    if last is None:
        return
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.caption("Last Change", width="content")
        state_badge.show(theme.of(theme.CHANGE, last.standing))
        navigation.link("changes", plain(last.title), **{session.CHANGE: last.id})
        facts.show(facts.text("by"), facts.strong(last.requester.name), facts.ago(last.updated_at))
        if waiting.waits_for(last):
            st.caption(f"waits for {plain(waiting.waits_for(last))}", width="content")
