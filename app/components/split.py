"""A page in two parts, side by side where the window is wide enough, one below the other where it isn't."""

from __future__ import annotations

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

WIDTH = 960
"""Pixels below which the parts don't fit side by side."""


def show(main: int, side: int) -> tuple[DeltaGenerator, DeltaGenerator]:
    """Both parts as containers; `main` and `side` are their shares of the width."""
    grid = st.grid(main + side, min_column_width=WIDTH // (main + side) - 28, gap="medium")
    return grid.cell(column_span=main), grid.cell(column_span=side)
