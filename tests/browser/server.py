"""The workbench on fakes, as an entry point of Streamlit: `CONDUCTOR_TEST_WORLD` names the world."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, cast

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import streamlit as st

from app import runtime
from app.main import main
from tests.pages.worlds import WORLDS

if TYPE_CHECKING:
    from conductor_core.wiring import Conductor


@st.cache_resource
def world(name: str) -> None:
    """Take the wiring from the world, once."""
    runtime.use(cast("Callable[[], Conductor]", WORLDS[name]))


world(os.environ["CONDUCTOR_TEST_WORLD"])
main()
