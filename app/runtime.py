"""The one wiring of this process, shared by every session."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

import streamlit as st

from conductor_core import settings

if TYPE_CHECKING:
    from conductor_core.wiring import Conductor


def wired() -> Conductor:
    """The wiring of the settings; connections open at first use. Raises `ConfigurationError`."""
    from conductor_core.wiring import wire  # not before a page asks: the first paint doesn't wait for clients

    made = wire(settings.load())
    told = made.settings_record.keep  # in the background: no page waits for the database
    threading.Thread(target=told, args=("workbench", threading.Event()), name="settings", daemon=True).start()
    return made


_source: list[Callable[[], Conductor]] = [wired]


def use(source: Callable[[], Conductor]) -> None:
    """Take the wiring from elsewhere: another entry point than `app/main.py` calls this before the first page."""
    _source[0] = source
    conductor.clear()
    st.cache_data.clear()


@st.cache_resource(show_spinner=False)
def conductor() -> Conductor:
    """The wiring; made once in the life of the process. Raises `ConfigurationError`."""
    return _source[0]()
