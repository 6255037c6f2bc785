"""Environments: the inventory and its blueprints, the wizard of one blueprint, and one environment."""

from __future__ import annotations

import streamlit as st

from app import environment_queries, queries, runtime, session
from app.components import environment_form, environment_list, environment_one, errors, local_build
from conductor_core.domain.actors import Actor


def wizard(name: str, actor: Actor) -> None:
    """The wizard, with the draft that the address names."""
    service = runtime.conductor().environments
    id_ = st.query_params.get(session.DRAFT, "") or service.draft_id()
    st.query_params[session.DRAFT] = id_
    draft = service.draft(actor, id_, name)
    there = {e.name for e in environment_queries.inventory() if e.exists}
    environment_form.show(environment_queries.blueprints().get(name), draft, actor, fixed=draft.environment in there)


def one(name: str, actor: Actor) -> None:
    """One environment."""
    service = runtime.conductor().environments
    found = service.get(name)
    environment_one.show(found, service.upgrade(found), actor)


def every(actor: Actor) -> None:
    """The inventory, drafts and blueprints."""
    service = runtime.conductor().environments
    with st.container(horizontal=True, vertical_alignment="center"):
        st.title("Environments", anchor=False)
        st.button("Read again", icon=":material/refresh:", on_click=queries.forget)
    local_build.meanwhile()
    with errors.shown():
        found = environment_queries.inventory()
        environment_list.inventory(found, {e.name: service.upgrade(e) for e in found})
    with errors.shown():
        begun = service.drafts.of(actor.key)
        if begun:
            st.subheader("Begun", anchor=False)
            environment_list.drafts(begun)
    st.subheader("Blueprints", anchor=False)
    with errors.shown():
        environment_list.catalogue(environment_queries.blueprints(), service.draft_id())


with errors.shown():
    who = session.actor()
    if blueprint := st.query_params.get(session.BLUEPRINT, ""):
        wizard(blueprint, who)
    elif chosen := st.query_params.get(session.ENVIRONMENT, ""):
        one(chosen, who)
    else:
        every(who)
