"""Everything behind one release in one channel: what a deploy would change, its revisions, its values."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime

import streamlit as st

from app import queries, session, theme
from app.components import ago, copy_id, diff_viewer, empty, errors
from app.theme import plain
from conductor_core.domain.ids import CHANGE_ID
from conductor_core.services.release_inventory import Row

_STATUS = {"deployed": "healthy", "superseded": "off", "failed": "degraded", "uninstalled": "off", "unknown": "unknown"}


def show(row: Row, siblings: Sequence[Row]) -> None:
    """Draw the tabs; a tab is read when it is opened."""
    drawn: dict[str, Callable[[], None]] = {
        "What a deploy would change": lambda: _difference(row, siblings),
        "Revisions": lambda: _revisions(row),
        "Values": lambda: _values(row),
    }
    tabs = st.tabs(list(drawn), key=session.TAB, bind="query-params")
    for tab, draw in zip(tabs, drawn.values(), strict=True):
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
            "was": [_was(p) for p in past],
            "when": [ago.words(p.updated, now) if p.updated else "–" for p in past],
            "by": [_by(p) for p in past],
        },
        border="horizontal",
        hide_index=True,
    )


def _was(past: queries.Past) -> str:
    if past.quarantined:
        return f":red-badge[⊘ quarantined] {plain(past.quarantined)}"
    return ":green-badge[✓ good]" if past.good else "–"


def _by(past: queries.Past) -> str:
    if CHANGE_ID.fullmatch(past.change):
        return f"[{plain(copy_id.short(past.change))}](/changes?{session.CHANGE}={past.change})"
    return plain(past.description) or "–"


def _values(row: Row) -> None:
    if not row.revision:
        empty.show("It has no values here.", "They are kept with each revision: deploy it first.", icon="tune")
        return
    st.caption(f"Given to Helm for revision {row.revision}; secrets are hidden.")
    text = queries.values(row.release, row.channel, row.revision)
    st.code(text or "# none: the chart's own values", "yaml", line_numbers=True, height=560)
