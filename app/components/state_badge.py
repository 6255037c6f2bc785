"""The state of something as a badge: one colour, one word and one icon everywhere."""

from __future__ import annotations

import streamlit as st

from app.theme import Mark, plain


def show(mark: Mark, text: str = "") -> None:
    """Draw the badge; `text` stands in for the mark's own word."""
    st.badge(plain(text or mark.word), icon=mark.icon, color=mark.color)
