"""Verify the whole ledger, with progress: every bundle, tile and the root derived again from the entries."""

from __future__ import annotations

import time

import streamlit as st

from app import runtime, theme
from app.components import errors
from conductor_core.errors import ConductorError


def show() -> None:
    """Draw the button; when it is pressed, the bar and what came of it."""
    if not st.button("Verify all", icon=":material/verified:", key="ledger_verify"):
        st.caption("Derives every tile and the root again. `conductor ledger verify` does the same on a copy.")
        return
    bar, started = st.progress(0.0, "Reading the checkpoint"), time.monotonic()

    def step(done: int, total: int) -> None:
        bar.progress(min(1.0, done / max(1, total)), f"{done:,} of {total:,} entries")

    try:
        opened = runtime.conductor().ledger_reader.verify(step)
    except ConductorError as bad:
        bar.empty()
        errors.show(bad)
        return
    bar.empty()
    took = f"{time.monotonic() - started:.1f} s"
    st.markdown(theme.cell(theme.CHECK[True], f"All {opened.checkpoint.size:,} entries hold; it took {took}."))
