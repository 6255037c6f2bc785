"""Fleets: what moves in lockstep, and one button that reverses all of it."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from app import runtime, session, theme
from app.components import confirm
from conductor_core.domain.actors import Actor
from conductor_core.domain.fleets import Fleet


def show(fleets: Sequence[Fleet], actor: Actor, silent: Sequence[str] = ()) -> None:
    """Draw a line for each fleet that moves; those at rest are counted. `silent`: clusters that did not answer."""
    moving = [f for f in fleets if f.moving]
    for at, fleet in enumerate(moving):
        name = f"fleet:{fleet.name}"
        with st.container(border=True, horizontal=True, vertical_alignment="center"):
            st.markdown(f":material/groups: **{theme.plain(fleet.name)}**")
            said = f"{len(fleet.moving)} of {len(fleet.members)} in progress · bound by {fleet.why}"
            st.caption(theme.plain(said), width="stretch")
            st.button(
                "Abort fleet",
                icon=":material/cancel:",
                key=f"fleet_{at}",
                on_click=session.open_dialog,
                args=(name,),
            )
        if session.dialog_open(name):
            confirm.show(_act(fleet, actor))
    if silent:
        told = f"No answer from {', '.join(silent)}: what runs there is not among the members of fleets."
        st.warning(theme.plain(told), icon=":material/cloud_off:")
    rest = len(fleets) - len(moving)
    if rest:
        st.caption(f"{rest} fleet{'s' if rest > 1 else ''} at rest.")


def _act(fleet: Fleet, actor: Actor) -> confirm.Act:
    members = [m.id for m in fleet.members]
    effect = (
        f"{len(fleet.moving)} rollouts give everybody their stable version, side by side, as one Change: "
        f"{', '.join(m.id for m in fleet.moving)}. Those at rest are not touched."
    )
    if fleet.silent:
        effect += f" No answer from {', '.join(fleet.silent)}: what runs there is not aborted."
    given: dict[str, object] = {"fleet": fleet.name, "members": members, "silent": list(fleet.silent)}
    return confirm.Act(
        "Abort fleet",
        f"{fleet.name} ({len(members)} rollouts)",
        effect,
        lambda reason, _: runtime.conductor().changes.request(actor, "fleet_abort", given, reason),
        "Requested.",
        "cancel",
        follow=True,
    )
