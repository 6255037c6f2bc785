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
    for side in (comparison.old, comparison.new):
        for note in side.notes:
            st.caption(f":orange[!] {plain(side.ref)}: {plain(note)}")
    _diff(key=f"diff_{key}", data=data)
