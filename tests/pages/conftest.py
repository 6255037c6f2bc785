"""Every page test starts with empty caches and leaves none behind."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import streamlit as st

from app import runtime


@pytest.fixture(autouse=True)
def fresh_caches() -> Iterator[None]:
    """`st.cache_resource` and `st.cache_data` live as long as the process."""
    yield
    runtime.use(runtime.wired)
    st.cache_resource.clear()
    st.cache_data.clear()
