"""The workbench on fakes, as an entry point of Streamlit: `CONDUCTOR_TEST_WORLD` names the world."""

from __future__ import annotations

import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import streamlit as st

from app import runtime
from app.main import main
from tests.pages.worlds import WORLDS


@st.cache_resource
def world(name: str) -> None:
    """Take the wiring from the world, once."""
    runtime.use(WORLDS[name])


world(os.environ["CONDUCTOR_TEST_WORLD"])
main()
