"""The four DORA measures, each with how it is counted."""

from __future__ import annotations

import streamlit as st

from app import delivery_queries
from app.theme import plain
from conductor_core.domain.dora import DEFINITIONS

SPANS = {"7 days": 7, "30 days": 30, "90 days": 90, "a year": 365}
EVERYWHERE = "all tiers"


def show() -> None:
    """Draw them for a tier and a span of time."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.subheader("How well delivery goes", anchor=False)
        tiers = [EVERYWHERE, *delivery_queries.deployed_tiers()]
        tier = st.selectbox("Tier", tiers, key="dora_tier", width=160)
        span = st.selectbox("Of the last", list(SPANS), index=1, key="dora_span", width=160)
    found = delivery_queries.measures(SPANS[str(span)], "" if tier == EVERYWHERE else str(tier))
    with st.container(horizontal=True):
        for measure in found:
            of = f"of {measure.counted}" if measure.counted else "nothing counted yet"
            label = f"{measure.name.capitalize()} ({of})"
            st.metric(plain(label), measure.text, border=True, help=DEFINITIONS[measure.name])
    with st.expander("How they are counted"):
        for name, words in DEFINITIONS.items():
            st.markdown(f"**{name.capitalize()}:** {plain(words)}")
        st.caption("From the Changes on record; only what reached its target counts.")
