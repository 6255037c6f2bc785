"""Everything behind one release in one channel: what a deploy would change, its revisions, its values."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

import streamlit as st

from app import queries, session, theme
from app.components import ago, copy_id, diff_viewer, empty, errors
from app.components.release_dialogs import counts
from app.theme import plain
from conductor_core.services.release_inventory import Row

_STATUS = {"deployed": "healthy", "superseded": "off", "failed": "degraded", "uninstalled": "off", "unknown": "unknown"}


def show(row: Row, siblings: Sequence[Row]) -> None:
    """Draw the tabs; a tab is read when it is opened."""
    names = ["What a deploy would change", "Revisions", "Values"]
    tabs = st.tabs(names, key=session.TAB, bind="query-params")
    draws = (lambda: _difference(row, siblings), lambda: _revisions(row), lambda: _values(row))
    for tab, draw in zip(tabs, draws, strict=True):
        if tab.open:
            with tab, errors.shown():
                draw()


def _difference(row: Row, siblings: Sequence[Row]) -> None:
    refs = [f"{kind}:{sibling.channel}" for sibling in siblings for kind in ("live", "channel")]
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        old = _side("From", refs, f"live:{row.channel}")
        new = _side("To", refs, f"channel:{row.channel}")
        st.caption("live: what the cluster has. channel: what its branch would install.", width="content")
    comparison, data = queries.comparison(row.release, old, new)
    if comparison.same:
        empty.show("Nothing would change.", f"{old} and {new} are the same.", icon="check_circle")
        return
    st.markdown(counts(comparison))
    diff_viewer.show(comparison, data, key="release")


def _side(label: str, refs: list[str], default: str) -> str:
    return str(st.selectbox(label, refs, index=refs.index(default), key=f"ref_{label}_{default}", width=200))


def _revisions(row: Row) -> None:
    past = queries.history(row.release, row.channel)
    if not past:
        empty.show("It was never installed here.", "Deploy it: the first deploy makes revision 1.", icon="history")
        return
    now = datetime.now(UTC)
    st.table(
        {
            "revision": [f"**r{p.revision}**" for p in past],
            "status": [
                theme.cell(theme.of(theme.HEALTH, _STATUS.get(p.status, "progressing")), p.status) for p in past
            ],
            "version": [plain(p.version) for p in past],
            "when": [ago.words(p.updated, now) if p.updated else "–" for p in past],
            "by": [plain(copy_id.short(p.change)) if p.change else plain(p.description) or "–" for p in past],
        },
        border="horizontal",
        hide_index=True,
    )


def _values(row: Row) -> None:
    if not row.revision:
        empty.show("It has no values here.", "They are kept with each revision: deploy it first.", icon="tune")
        return
    st.caption(f"Given to Helm for revision {row.revision}; secrets are hidden.")
    text = queries.values(row.release, row.channel, row.revision)
    st.code(text or "# none: the chart's own values", "yaml", line_numbers=True, height=560)
