"""Errors as every door shows them: what happened, why, what to do next, and nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import streamlit as st

from app.theme import plain, prose
from conductor_core.errors import ConductorError, Diagnostics, OffError, RefusedError


def show(error: ConductorError | Diagnostics) -> None:
    """Draw the diagnostics: a refusal in orange, what isn't configured in blue, everything else in red."""
    said = error.diagnostics() if isinstance(error, ConductorError) else error
    body = "\n\n".join([lines(said.why)] * bool(said.why) + [f"**Next:** {prose(said.next)}"] * bool(said.next))
    if isinstance(error, RefusedError):
        st.warning(body, icon=":material/front_hand:", title=plain(said.what))
    elif isinstance(error, OffError):
        st.info(body, icon=":material/power_off:", title=plain(said.what))
    else:
        st.error(body, icon=":material/error:", title=plain(said.what))


def lines(text: str) -> str:
    """The cause line by line, as it was told: a hook's events and log aren't read as one sentence."""
    told = [line for line in text.splitlines() if line.strip()]
    return "  \n".join("\u00a0" * (len(line) - len(line.lstrip())) + prose(line.strip()) for line in told)


@contextmanager
def unforeseen() -> Iterator[None]:
    """Say what to do about an error of any other kind, and leave it to Streamlit, which logs it whole."""
    try:
        yield
    except Exception as error:
        told = f"{type(error).__name__}. Nothing of what is recorded has changed by it."
        show(
            Diagnostics("This page met an error that nobody foresaw.", told, "Reload; the log of the UI has it whole.")
        )
        raise


@contextmanager
def shown() -> Iterator[None]:
    """Draw whatever of ours is raised inside, where it happened; the rest of the page goes on."""
    try:
        yield
    except ConductorError as error:
        show(error)
