"""One parameter of a blueprint as a field: text, number, toggle, lines, table or JSON, and the place for what is said.

What is typed is read back from the session, so that a verdict on it takes no field to be drawn again.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pandas
import streamlit as st

from app import environment_values as values
from app.theme import plain
from conductor_core.domain import networks
from conductor_core.domain.blueprints import Blueprint
from conductor_core.domain.variables import Variable
from conductor_core.errors import InputError

PAUSE = "60ms"
"""How long somebody stops typing before what is typed is judged."""
Changed = Callable[[], None]


@dataclass(frozen=True)
class Note:
    """What stands below a field: how large the networks in it are, what speaks against its value, and what policy
    denies and warns of.
    """

    networks: tuple[str, ...] = ()
    said: tuple[str, ...] = ()
    denied: tuple[str, ...] = ()
    warned: tuple[str, ...] = ()


def show(blueprint: Blueprint, variable: Variable, key: str, start: Any, changed: Changed) -> None:
    """Draw the field, beginning with `start`. `changed` is called at each change, but for a table's: that draws the
    page.
    """
    hint = blueprint.hints.get(variable.name)
    label = f"{variable.name} *" if variable.required else variable.name
    told = " ".join(filter(None, (variable.description, hint.help if hint else "")))
    if values.drawn(variable) == "table":
        _table(variable, label, key, start, told or str(variable.type))
    else:
        if key not in st.session_state:
            st.session_state[key] = values.shown(variable, start)
        _draw(variable, label, key, told or str(variable.type), hint.placeholder if hint else "", changed)


def entered(variable: Variable, key: str) -> Any:
    """What is typed into the field that was drawn with that key. Raises `InputError` for what can't be read."""
    return values.typed(variable, st.session_state.get(f"{key}_typed" if values.drawn(variable) == "table" else key))


def forget(key: str) -> None:
    """Have the field begin anew."""
    for ending in ("", "_rows", "_typed"):
        st.session_state.pop(f"{key}{ending}", None)


def wrong(text: str) -> None:
    """What speaks against a value, below its field."""
    st.markdown(f":small[:red[✕ {plain(text)}]]")  # a caption would be pale


def doubtful(text: str) -> None:
    """What a value is warned of, below its field."""
    st.markdown(f":small[:orange[! {plain(text)}]]")


def networks_in(blueprint: Blueprint, name: str, found: Any) -> tuple[str, ...]:
    """The networks in a field that holds some."""
    if blueprint.kind(name) != "cidr" or not found:
        return ()
    return tuple(map(str, found)) if isinstance(found, list) else (str(found),)


def note(told: Note) -> None:
    """Draw a note. What is no network is told unless something else is said; it warns, for the module takes it."""
    for text in told.networks:
        try:
            network = networks.parse(text)
        except InputError as bad:
            if not told.said:
                doubtful(f"{bad.what} {bad.next}")
        else:
            st.caption(f"{network.cidr} holds {network.addresses:,} addresses")
    for text in (*told.said, *told.denied):
        wrong(text)
    for text in told.warned:
        doubtful(text)


def _draw(variable: Variable, label: str, key: str, told: str, placeholder: str, changed: Changed) -> None:
    match values.drawn(variable):
        case "text":
            hint = "secret://NAME" if variable.sensitive else placeholder
            st.text_input(label, key=key, help=told, placeholder=hint or None, live=PAUSE, on_change=changed)
        case "number":
            whole = not isinstance(st.session_state[key], float)
            st.number_input(label, key=key, help=told, value=None, step=1 if whole else None, on_change=changed)
        case "toggle":
            st.toggle(label, key=key, help=told, on_change=changed)
        case "lines":
            st.text_area(label, key=key, help=told, placeholder="one a line", height=90, on_change=changed)
        case _:
            kind = "" if told == str(variable.type) else f" {variable.type}"
            st.text_area(label, key=key, help=f"{told}{kind}", placeholder="JSON", height=110, on_change=changed)


def _table(variable: Variable, label: str, key: str, start: Any, told: str) -> None:
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
        pandas.DataFrame({name: [row.get(name) for row in kept] for name in names}, dtype=object),  # empty: of any type
        key=key,
        num_rows="dynamic",
        placeholder="default",  # an empty cell is left to it
        hide_index=True,
        column_config=columns,
    )
    st.session_state[f"{key}_typed"] = edited.to_dict("records")
