"""One environment: its state and acts, what is in it, its values and outputs, its Changes, and another beside it."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from app import environment_queries, navigation, queries, runtime, session, theme
from app.components import change_table, empty, environment_inside, errors, facts, state_badge
from app.components.environment_list import STATE, begin
from app.theme import plain, spoken
from conductor_core.domain.actors import Actor
from conductor_core.domain.environment_differences import flat
from conductor_core.domain.environments import Environment
from conductor_core.errors import ConductorError, Diagnostics
from conductor_core.ports.drafts import EnvironmentDraft


def show(one: Environment, newer: str, actor: Actor) -> None:
    """Draw it."""
    navigation.link("environments", "All environments", icon="arrow_back")
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.title(plain(one.name), anchor=False)
        state_badge.show(theme.of(STATE, one.state), one.state)
        state_badge.show(theme.of(theme.HEALTH, one.health))
        _acts(one, newer, actor)
    _line(one)
    if newer:
        st.info(
            f"{plain(one.blueprint)} {newer} is there; this environment has {one.version}.", icon=":material/upgrade:"
        )
    _outcome(one)
    drawn: dict[str, Callable[[], None]] = {
        "Inside": lambda: environment_inside.show(one),
        "Values": lambda: _values(one),
        "Changes": lambda: _changes(one),
        "Compare": lambda: _compare(one),
    }
    tabs = st.tabs(list(drawn), key=session.TAB, bind="query-params")
    for tab, draw in zip(tabs, drawn.values(), strict=True):
        if tab.open:
            with tab, errors.shown():
                draw()


def _line(one: Environment) -> None:
    parts = [facts.text("from"), facts.strong(f"{one.blueprint} {one.version}"), facts.text(f"· tier {one.tier}")]
    parts += [facts.text("· created"), facts.ago(one.created_at)] if one.created_at else []
    parts += [facts.text("· checked"), facts.ago(one.checked_at)] if one.checked_at else []
    parts += [facts.text("· last Change"), facts.copy(one.change)] if one.change else []
    parts += [facts.text("· waiting"), facts.copy(one.pending)] if one.pending else []
    facts.show(*parts)


def _outcome(one: Environment) -> None:
    """Why the last Change did not end well, or what the last checks found."""
    ended = next((c for c in environment_queries.changes(one.name) if c.id == one.change), None)
    if one.state in ("failed", "unknown") and ended is not None and ended.outcome is not None:
        errors.show(Diagnostics(ended.outcome.what, ended.outcome.why, ended.outcome.next))
        navigation.link("changes", "Open the Change", icon="open_in_new", **{session.CHANGE: ended.id})
    elif one.health == "degraded":
        st.warning(plain(one.health_detail), icon=":material/monitor_heart:")


def _acts(one: Environment, newer: str, actor: Actor) -> None:
    label = "Upgrade" if newer else "Change"
    st.button(label, icon=":material/edit:", key="act_change", on_click=_prefill, args=(one, actor))
    st.button("Validate", icon=":material/monitor_heart:", key="act_validate", on_click=_validate, args=(one, actor))
    name = f"destroy:{one.name}"
    st.button(
        "Destroy", icon=":material/delete_forever:", key="act_destroy", disabled=not one.exists,
        on_click=session.open_dialog, args=(name,),
    )  # fmt: skip
    if session.dialog_open(name):
        title = f"Destroy {plain(one.name)}?"
        st.dialog(title, width="medium", icon=":material/delete_forever:", on_dismiss=session.close_dialog)(
            lambda: _destroy(one, actor)
        )()


def _prefill(one: Environment, actor: Actor) -> None:
    service = runtime.conductor().environments
    try:
        values = {**one.parameters, "_tier": one.tier}
        draft = service.save(actor, EnvironmentDraft("", actor.key, one.blueprint, one.name, values))
    except ConductorError as refused:
        session.refuse(refused)
        return
    begin(one.blueprint, draft.id)


def _validate(one: Environment, actor: Actor) -> None:
    try:
        change = runtime.conductor().environments.validate(actor, one.name, "asked for on its page")
    except ConductorError as refused:
        session.refuse(refused)
    else:
        session.notice(f"Validation requested: {change.id}")
    queries.forget()


def _destroy(one: Environment, actor: Actor) -> None:
    inside = sum(len(found) for found in one.outputs.get("nodes", {}).values()) if one.outputs.get("nodes") else 0
    spaces = ", ".join(map(str, (one.outputs.get("namespaces") or {}).values()))
    st.markdown(
        f"Everything that the state of **{plain(one.name)}** knows is destroyed: {inside} nodes"
        + (f", the namespaces {plain(spaces)} with all that is in them." if spaces else ".")
        + " The plan names each of it before anybody approves."
    )
    typed = st.text_input(f"Type {spoken(one.name)} to confirm", key="destroy_confirm")
    reason = st.text_input("Reason, for the record", key="destroy_reason", placeholder="Why, in a few words")
    if st.button("Request the destroy", type="primary", key="destroy_request", disabled=typed != one.name):
        try:
            change = runtime.conductor().environments.destroy(actor, one.name, str(typed), str(reason or ""))
        except ConductorError as error:
            errors.show(error)
            return
        session.close_dialog()
        queries.forget()
        navigation.go("changes", **{session.CHANGE: change.id})


def _values(one: Environment) -> None:
    for title, found in (("Parameters", one.parameters), ("Outputs", one.outputs)):
        rows = flat(dict(found), title.lower())
        st.markdown(f"**{title}**")
        if not found:
            st.caption("none")
            continue
        st.dataframe({"": list(rows), "value": [str(value) for value in rows.values()]}, hide_index=True, row_height=30)


def _changes(one: Environment) -> None:
    change_table.show(environment_queries.changes(one.name))


def _compare(one: Environment) -> None:
    others = [e.name for e in environment_queries.inventory() if e.name != one.name]
    if not others:
        empty.show("There is no other environment.", "Provision a second one to compare.", icon="compare")
        return
    other = st.selectbox("With", others, key=session.OTHER)
    found = runtime.conductor().environments.compare(one.name, str(other))
    if not found:
        st.caption("They do not differ.")
        return
    shown = {
        "": [d.name for d in found],
        one.name: [_text(d.left) for d in found],
        str(other): [_text(d.right) for d in found],
    }
    st.dataframe(shown, hide_index=True, row_height=30)


def _text(value: object) -> str:
    return "–" if value is None else str(value)
