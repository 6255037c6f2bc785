"""One parameter of a blueprint as a field: text, number, toggle, lines, table or JSON, with what is said against it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import streamlit as st

from app import environment_values as values
from app.theme import plain
from conductor_core.domain import networks
from conductor_core.domain.blueprints import Blueprint
from conductor_core.domain.variables import Variable
from conductor_core.errors import InputError


def show(blueprint: Blueprint, variable: Variable, key: str, start: Any, said: Sequence[str]) -> Any:
    """Draw the field, beginning with `start`; gives what is typed. Raises `InputError` for what can't be read."""
    hint = blueprint.hints.get(variable.name)
    label = f"{variable.name} *" if variable.required else variable.name
    told = " ".join(filter(None, (variable.description, hint.help if hint else "")))
    raw = _draw(variable, label, key, start, told or str(variable.type), hint.placeholder if hint else "")
    found = values.typed(variable, raw)
    if blueprint.kind(variable.name) == "cidr":
        _addresses(found, spoken=bool(said))
    for text in said:
        wrong(text)
    return found


def wrong(text: str) -> None:
    """What speaks against a value, below its field."""
    st.markdown(f":small[:red[✕ {plain(text)}]]")  # a caption would be pale


def _draw(variable: Variable, label: str, key: str, start: Any, told: str, placeholder: str) -> Any:
    how = values.drawn(variable)
    if key not in st.session_state and how != "table":
        st.session_state[key] = values.shown(variable, start)
    if how == "text":
        hint = "secret://NAME" if variable.sensitive else placeholder
        return st.text_input(label, key=key, help=told, placeholder=hint or None, live=True)
    if how == "number":
        whole = not isinstance(st.session_state[key], float)
        return st.number_input(label, key=key, help=told, value=None, step=1 if whole else None)
    if how == "toggle":
        return st.toggle(label, key=key, help=told)
    if how == "lines":
        return st.text_area(label, key=key, help=told, placeholder="one a line", height=90)
    if how == "json":
        return st.text_area(label, key=key, help=f"{told} {variable.type}", placeholder="JSON", height=110)
    return _table(variable, label, key, start, told)


def _table(variable: Variable, label: str, key: str, start: Any, told: str) -> list[dict[str, Any]]:
    st.markdown(f"{label}  :gray[{plain(told)}]")
    if f"{key}_rows" not in st.session_state:
        st.session_state[f"{key}_rows"] = values.rows(variable.type, start or {})
    attributes = variable.type.of.attributes if variable.type.of else ()
    columns: dict[str, Any] = {values.NAME: st.column_config.TextColumn(required=True, width=110, pinned=True)}
    for a in attributes:
        told = f"{a.type}" + (
            "" if not a.optional else f", {a.default if a.default is not None else 'none'} by default"
        )
        kind = {"number": st.column_config.NumberColumn, "bool": st.column_config.CheckboxColumn}
        columns[a.name] = kind.get(a.type.kind, st.column_config.TextColumn)(help=told, width=90)
    names = [values.NAME, *(a.name for a in attributes)]
    kept = st.session_state[f"{key}_rows"]
    edited = st.data_editor(
        {name: [row.get(name) for row in kept] for name in names},
        key=key,
        num_rows="dynamic",
        hide_index=True,
        column_config=columns,
    )
    return _rows(edited)


def _rows(edited: Any) -> list[dict[str, Any]]:
    if isinstance(edited, dict):
        names = list(edited)
        return [dict(zip(names, cells, strict=True)) for cells in zip(*edited.values(), strict=True)]
    found: list[dict[str, Any]] = edited.to_dict("records")
    return found


def _addresses(found: Any, *, spoken: bool) -> None:
    """How many addresses each network has; what is none is told unless `spoken`: something else is said of it."""
    texts = found if isinstance(found, list) else [found] if found else []
    for text in texts:
        try:
            network = networks.parse(str(text))
        except InputError as bad:
            if not spoken:
                wrong(f"{bad.what} {bad.next}")
        else:
            st.caption(f"{network.cidr} holds {network.addresses:,} addresses")
