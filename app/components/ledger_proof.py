"""The proof of one entry as steps that a person can follow by hand, and the files to keep."""

from __future__ import annotations

import json

import streamlit as st

from app import navigation, theme
from app.components import facts
from conductor_core.domain import checkpoints, notes, proof_steps
from conductor_core.domain.proofs import Proof
from conductor_core.services.ledger_reader import Entry


def show(entry: Entry, proof: Proof) -> None:
    """Draw the entry, each hash up to the root, and the downloads."""
    head = checkpoints.parse_text(notes.parse_note(proof.checkpoint).text)
    leaf, steps = proof_steps.steps(entry.data, entry.index, head.size, proof.hashes)
    reached = steps[-1].node if steps else leaf
    subject = str(entry.event.get("subject", ""))
    with st.container(horizontal=True, vertical_alignment="center"):
        st.title(f"Entry {entry.index}: {theme.plain(theme.fact(entry.fact))}", anchor=False)
        if subject.startswith("chg-"):
            navigation.link("changes", "Its Change", icon="published_with_changes", change=subject)
    facts.show(facts.text("recorded"), facts.ago(entry.at), facts.text("· about"), facts.copy(subject))
    leads = reached == head.root
    mark, words = (theme.CHECK[leads], "The steps lead to the signed root" if leads else "They lead elsewhere")
    st.markdown(theme.cell(mark, f"{words} of {head.size} entries."))
    st.code(json.dumps(entry.event, indent=2, ensure_ascii=False), "json", height=220)
    rows = [("", "SHA-256 of a zero byte and the entry", "", leaf.hex())]
    rows += [
        (
            str(at),
            f"SHA-256 of a one byte, {'it and ours' if s.side == 'left' else 'ours and it'}",
            s.sibling.hex(),
            s.node.hex(),
        )
        for at, s in enumerate(steps, start=1)
    ]
    rows.append(("=", "Root in the signed checkpoint", "", head.root.hex()))
    names = ("step", "what is hashed", "it: the hash beside ours", "gives")
    st.dataframe(
        dict(zip(names, zip(*rows, strict=True), strict=True)),
        hide_index=True,
        row_height=30,
        column_config={
            names[0]: st.column_config.TextColumn(width=50),
            names[1]: st.column_config.TextColumn(width=250),
            names[2]: st.column_config.TextColumn(width=330, help="Select a cell to see or copy all of it."),
            names[3]: st.column_config.TextColumn(width=330, help="Select a cell to see or copy all of it."),
        },
        alt="The steps of the proof from the entry to the root",
    )
    with st.container(horizontal=True):
        name = f"{entry.index}.tlog-proof"
        st.download_button("Proof", proof.encode(), name, "text/plain", icon=":material/verified:")
        st.download_button("Entry", entry.data, f"{entry.index}.json", "application/json", icon=":material/download:")
