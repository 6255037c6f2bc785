"""One Rollout of a further cluster: how it is, to look at; its only act from here is the abort of its fleet."""

from __future__ import annotations

import streamlit as st

from app import delivery_queries, session, theme
from app.components import change_table, errors, fleet_cards, rollout_head, rollout_live, state_badge
from app.theme import plain
from conductor_core.domain import rollout_words
from conductor_core.domain.actors import Actor
from conductor_core.domain.fleets import Fleet, Member
from conductor_core.domain.rollouts import Rollout


def show(place: Member, actor: Actor) -> None:
    """Draw it, with nothing of the home cluster's rollout of the same name."""
    detail, _ = delivery_queries.wave(place.namespace, place.name, place.cluster)
    _head(detail.rollout)
    with errors.shown():
        found = _fleets(detail.rollout)
        fleet_cards.show(found, actor)
        if not found:
            st.caption("It is in no fleet, so that nothing here aborts it.")
    live, record = st.tabs(["Live", "Aborts of its fleet"], key=session.TAB, bind="query-params")
    if live.open:
        with live, errors.shown():
            rollout_live.show(detail.rollout)
    if record.open:
        with record, errors.shown():
            change_table.show(delivery_queries.changes_of_rollout(*place[1:], place.cluster), key="rollout_changes")


def _head(rollout: Rollout) -> None:
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.title(plain(rollout.name), anchor=False)
        state_badge.show(theme.of(theme.ROLLOUT, rollout.phase.value))
        st.badge(plain(rollout.cluster), icon=":material/dns:", color="gray")
        if rollout.wave:
            st.badge(plain(rollout_words.weight(rollout)), icon=":material/move_up:", color="blue")
    rollout_head.facts_line(rollout)
    st.info(plain(rollout_words.elsewhere(rollout)), icon=":material/dns:")


def _fleets(rollout: Rollout) -> list[Fleet]:
    return [f for f in delivery_queries.fleets() if rollout.id in {m.id for m in f.members}]
