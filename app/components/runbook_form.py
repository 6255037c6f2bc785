"""The form of a runbook, drawn from its declared parameters; the service checks what is given."""

from __future__ import annotations

import streamlit as st

from app import requesting, runtime
from app.theme import spoken
from conductor_core.domain.actors import Actor
from conductor_core.domain.changes import Change
from conductor_core.domain.runbooks import Parameter, Runbook
from conductor_core.errors import InputError


def show(runbook: Runbook, actor: Actor) -> None:
    """Draw the form; a request leads to the new Change."""
    with st.form(f"form_{runbook.name}", border=True):
        given = {p.name: _field(runbook, p) for p in runbook.parameters}
        reason = st.text_input("Reason, for the record *", key="form_reason", placeholder="Why, in a few words")
        sent = st.form_submit_button("Request", type="primary", icon=":material/send:")
    if sent:
        requesting.follow(lambda: _requested(runbook, actor, given, str(reason or "")))


def _requested(runbook: Runbook, actor: Actor, given: dict[str, object], reason: str) -> Change:
    parameters = {p.name: read_text(p, given[p.name]) for p in runbook.parameters}
    return runtime.conductor().changes.request(actor, runbook.name, parameters, reason)


def _field(runbook: Runbook, parameter: Parameter) -> object:
    label = spoken(parameter.name) + (" *" if parameter.required else "")
    key, help_ = f"form_{runbook.name}_{parameter.name}", parameter.help or None
    default = parameter.default
    if parameter.choices:
        index = parameter.choices.index(default) if default in parameter.choices else None
        return st.selectbox(label, parameter.choices, index=index, key=key, help=help_)
    if parameter.type == "bool":
        return st.toggle(label, bool(default), key=key, help=help_)
    if parameter.type == "int":
        return st.number_input(label, value=default if isinstance(default, int) else 0, step=1, key=key, help=help_)
    if parameter.type == "float":
        start = float(default) if isinstance(default, int | float) else 0.0
        return st.number_input(label, value=start, key=key, help=help_)
    if parameter.type in ("list", "dict"):
        hint = "one a line" if parameter.type == "list" else "name=value, one a line"
        return st.text_area(label, written(default), key=key, help=help_, placeholder=hint, height=80)
    return st.text_input(label, str(default or ""), key=key, help=help_)


def written(value: object) -> str:
    """A list or map as the lines that `read_text` reads."""
    if isinstance(value, dict):
        return "\n".join(f"{k}={v}" for k, v in value.items())
    return "\n".join(map(str, value)) if isinstance(value, list) else ""


def read_text(parameter: Parameter, value: object) -> object:
    """What was typed, as the declared type; raises `InputError` for a line that can't be read."""
    if parameter.type not in ("list", "dict"):
        return "" if value is None else value
    lines = [line.strip() for line in str(value or "").splitlines() if line.strip()]
    return lines if parameter.type == "list" else pairs(lines)


def pairs(lines: list[str]) -> dict[str, object]:
    """`name=value` lines as a map of texts; raises `InputError` for a line without '='."""
    out: dict[str, object] = {}
    for line in lines:
        name, equals, value = line.partition("=")
        if not equals or not name.strip():
            raise InputError(
                f"{line[:80]!r} can't be read.",
                why="Each line is a name, '=' and a value.",
                next="Write it as image.tag=1.8.2, one a line.",
            )
        out[name.strip()] = value.strip()
    return out
