"""The difference of two sets of manifests: searchable, folded, unified or side by side, thousands of lines at ease."""

from __future__ import annotations

import streamlit as st

from app.components import assets
from app.differences import Data
from app.theme import plain
from conductor_core.domain.comparison import Comparison

_diff = assets.component("diff", '<div class="diff"></div>')


def show(comparison: Comparison, data: Data, *, key: str) -> None:
    """Draw the comparison; `data` are its lines (`app.differences.of`), `key` keeps the viewer's place between runs."""
    _basis(comparison)
    for side in (comparison.old, comparison.new):
        for note in side.notes:
            st.caption(f":orange[!] {plain(side.ref)}: {plain(note)}")
    _diff(key=f"diff_{key}", data=data)


def _basis(comparison: Comparison) -> None:
    """What the wanted side stands on, in a badge: computed here, or told by the API server."""
    yes, no, silent = comparison.answers
    if comparison.basis == "prediction":
        st.markdown(":gray-badge[◌ local prediction] :small[computed here; the API server was not asked]")
    elif comparison.basis == "server" and no:
        st.markdown(f":red-badge[✕ the server disagrees] :small[on {no} of {yes + no + silent} objects, which say how]")
    elif comparison.basis == "server" and silent:
        told = f"{silent} of {yes + silent} objects, which say why"
        st.markdown(f":orange-badge[! not confirmed] :small[the server can't be asked yet about {told}]")
    elif comparison.basis == "server":
        runs = "nothing differs" if not yes else "1 dry run" if yes == 1 else f"{yes} dry runs"
        st.markdown(f":green-badge[✓ confirmed by the server] :small[{runs}, nothing was changed]")
