"""Where a Change stands in the ledger: how many of its facts are provable, and the way to the proof of the last."""

from __future__ import annotations

import streamlit as st

from app import navigation, queries
from app.components import errors, facts
from conductor_core.domain.changes import Change


def show(change: Change) -> None:
    """Draw the card; a Change whose facts wait for their place says so."""
    with errors.shown():
        places = queries.ledger_places(change.id)
        placed = [place for place in places if place is not None]
        if len(placed) < len(places):
            st.caption(f"{len(placed)} of {len(places)} facts are in the ledger; the others follow within a second.")
        elif placed:
            st.caption(f"All {len(placed)} facts are in the ledger.")
        else:
            st.caption("Nothing is recorded yet.")
        if change.seal:
            facts.show(facts.text("sealed as"), facts.copy(change.seal, f"{change.seal[:15]}…"))
        if placed:
            label = "Proof of the sealed record" if change.terminal else f"Proof of entry {placed[-1]}"
            navigation.link("ledger", label, icon="verified", entry=str(placed[-1]))
