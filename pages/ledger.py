"""Ledger: how long it is and who signed that, its latest entries, one proof, and the whole of it checked."""

from __future__ import annotations

import streamlit as st

from app import navigation, queries, session
from app.components import empty, errors, ledger_entries, ledger_head, ledger_proof, ledger_verify
from conductor_core.errors import InputError


def one(text: str) -> None:
    """The proof of one entry."""
    navigation.link("ledger", "The ledger", icon="arrow_back")
    if not text.isascii() or not text.isdigit() or len(text) > 18:
        raise InputError(f"{text[:80]!r} is no index.", why="Indexes are whole numbers.", next="Choose an entry below.")
    opened, _ = queries.ledger_checkpoint()
    ledger_proof.show(*queries.ledger_proof(int(text), opened.checkpoint.size))


def every() -> None:
    """The ledger itself."""
    with st.container(horizontal=True, vertical_alignment="center"):
        st.title("Ledger", anchor=False)
        st.button("Ask again", icon=":material/refresh:", on_click=queries.forget)
    opened, vkey = queries.ledger_checkpoint()
    if not opened.checkpoint.size:
        empty.show(
            "The ledger has no entry yet.", "Request a Change: each of its facts becomes one.", icon="account_tree"
        )
        navigation.link("releases", "Deploy a release", icon="deployed_code")
        return
    ledger_head.show(opened, vkey, queries.ledger_growth(), queries.ledger_cosigned(), queries.ledger_place())
    ledger_verify.show()
    st.subheader("Latest entries", anchor=False)
    titles = {change.id: change.title for change in queries.changes()}
    ledger_entries.show(queries.ledger_latest(opened.checkpoint.size), titles)


chosen = st.query_params.get(session.ENTRY, "")
with errors.shown():
    if chosen:
        one(chosen)
    else:
        every()
