"""Session keys and query parameters, named once, and who acts in this session."""

from __future__ import annotations

import time

import streamlit as st

from app import runtime
from conductor_core.domain.actors import LOCAL_ACTORS, Actor
from conductor_core.errors import AccessDeniedError, ConductorError
from conductor_core.services.escalation import Bundle

ACTING_AS = "as"
"""Query parameter and key of the local identity, so that a reload and a second window keep theirs."""
CHANGE = "change"
RELEASE = "release"
CHANNEL = "channel"
ROLLOUT = "rollout"
RUNBOOK = "runbook"
ENVIRONMENT = "environment"
BLUEPRINT = "blueprint"
DRAFT = "draft"
OTHER = "other"
ENTRY = "entry"
TAB = "tab"
FROM = "from"
TO = "to"
ALL_FIELDS = "all_fields"
CONFIRM = "confirm"
"""Query parameters that deep links carry."""

SIGN_IN_SECONDS = 12 * 3600.0
"""How long a sign-in holds; Streamlit's cookie alone would hold for thirty days."""

REFUSAL = "_refusal"
"""What the last act was refused with, shown once."""
DIALOG = "_dialog"
"""Which dialog is open; a name that holds what it is about."""
PLACED = "_placed"
"""Whether the deep link from before the sign-in was gone to."""
NOTICE = "_notice"
"""What the last act did, shown once."""
BUNDLE = "_bundle"
"""The newest escalation bundle, and which Change it is about."""


def identities() -> list[str]:
    """The names of the local identities."""
    return list(LOCAL_ACTORS)


def single_sign_on() -> bool:
    """Whether people sign in here; else they choose one of the local identities."""
    return runtime.conductor().settings.identity_mode == "oidc"


def signed_in() -> bool:
    """Whether it is known who acts: always in local mode; after a sign-in, for one working day."""
    try:
        if not single_sign_on():
            return True
    except ConductorError:  # wrong settings: the page says so
        return True
    since = st.user.get("iat") or 0
    return bool(st.user.get("is_logged_in")) and time.time() - float(str(since)) < SIGN_IN_SECONDS


def actor() -> Actor:
    """Who acts in this session; raises `AccessDeniedError` when nobody is signed in."""
    if single_sign_on():
        if not signed_in():
            raise AccessDeniedError("Nobody is signed in.", next="Sign in.")
        return runtime.conductor().identity.claimed(st.user.to_dict())
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


def keep_bundle(about: str, bundle: Bundle) -> None:
    """Keep the newest escalation bundle of this session, and no other: each may be megabytes."""
    st.session_state[BUNDLE] = about, bundle


def kept_bundle(about: str) -> Bundle | None:
    """The kept bundle, when it is about that Change (empty: the installation)."""
    kept, bundle = st.session_state.get(BUNDLE, ("", None))
    return bundle if kept == about else None
