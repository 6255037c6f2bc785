"""The wizard of one blueprint: fields by group, verdicts beside them, a draft that is kept as one types."""

from __future__ import annotations

from typing import Any

import streamlit as st

from app import environment_queries, navigation, requesting, runtime, session
from app import environment_values as values
from app.components import environment_fields, environment_verdicts, errors, split
from app.theme import plain
from conductor_core.domain.actors import Actor
from conductor_core.domain.blueprints import Blueprint
from conductor_core.domain.changes import Change
from conductor_core.domain.environments import Asked
from conductor_core.domain.tiers import TIERS
from conductor_core.errors import ConductorError, InputError
from conductor_core.ports.drafts import EnvironmentDraft
from conductor_core.services.environments import Live

SAID = "_environment_said"
"""What was said against each parameter at the last look."""
REQUIRED = "A value is required."
"""Said beside the verdicts, not at every empty field."""


def show(blueprint: Blueprint, draft: EnvironmentDraft, actor: Actor, *, fixed: bool = False) -> None:
    """Draw the wizard; `fixed`: the environment exists, so its name stays."""
    navigation.link("environments", "All environments", icon="arrow_back")
    st.title(f"{'Change' if fixed else 'New'}: {plain(blueprint.title)}", anchor=False)
    st.caption(f"{plain(blueprint.purpose)} · {plain(blueprint.name)} {blueprint.version} · tier {blueprint.tier}")
    main, side = split.show(2, 1)
    key = f"env_{draft.id}"
    with main:
        name, tier, found, bad = _fields(blueprint, draft, key, fixed)
    given = values.given(blueprint.parameters, found)
    with side, errors.shown():
        live = runtime.conductor().environments.live(blueprint, name, given, tier)
        problems = {**live.problems, **bad}
        if st.session_state.get(SAID) != problems:
            st.session_state[SAID] = problems
            st.rerun()
        environment_verdicts.show(blueprint, Live(problems, live.decision, live.values, live.shape))
        _request(Asked(name, blueprint.name, tier, given), actor, not problems, fixed=fixed)
        _keep(blueprint, draft, name, {**found, "_tier": tier}, actor)
        with st.expander("The same on the command line"):
            st.code(values.command(name, blueprint.name, given), "bash", wrap_lines=True)


def _fields(
    blueprint: Blueprint, draft: EnvironmentDraft, key: str, fixed: bool
) -> tuple[str, str, dict[str, Any], dict[str, tuple[str, ...]]]:
    said = st.session_state.get(SAID, {})
    found: dict[str, Any] = {}
    bad: dict[str, tuple[str, ...]] = {}
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.session_state.setdefault(f"{key}_name", draft.environment)
        name = st.text_input("Name of the environment *", key=f"{key}_name", disabled=fixed, live=True)
        allowed = TIERS[TIERS.index(blueprint.tier) :]
        chosen = draft.values.get("_tier")
        at = allowed.index(chosen) if chosen in allowed else 0
        tier = st.selectbox("Tier", allowed, index=at, key=f"{key}_tier", help="Never below the blueprint's.")
    for text in said.get("environment", ()) if name else ():
        environment_fields.wrong(text)
    start = _pasted(blueprint, key) or dict(draft.values)
    known = {v.name: v for v in blueprint.parameters}
    for group in blueprint.grouped():
        st.subheader(plain(group.title), anchor=False, divider="gray")
        if group.help:
            st.caption(plain(group.help))
        for variable in (known[n] for n in group.parameters if n in known):
            told = tuple(text for text in said.get(variable.name, ()) if text != REQUIRED)
            begin = start.get(variable.name, variable.default)
            try:
                place = f"{key}_{variable.name}"
                found[variable.name] = environment_fields.show(blueprint, variable, place, begin, told)
            except InputError as wrong:
                bad[variable.name] = (f"{wrong.what} {wrong.why}",)
                environment_fields.wrong(f"{wrong.what} {wrong.why}")
    return str(name or "").strip(), str(tier), found, bad


def _pasted(blueprint: Blueprint, key: str) -> dict[str, Any]:
    """Values of a tfvars file that was pasted or loaded: they fill the fields anew."""
    with st.expander("Fill in from a tfvars file", key=f"{key}_box"):  # keyed: what appears above must not close it
        text = st.text_area("tfvars", key=f"{key}_paste", placeholder='network_cidr = "10.40.0.0/16"', height=90)
        file = st.file_uploader("or a file", ["tfvars", "json"], key=f"{key}_file")
        sent = st.button("Fill in", key=f"{key}_fill", disabled=not (text or file))
    if not sent:
        return {}
    with errors.shown():
        data, source = (file.getvalue().decode("utf-8", "replace"), file.name) if file else (str(text), "The text")
        read = runtime.conductor().environments.read_values(data, source, blueprint)
        for name in read:
            for ending in ("", "_rows"):
                st.session_state.pop(f"{key}_{name}{ending}", None)
        return read
    return {}


def _made_anew(environment: str) -> tuple[str, ...]:
    """Resources of an environment that exists, chosen to be replaced though nothing of them has changed."""
    known = environment_queries.addresses(environment)
    if not known:
        return ()
    told = "Each is destroyed and created anew (-replace); the plan names it before anybody approves."
    return tuple(st.multiselect("Make anew", known, key="env_replace", placeholder="nothing", help=told))


def _keep(blueprint: Blueprint, draft: EnvironmentDraft, name: str, found: dict[str, Any], actor: Actor) -> None:
    """Keep the draft when something has changed; its id goes into the address, so that a reload finds it."""
    kept = {k: v for k, v in found.items() if v is not None}
    if not (name or values.given(blueprint.parameters, found)) or (draft.environment, draft.values) == (name, kept):
        return
    try:
        draft = EnvironmentDraft(draft.id, actor.key, blueprint.name, name, kept)
        runtime.conductor().environments.save(actor, draft)
    except ConductorError as unkept:
        st.caption(f":orange[! The draft is not kept: {plain(unkept.what)}]")
        return
    st.caption("The draft is kept: close the browser and come back to it.")


def _request(asked: Asked, actor: Actor, ready: bool, *, fixed: bool) -> None:
    reason = st.text_input("Reason, for the record", key="env_reason", placeholder="Why, in a few words")
    allow = st.toggle("The plan may delete or replace what is there", key="env_allow", value=asked.allow_destroy)
    anew = _made_anew(asked.environment) if fixed else ()
    if not st.button(
        "Generate the plan", type="primary", icon=":material/send:", key="env_request", disabled=not ready
    ):
        return
    wanted = Asked(asked.environment, asked.blueprint, asked.tier, asked.variables, bool(allow), anew)
    requesting.follow(lambda: _requested(wanted, actor, str(reason or "")), said="Requested. The plan is being made.")


def _requested(asked: Asked, actor: Actor, reason: str) -> Change:
    environments = runtime.conductor().environments
    change = environments.request(actor, asked, reason)
    environments.drafts.drop(actor.key, st.query_params.get(session.DRAFT, ""))
    return change
