"""The head of the ledger: how long it is, since when it grows, and who signed that."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import streamlit as st

from app.components import facts
from conductor_core.domain.checkpoints import Opened
from conductor_core.domain.notes import base64_text
from conductor_core.services.witnessing import at


def show(
    opened: Opened,
    vkey: str,
    growth: Sequence[tuple[datetime, int]],
    cosigned: Opened | None = None,
    place: str = "",
) -> None:
    """Draw size, growth, root and signatures; `vkey` is the key that signed, `growth` times and sizes in order.

    `cosigned` is the last checkpoint that witnesses signed, which may be an earlier one; `place` is the folder or URL
    in which the ledger is kept.
    """
    head = opened.checkpoint
    numbers, chart = st.columns([1, 2], vertical_alignment="center")
    with numbers:
        st.metric("Entries", f"{head.size:,}", help="Every recorded fact of the product is one entry.")
        if growth:
            facts.show(facts.text("last one"), facts.ago(growth[-1][0]))
    with chart:
        if len(growth) > 1:
            st.area_chart(
                {"time": [at for at, _ in growth], "entries": [size for _, size in growth]},
                x="time",
                y="entries",
                height=170,
            )
    facts.show(
        facts.text("log"),
        facts.copy(head.origin),
        facts.text("· root"),
        facts.copy(base64_text(head.root), f"{base64_text(head.root)[:12]}…"),
        *(part for s in opened.signed_by for part in (facts.text("· signed by key"), facts.copy(s.key_id.hex()))),
        facts.text("· public key"),
        facts.copy(vkey, f"{vkey[:24]}…"),
        *(
            (facts.text("· kept in"), facts.copy(place, place if "://" in place else f"…{place[-24:]}"))
            if place
            else ()
        ),
    )
    _witnesses(opened, cosigned)
    with st.container(horizontal=True):
        note = opened.note.encode()
        st.download_button("Checkpoint", note, "checkpoint", "text/plain", icon=":material/download:")
        st.download_button("Public key", f"{vkey}\n", "vkey", "text/plain", icon=":material/key:")
        if cosigned is not None:
            signed = cosigned.note.encode()
            label = "Cosigned checkpoint"
            st.download_button(label, signed, "checkpoint.cosigned", "text/plain", icon=":material/verified:")


def _witnesses(opened: Opened, cosigned: Opened | None) -> None:
    if cosigned is None:
        st.caption("No witness has cosigned this checkpoint.")
        return
    size = cosigned.checkpoint.size
    share = f"all {size:,} entries" if size == opened.checkpoint.size else f"the first {size:,} entries"
    for signature in cosigned.cosigned_by:
        facts.show(
            facts.text("cosigned by"), facts.copy(signature.name), facts.text(f"· {share} ·"), facts.ago(at(signature))
        )
