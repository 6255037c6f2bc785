"""A statement under way: how long it takes so far; the page is drawn anew when it has ended."""

from __future__ import annotations

import time

import streamlit as st

from app import asking


@st.fragment(run_every=0.5)
def show() -> None:
    """Draw it, and watch it."""
    asked = asking.under_way()
    if asked is None:
        st.rerun()
    else:
        st.progress(0.5, f"Asking for {time.monotonic() - asked.since:.0f} s")
