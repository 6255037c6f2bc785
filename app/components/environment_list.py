"""The inventory of environments, what somebody has begun, and the blueprints to begin from."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from app import session, theme
from app.components import copy_id, empty, errors
from app.theme import plain
from conductor_core.domain.blueprints import Blueprint, BlueprintCatalogue
from conductor_core.domain.environments import Environment
from conductor_core.errors import Diagnostics
from conductor_core.ports.drafts import EnvironmentDraft

STATE = {
    "planned": theme.CHANGE["requested"],
    "provisioning": theme.CHANGE["executing"],
    "destroying": theme.CHANGE["executing"],
    "active": theme.HEALTH["healthy"],
    "failed": theme.CHANGE["failed"],
    "unknown": theme.CHANGE["unknown"],
    "destroyed": theme.HEALTH["missing"],
}


def inventory(found: Sequence[Environment], newer: dict[str, str]) -> None:
    """Draw every environment; a click on a row opens it."""
    if not found:
        empty.show("There is no environment yet.", "Choose a blueprint below and press Create.", icon="dns")
        return
    health = list(dict.fromkeys(theme.HEALTH.values()))
    marks = [theme.of(theme.HEALTH, e.health) for e in found]
    st.dataframe(
        {
            "environment": [e.name for e in found],
            "state": [f"{theme.of(STATE, e.state).glyph} {e.state}" for e in found],
            "health": [[f"{m.glyph} {m.word}"] for m in marks],
            "blueprint": [f"{e.blueprint} {e.version}" for e in found],
            "newer": [newer.get(e.name, "") for e in found],
            "tier": [e.tier for e in found],
            "networks": [", ".join(n.cidr for _, n in e.shape.networks) for e in found],
            "nodes": [e.shape.nodes or None for e in found],
            "waiting": [copy_id.short(e.pending) if e.pending else "" for e in found],
            "last change": [e.updated_at for e in found],
            "created": [e.created_at for e in found],
        },
        hide_index=True,
        row_height=30,
        placeholder="–",
        key="environments",
        on_select=lambda: _open(found),
        selection_mode="single-row",
        column_config={
            "environment": st.column_config.TextColumn(pinned=True, width=140),
            "health": st.column_config.MultiselectColumn(
                options=[f"{m.glyph} {m.word}" for m in health], color=[m.color for m in health], width=110
            ),
            "waiting": st.column_config.TextColumn(help="A Change that waits", width=140),
            "last change": st.column_config.DatetimeColumn(format="distance", width=110),
            "created": st.column_config.DatetimeColumn(format="distance", width=110),
        },
        alt="Environments; a click on a row opens one",
    )


def _open(found: Sequence[Environment]) -> None:
    rows = st.session_state["environments"]["selection"]["rows"]
    if rows:
        st.query_params.update({session.ENVIRONMENT: found[rows[0]].name})


def drafts(found: Sequence[EnvironmentDraft]) -> None:
    """Draw what somebody has begun."""
    for draft in found:
        with st.container(horizontal=True, vertical_alignment="center"):
            named = plain(draft.environment or "without a name yet")
            kept = f"{draft.updated_at:%Y-%m-%d %H:%M} UTC" if draft.updated_at else ""
            st.markdown(f":material/edit_note: **{named}** from {plain(draft.blueprint)} :gray[{kept}]")
            st.button("Go on", key=f"draft_{draft.id}", on_click=begin, args=(draft.blueprint, draft.id))


def catalogue(found: BlueprintCatalogue, fresh: str) -> None:
    """Draw the blueprints; `fresh` is the id of a draft that would be begun."""
    if not found.blueprints and not found.broken:
        empty.show("There is no blueprint.", "Add a folder to infra/terraform/blueprints.", icon="category")
    grid = st.grid(3, min_column_width=280, gap="small")
    for blueprint in found.blueprints.values():
        with grid.cell():
            _card(blueprint, fresh)
    for broken in found.broken:
        errors.show(Diagnostics(f"{broken.folder} is left out.", broken.problem, "Mend it; the others work."))


def _card(blueprint: Blueprint, fresh: str) -> None:
    with st.container(border=True, gap="xxsmall"):
        st.markdown(f"**{plain(blueprint.title)}**")
        st.caption(
            f"{plain(blueprint.name)} {blueprint.version} · tier {blueprint.tier} · about {blueprint.minutes} min · "
            f"by {plain(blueprint.owner or 'nobody')}"
        )
        st.markdown(plain(blueprint.purpose))
        key = f"create_{blueprint.name}"
        st.button("Create", icon=":material/add:", key=key, on_click=begin, args=(blueprint.name, fresh))


def begin(blueprint: str, draft: str) -> None:
    """Open the wizard with that draft."""
    st.query_params.clear()
    st.query_params.update({session.BLUEPRINT: blueprint, session.DRAFT: draft})
