"""Delivery: pipelines and rollouts, and one rollout live with its waves, verdict, charts and acts."""

from __future__ import annotations

import streamlit as st

from app import delivery_queries, navigation, queries, session
from app.components import (
    application_sync,
    change_table,
    delivery_measures,
    emergency_banner,
    empty,
    errors,
    fleet_cards,
    local_build,
    partial_rollback,
    pipeline_table,
    pipeline_waves,
    rollout_charts,
    rollout_elsewhere,
    rollout_head,
    rollout_live,
    rollout_table,
    rollout_timeline,
    set_promotion,
    steady_state,
    wave_editor,
)
from conductor_core.domain import rollout_words
from conductor_core.domain.fleets import member


def one(chosen: str) -> None:
    """One rollout, live."""
    navigation.link("delivery", "All pipelines and rollouts", icon="arrow_back")
    local_build.meanwhile()
    cluster, namespace, name = place = member(chosen)
    if cluster:
        rollout_elsewhere.show(place, session.actor())
        return
    detail, verdict = delivery_queries.wave(namespace, name)
    rollout_head.show(detail, verdict, session.actor())
    emergency_banner.show(delivery_queries.emergencies_of(detail.rollout), session.actor())
    with errors.shown():
        steady_state.show(detail.rollout, session.actor())
        partial_rollback.show(detail.rollout, session.actor())
    names = ["Live", "Metrics", "Waves", "Timeline", "Changes"]
    live, charts, waves, story, record = st.tabs(names, key=session.TAB, bind="query-params")
    if live.open:
        with live, errors.shown():
            rollout_live.show(detail.rollout)
    if charts.open:
        with charts, errors.shown():
            rollout_charts.show(namespace, name)
            rollout_charts.show_grafana(namespace, name)
    if waves.open:
        with waves, errors.shown():
            owner = delivery_queries.owner(detail.rollout)
            if owner:
                wave_editor.show(*owner, session.actor())
            else:
                empty.show("No channel declares this rollout.", "Its steps are edited where its manifest lies.")
    if story.open:
        with story, errors.shown():
            rollout_timeline.show(namespace, name, session.actor())
    if record.open:
        with record, errors.shown():
            change_table.show(delivery_queries.changes_of_rollout(namespace, name), key="rollout_changes")


@st.fragment(run_every=5)
def lists() -> None:
    """What moves, and what there is."""
    with errors.shown():
        found = delivery_queries.everywhere()
        rollouts = found.rollouts
        moving = [r for r in rollouts if r.moving]
        with st.container(horizontal=True):
            st.metric("Rollouts", len(rollouts), border=True)
            st.metric("In progress", len(moving), border=True)
            st.metric("Paused", sum(1 for r in moving if r.phase.value == "Paused"), border=True)
            st.metric("Failed", sum(1 for r in rollouts if rollout_words.red(r)), border=True)
        fleet_cards.show(delivery_queries.fleets(), session.actor(), found.why)
        rollout_table.show(rollouts, several=bool(found.clusters))
    st.subheader("Pipelines", anchor=False)
    with errors.shown():
        pipeline_table.show(delivery_queries.board())


def every() -> None:
    """Everything."""
    with st.container(horizontal=True, vertical_alignment="center"):
        st.title("Delivery", anchor=False)
        set_promotion.button()
        st.button("Read again", icon=":material/refresh:", on_click=queries.forget)
    set_promotion.show(session.actor())
    local_build.meanwhile()
    with errors.shown():
        emergency_banner.show(delivery_queries.emergencies(), session.actor())
    lists()
    with errors.shown():
        board = delivery_queries.board_or_none()
        if board is not None:
            application_sync.show(board, session.actor())
            pipeline_waves.show(board, session.actor())
    with errors.shown():
        delivery_measures.show()


with errors.shown():
    chosen = st.query_params.get(session.ROLLOUT, "")
    if chosen:
        one(chosen)
    else:
        every()
