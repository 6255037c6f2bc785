"""Fleets: what moves in lockstep, and a button that reverses all of it; one that does so at once takes break-glass."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import streamlit as st

from app import runtime, session, theme
from app.components import confirm
from app.components.rollout_way_out import LOUD, QUIET
from conductor_core.domain import fleets as groups
from conductor_core.domain import rollout_words
from conductor_core.domain.actors import Actor, Role
from conductor_core.domain.fleets import Fleet


def show(fleets: Sequence[Fleet], actor: Actor, silent: Mapping[str, str] | None = None) -> None:
    """Draw a line for each fleet that moves; those at rest are counted. `silent`: why clusters did not answer."""
    moving = [f for f in fleets if f.moving]
    for at, fleet in enumerate(moving):
        name = f"fleet:{fleet.name}"
        with st.container(border=True, horizontal=True, vertical_alignment="center"):
            st.markdown(f":material/groups: **{theme.plain(fleet.name)}**")
            said = f"{len(fleet.moving)} of {len(fleet.members)} in progress · bound by {fleet.why}"
            st.caption(theme.plain(said), width="stretch")
            with st.container(horizontal=True, width="content"):
                _button("Abort fleet", "cancel", f"fleet_{at}", name, fleet)
                if actor.has(Role.BREAK_GLASS):
                    _button("Emergency abort", "emergency_home", f"fleet_emergency_{at}", f"emergency-{name}", fleet)
        if session.dialog_open(name):
            confirm.show(_act(fleet, actor))
        if session.dialog_open(f"emergency-{name}"):
            confirm.show(_now(fleet, actor))
    for cluster, why in (silent or {}).items():
        told = f"No answer from {cluster}: what runs there is neither listed nor among the members of fleets. {why}"
        st.warning(theme.plain(told), icon=":material/cloud_off:")
    rest = len(fleets) - len(moving)
    if rest:
        st.caption(f"{rest} fleet{'s' if rest > 1 else ''} at rest.")


def _button(label: str, icon: str, key: str, dialog: str, fleet: Fleet) -> None:
    loud = "Without waiting for an approval; takes the break-glass role." if icon == "emergency_home" else None
    st.button(label, icon=f":material/{icon}:", key=key, help=loud, on_click=confirm.ask, args=(dialog, _reason(fleet)))


def _reason(fleet: Fleet) -> str:
    """Why somebody would abort it, in the words of its first member that has failed; '' when none has."""
    bad = next((m for m in fleet.members if rollout_words.red(m)), None)
    return f"rollout {bad.id} at {bad.version}: {rollout_words.why(bad)}" if bad else ""


def _effect(fleet: Fleet) -> str:
    names = ", ".join(m.id for m in fleet.moving)
    told = f"{len(fleet.moving)} rollouts give everybody their stable version, side by side, as one Change: {names}. "
    told += "Those at rest are not touched."
    if fleet.silent:
        told += f" No answer from {', '.join(fleet.silent)}: what runs there is not aborted."
    return told


def _act(fleet: Fleet, actor: Actor) -> confirm.Act:
    return confirm.Act(
        "Abort fleet",
        f"{fleet.name} ({len(fleet.members)} rollouts)",
        f"{_effect(fleet)} {QUIET}",
        lambda reason, _: runtime.conductor().changes.request(actor, groups.ABORT, fleet.parameters, reason),
        "Requested.",
        "cancel",
        follow=True,
    )


def _now(fleet: Fleet, actor: Actor) -> confirm.Act:
    return confirm.Act(
        "Abort fleet now",
        f"{fleet.name} ({len(fleet.members)} rollouts)",
        f"{_effect(fleet)} {LOUD}",
        lambda reason, _: runtime.conductor().changes.request(actor, groups.EMERGENCY, fleet.parameters, reason),
        "It is under way.",
        "emergency_home",
        follow=True,
    )
