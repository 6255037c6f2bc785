"""The build of the local control plane: which program, how far, how long still; or why it stopped."""

from __future__ import annotations

import streamlit as st

from app import runtime
from app.components import errors
from app.theme import plain
from conductor_core.errors import Diagnostics
from conductor_core.ports.progress import BuildState

_SEEN = "local_build_seen"


def meanwhile() -> None:
    """Draw the progress on a page that needs the local control plane, while it is built."""
    progress = runtime.conductor().local_progress()
    if progress is not None and progress.state == "building":
        show()


@st.fragment(run_every=2)
def show() -> None:
    """Draw the progress while it is built, nothing once it is there; the page is drawn anew when it is."""
    with errors.shown():
        progress = runtime.conductor().local_progress()
        building = progress is not None and progress.state == "building"
        if st.session_state.get(_SEEN) and not building:
            st.session_state[_SEEN] = False
            st.rerun()
        st.session_state[_SEEN] = building
        if progress is None:
            return
        if progress.state == "failed":
            next_ = "Mend that, then run `conductor local build`: it goes on where it stopped."
            errors.show(Diagnostics("The local control plane could not be built.", progress.why, next_))
        if progress.state == "building":
            _building(progress)


def _building(progress: BuildState) -> None:
    with st.container(border=True, gap="xsmall"):
        st.markdown("**:material/construction: The local control plane is being built for the first time**")
        at = min(progress.done + 1, progress.total)
        words = f"{plain(progress.current)} · program {at} of {progress.total} · {_left(progress.seconds_left)}"
        st.progress(min(1.0, max(0.0, progress.fraction)), words)
        st.caption("You can leave: it goes on. What needs no cluster works already: runbooks, Changes, settings.")


def _left(seconds: int) -> str:
    if seconds <= 0:
        return "time left not known yet"
    minutes, rest = divmod(seconds, 60)
    return f"about {minutes} min {rest:02d} s left" if minutes else f"about {rest} s left"
