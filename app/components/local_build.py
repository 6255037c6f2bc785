"""The first build of the local control plane: which program, how far, how long still."""

from __future__ import annotations

import streamlit as st

from app import runtime
from app.components import errors
from app.theme import plain


@st.fragment(run_every=2)
def show() -> None:
    """Draw the progress while it runs, nothing else."""
    with errors.shown():
        progress = runtime.conductor().local_progress()
        if progress is None or not progress.running:
            return
        with st.container(border=True, gap="xsmall"):
            st.markdown("**:material/construction: The local control plane is being built for the first time**")
            share = min(1.0, max(0.0, (progress.position - 1) / progress.total)) if progress.total else 0.0
            left = _duration(progress.seconds_left)
            st.progress(share, f"{plain(progress.program)} · program {progress.position} of {progress.total} · {left}")
            st.caption("You can leave: it goes on. What needs no cluster works already: runbooks, Changes, settings.")


def _duration(seconds: float | None) -> str:
    if not seconds:
        return "time left not known yet"
    minutes, rest = divmod(int(seconds), 60)
    return f"about {minutes} min {rest:02d} s left" if minutes else f"about {rest} s left"
