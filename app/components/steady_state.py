"""The end of a rollout that went well: its version is marked as stable in the channel's values, as a Change."""

from __future__ import annotations

import streamlit as st

from app import delivery_queries, runtime, session
from app.components import confirm
from app.theme import plain
from conductor_core.domain.actors import Actor
from conductor_core.domain.rollouts import Rollout


def show(rollout: Rollout, actor: Actor) -> None:
    """Draw what Git says of the version that everybody has, and the act that marks it; nothing while a wave runs."""
    owner = delivery_queries.owner(rollout) if rollout.finished else None
    marked = delivery_queries.stable_tag(*owner) if owner else None
    if owner is None or marked is None:
        return
    release, channel = owner
    if marked == rollout.version:
        st.caption(f":green[✓] Git says that {plain(marked)} is the stable version of {plain(channel)}.")
        return
    before = f"{plain(marked)} is" if marked else "no version is"
    name = f"stable:{rollout.id}"
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.markdown(
            f"Everybody has **{plain(rollout.version)}**, and in Git {before} marked as stable.", width="content"
        )
        st.button(
            "Mark as stable",
            icon=":material/verified:",
            help="One commit writes this version into rollout.stableTag of the channel's values.",
            key="mark_stable",
            on_click=confirm.ask,
            args=(name, f"{rollout.version} passed its waves and runs for everybody"),
        )
    if session.dialog_open(name):
        given: dict[str, object] = {"release": release, "channel": channel}
        confirm.show(
            confirm.Act(
                "Mark as stable",
                f"{release} in {channel}: {rollout.version}",
                f"One commit on the channel's branch writes rollout.stableTag: {rollout.version}. Nothing in the "
                "cluster changes. It becomes a Change; policy judges the values first.",
                lambda reason, _: runtime.conductor().changes.request(actor, "mark_stable", given, reason),
                "Requested.",
                "verified",
                follow=True,
            )
        )
