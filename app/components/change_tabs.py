"""Everything behind one Change: difference, gates, events, notebook, evidence; a tab is read when it is opened."""

from __future__ import annotations

import json
from collections.abc import Callable

import streamlit as st

from app import queries, runtime, session, theme
from app.components import (
    change_live,
    copy_id,
    diff_viewer,
    empty,
    errors,
    event_stream,
    facts,
    gates_table,
    notebook_frame,
)
from app.theme import plain
from conductor_core.domain.changes import RUNNING, Change

CAP = 200_000
"""Characters of one piece of evidence that are shown; the API serves all of it."""


def show(change: Change) -> None:
    """Draw the tabs; the open one is in the address."""
    drawn: dict[str, Callable[[Change], None]] = {
        "Difference": _difference,
        "Gates": lambda c: gates_table.show(c.verdicts, ended=c.terminal),
        "Events": _events,
        "Notebook": _notebook,
        "Evidence": _evidence,
    }
    tabs = st.tabs(list(drawn), key=session.TAB, bind="query-params")
    for tab, draw in zip(tabs, drawn.values(), strict=True):
        if tab.open:
            with tab, errors.shown():
                draw(change)


def _difference(change: Change) -> None:
    if change.plan is None:
        none = ("There is no plan.", "It ended before one was made: the head says why.")
        soon = ("There is no plan yet.", "The worker makes it within a second or two.")
        empty.show(*(none if change.terminal else soon), icon="difference")
        return
    piece, edit = change.plan.find("comparison.json"), change.plan.find("values.diff")
    if piece is not None:
        comparison, lines = queries.recorded_comparison(piece.digest, change)
        diff_viewer.show(comparison, lines, key=change.id)
    elif edit is not None:
        st.code(queries.evidence(edit.digest, edit.name, change).decode("utf-8", "replace")[:CAP], language="diff")
    else:
        empty.show("This Change compares nothing.", "Its plan says what it does.", icon="difference")
    if change.plan.summary:
        rows = change.plan.summary
        st.table(
            {"plan": [plain(k) for k in rows], "": [plain(v) for v in rows.values()]},
            border="horizontal",
            hide_index=True,
        )


def _events(change: Change) -> None:
    if change.state not in RUNNING:
        change_live.operations(change)
        change_live.run(change)
    st.markdown("**Recorded facts**")
    lines = event_stream.of_events(queries.events(change.id))
    event_stream.show(lines, empty="Nothing is recorded.", key=f"facts_{change.id}")


def _notebook(change: Change) -> None:
    if not change.notebook:
        what = "The notebook is running." if change.state in RUNNING else "The notebook has not run."
        empty.show(what, "The executed notebook is kept here when its run has ended.", icon="menu_book")
        return
    facts.show(facts.text("executed notebook"), facts.copy(change.notebook, copy_id.short(change.notebook)))
    notebook_frame.show(queries.notebook_page(change.notebook, change), f"Executed notebook of {change.title}")


def _evidence(change: Change) -> None:
    if change.plan is None or not change.plan.evidence:
        empty.show(
            "There is no evidence yet.", "Planning writes it: manifests, values, differences.", icon="folder_zip"
        )
        return
    pieces = {e.name: e for e in change.plan.evidence}
    with st.container(horizontal=True, vertical_alignment="bottom"):
        name = st.selectbox("Piece of evidence", list(pieces), key="evidence_piece")
        verify = st.button("Verify all", icon=":material/verified:", key="evidence_verify")
    if verify:
        bad = runtime.conductor().evidence.verify(change)
        mark = theme.CHECK[not bad]
        said = f"changed or gone: {', '.join(bad)}" if bad else f"{len(pieces)} pieces hold their digests"
        st.markdown(theme.cell(mark, said))
    piece = pieces[name]
    facts.show(
        facts.text(f"{piece.media_type} · {piece.size:,} bytes ·"),
        facts.copy(piece.digest, copy_id.short(piece.digest)),
    )
    text = _readable(queries.evidence(piece.digest, piece.name, change))
    if len(text) > CAP:
        st.caption(f"The first {CAP:,} of {len(text):,} characters.")
    st.code(text[:CAP], "yaml" if "yaml" in piece.media_type else "json", line_numbers=True, height=520)
    _facts(change)


def _readable(data: bytes) -> str:
    """The bytes as text; JSON, which is kept without spaces, with its lines."""
    text = data.decode("utf-8", "replace")
    if not text.startswith(("{", "[")):
        return text
    try:
        return json.dumps(json.loads(text), indent=2, ensure_ascii=False)
    except ValueError:
        return text


def _facts(change: Change) -> None:
    if change.plan and change.plan.facts:
        with st.expander("Facts that must still hold at dispatch"):
            rows = change.plan.facts
            st.table(
                {"fact": [plain(k) for k in rows], "": [plain(v) for v in rows.values()]},
                border="horizontal",
                hide_index=True,
            )
