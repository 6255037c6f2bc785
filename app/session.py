"""Session keys and query parameters, named once, and who acts in this session."""

from __future__ import annotations

import streamlit as st

from app import runtime
from conductor_core.domain.actors import LOCAL_ACTORS, Actor
from conductor_core.errors import ConductorError

ACTING_AS = "as"
"""Query parameter and key of the local identity, so that a reload and a second window keep theirs."""
CHANGE = "change"
RELEASE = "release"
CHANNEL = "channel"
RUNBOOK = "runbook"
ENTRY = "entry"
TAB = "tab"
"""Query parameters that deep links carry."""

REFUSAL = "_refusal"
"""What the last act was refused with, shown once."""
DIALOG = "_dialog"
"""Which dialog is open; a name that holds what it is about."""
NOTICE = "_notice"
"""What the last act did, shown once."""


def identities() -> list[str]:
    """The names of the local identities."""
    return list(LOCAL_ACTORS)


def actor() -> Actor:
    """Who acts in this session; raises `AccessDeniedError` when nobody is signed in."""
    return runtime.conductor().actor(str(st.session_state.get(ACTING_AS) or identities()[0]))


def refuse(error: ConductorError) -> None:
    """Keep what an act was refused with until the page shows it."""
    st.session_state[REFUSAL] = error


def notice(text: str) -> None:
    """Keep what an act did until the page shows it."""
    st.session_state[NOTICE] = text


def open_dialog(name: str) -> None:
    """Open that dialog; it stays open when the page under it is drawn anew."""
    st.session_state[DIALOG] = name


def close_dialog() -> None:
    """Close whichever dialog is open."""
    st.session_state.pop(DIALOG, None)


def dialog_open(name: str) -> bool:
    """Whether that dialog is open."""
    return bool(st.session_state.get(DIALOG) == name)
