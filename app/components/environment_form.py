"""The wizard of one blueprint: fields by group, and a draft that is kept as one types.

The fields are drawn once. A change of one of them is judged, and then nothing is drawn again but what depends on the
verdict, and the notes below those fields of which something else is to be said than before.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from app import environment_queries, navigation, requesting, runtime, session
from app import environment_values as values
from app.components import environment_fields, environment_verdicts, errors, split
from app.components.environment_fields import Note
from app.theme import plain
from conductor_core.domain.actors import Actor
from conductor_core.domain.blueprints import Blueprint
from conductor_core.domain.changes import Change
from conductor_core.domain.environments import Asked
from conductor_core.domain.tiers import TIERS
from conductor_core.errors import ConductorError, InputError
from conductor_core.ports.drafts import EnvironmentDraft
from conductor_core.services.environments import Live

VERDICTS = "environment_verdicts"
"""The key of the fragment that judges."""
REQUIRED = "A value is required."
"""Said beside the verdicts, not at every empty field."""
NAME = "environment"
JUDGED = "_environment_judged"
"""What was judged last."""


@dataclass(frozen=True)
class Form:
    """One wizard; `key` begins the keys of its fields, `fixed`: the environment exists."""

    blueprint: Blueprint
    draft: EnvironmentDraft
    actor: Actor
    fixed: bool
    key: str

    @property
    def name(self) -> str:
        """The environment's name, as typed."""
        return str(st.session_state.get(f"{self.key}_name") or "").strip()

    @property
    def tier(self) -> str:
        """The tier that is chosen."""
        return str(st.session_state.get(f"{self.key}_tier") or self.blueprint.tier)

    def place(self, parameter: str) -> str:
        """The key of a parameter's field."""
        return f"{self.key}_{parameter}"


@dataclass(frozen=True)
class Judged:
    """What is typed by parameter, what of it is given, what is known of it, and what is said below each field."""

    found: Mapping[str, Any]
    given: Mapping[str, Any]
    live: Live = field(default_factory=Live)
    notes: Mapping[str, Note] = field(default_factory=dict)
    failure: ConductorError | None = None


def show(blueprint: Blueprint, draft: EnvironmentDraft, actor: Actor, *, fixed: bool = False) -> None:
    """Draw the wizard; `fixed`: the environment exists, so its name stays."""
    navigation.link("environments", "All environments", icon="arrow_back")
    st.title(f"{'Change' if fixed else 'New'}: {plain(blueprint.title)}", anchor=False)
    named = f"{plain(blueprint.name)} {blueprint.version} · tier {blueprint.tier}"
    st.caption(f"{plain(blueprint.purpose)} · {named}" if blueprint.purpose else named)
    main, side = split.show(2, 1)
    form = Form(blueprint, draft, actor, fixed, f"env_{draft.id}")
    with main:
        places = _fields(form)
    st.session_state[JUDGED] = _look(form)
    for name, place in places.items():
        with place:
            st.fragment(_note, key=_note_key(name))(name)
    with side:
        st.fragment(_verdicts, key=VERDICTS)(form)


def _note_key(name: str) -> str:
    return f"environment_note_{name}"


def _look(form: Form) -> Judged:
    """What is to be said of what is typed."""
    found: dict[str, Any] = {}
    bad: dict[str, tuple[str, ...]] = {}
    for variable in form.blueprint.parameters:
        try:
            found[variable.name] = environment_fields.entered(variable, form.place(variable.name))
        except InputError as wrong:
            bad[variable.name] = (f"{wrong.what} {wrong.why}",)
    given = values.given(form.blueprint.parameters, found)
    try:
        live = runtime.conductor().environments.live(form.blueprint, form.name, given, form.tier)
    except ConductorError as failure:
        return Judged(found, given, failure=failure)
    problems = {**live.problems, **bad}
    now = Live(problems, live.decision, live.values, live.shape)
    notes = {v.name: _told(form, now, v.name, found.get(v.name)) for v in form.blueprint.parameters}
    notes[NAME] = _told(form, now, NAME) if form.name else Note()
    return Judged(found, given, now, notes)


def _told(form: Form, live: Live, name: str, value: Any = None) -> Note:
    """What is to be said below the field of that name."""
    said = tuple(text for text in live.problems.get(name, ()) if text != REQUIRED)
    denied, warned = (
        tuple(f"{reason.text} {reason.clears_by}" for reason in reasons if form.blueprint.about(reason.path) == name)
        for reasons in ((live.decision.denials, live.decision.warnings) if live.decision else ((), ()))
    )
    return Note(environment_fields.networks_in(form.blueprint, name, value), said, denied, warned)


def _judge(form: Form) -> None:
    """After a change: look, and draw what is another."""
    before: Judged | None = st.session_state.get(JUDGED)
    now = st.session_state[JUDGED] = _look(form)
    known = before.notes if before else {}
    st.rerun([VERDICTS, *(_note_key(name) for name, note in now.notes.items() if note != known.get(name))])


def _note(name: str) -> None:
    environment_fields.note(st.session_state[JUDGED].notes.get(name, Note()))


def _fields(form: Form) -> dict[str, DeltaGenerator]:
    """Draw them; gives the places below them."""
    blueprint, draft, changed = form.blueprint, form.draft, partial(_judge, form)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.session_state.setdefault(form.place("name"), draft.environment)
        st.text_input(
            "Name of the environment *",
            key=form.place("name"),
            disabled=form.fixed,
            live=environment_fields.PAUSE,
            on_change=changed,
        )
        allowed = TIERS[TIERS.index(blueprint.tier) :]
        chosen = draft.values.get("_tier")
        at = allowed.index(chosen) if chosen in allowed else 0
        told = "Never below the blueprint's."
        st.selectbox("Tier", allowed, index=at, key=form.place("tier"), help=told, on_change=changed)
    places = {NAME: st.container()}
    start = _pasted(form) or dict(draft.values)
    known = {v.name: v for v in blueprint.parameters}
    for group in blueprint.grouped():
        st.subheader(plain(group.title), anchor=False, divider="gray")
        if group.help:
            st.caption(plain(group.help))
        for variable in (known[n] for n in group.parameters if n in known):
            begin = start.get(variable.name, variable.default)
            environment_fields.show(blueprint, variable, form.place(variable.name), begin, changed)
            places[variable.name] = st.container()
    return places


def _verdicts(form: Form) -> None:
    """What is known of what is typed, and what follows from it."""
    judged: Judged = st.session_state[JUDGED]
    if judged.failure is not None:
        errors.show(judged.failure)
        return
    environment_verdicts.show(form.blueprint, judged.live)
    with errors.shown():
        _request(Asked(form.name, form.blueprint.name, form.tier, judged.given), form, not judged.live.problems)
        _keep(form, {**judged.found, "_tier": form.tier}, begun=bool(form.name or judged.given))
        with st.expander("The same on the command line"):
            st.code(values.command(form.name, form.blueprint.name, judged.given), "bash", wrap_lines=True)


def _pasted(form: Form) -> dict[str, Any]:
    """Values of a tfvars file that was pasted or loaded: they fill the fields anew."""
    blueprint, key = form.blueprint, form.key
    with st.expander("Fill in from a tfvars file", key=f"{key}_box"):  # keyed: what appears above must not close it
        text = st.text_area("tfvars", key=f"{key}_paste", placeholder='network_cidr = "10.40.0.0/16"', height=90)
        file = st.file_uploader("or a file", ["tfvars", "json"], key=f"{key}_file")
        sent = st.button("Fill in", key=f"{key}_fill", disabled=not (text or file))
    if not sent:
        return {}
    with errors.shown():
        data, source = (file.getvalue().decode("utf-8", "replace"), file.name) if file else (str(text), "The text")
        read = runtime.conductor().environments.read_values(data, source, blueprint)
        for variable in blueprint.parameters:
            if variable.name in read:
                environment_fields.forget(form.place(variable.name))
        return read
    return {}


def _made_anew(environment: str) -> tuple[str, ...]:
    """Resources of an environment that exists, chosen to be replaced though nothing of them has changed."""
    known = environment_queries.addresses(environment)
    if not known:
        return ()
    told = "Each is destroyed and created anew (-replace); the plan names it before anybody approves."
    return tuple(st.multiselect("Make anew", known, key="env_replace", placeholder="nothing", help=told))


def _keep(form: Form, found: dict[str, Any], *, begun: bool) -> None:
    """Keep the draft when something has changed; its id is in the address, so that a reload finds it."""
    kept = {k: v for k, v in found.items() if v is not None}
    last = st.session_state.get(f"{form.key}_kept", form.draft)
    if begun and (last.environment, last.values) != (form.name, kept):
        last = EnvironmentDraft(form.draft.id, form.actor.key, form.blueprint.name, form.name, kept)
        try:
            runtime.conductor().environments.save(form.actor, last)
        except ConductorError as unkept:
            st.caption(f":orange[! The draft is not kept: {plain(unkept.what)}]")
            return
        st.session_state[f"{form.key}_kept"] = last
    if last.environment or last.values:
        st.caption("The draft is kept: close the browser and come back to it.")


def _request(asked: Asked, form: Form, ready: bool) -> None:
    reason = st.text_input("Reason, for the record", key="env_reason", placeholder="Why, in a few words")
    allow = st.toggle("The plan may delete or replace what is there", key="env_allow", value=asked.allow_destroy)
    anew = _made_anew(asked.environment) if form.fixed else ()
    if not st.button(
        "Generate the plan", type="primary", icon=":material/send:", key="env_request", disabled=not ready
    ):
        return
    wanted = Asked(asked.environment, asked.blueprint, asked.tier, asked.variables, bool(allow), anew)
    requesting.follow(
        lambda: _requested(wanted, form.actor, str(reason or "")), said="Requested. The plan is being made."
    )


def _requested(asked: Asked, actor: Actor, reason: str) -> Change:
    environments = runtime.conductor().environments
    change = environments.request(actor, asked, reason)
    environments.drafts.drop(actor.key, st.query_params.get(session.DRAFT, ""))
    return change
