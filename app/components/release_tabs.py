"""Everything behind one release in one channel: what a deploy would change, its revisions, its values."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from datetime import UTC, datetime

import streamlit as st

from app import queries, release_queries, session, theme
from app.components import ago, copy_id, diff_viewer, empty, errors, smoke_tab, ui_assets_tab
from app.theme import plain
from conductor_core.domain.actors import Actor
from conductor_core.domain.ids import CHANGE_ID
from conductor_core.domain.references import FORMS
from conductor_core.domain.value_sources import Sourced
from conductor_core.services.release_inventory import Row

_STATUS = {"deployed": "healthy", "superseded": "off", "failed": "degraded", "uninstalled": "off", "unknown": "unknown"}


def show(row: Row, siblings: Sequence[Row], actor: Actor) -> None:
    """Draw the tabs; a tab is read when it is opened."""
    drawn: dict[str, Callable[[], None]] = {
        "What a deploy would change": lambda: _difference(row, siblings),
        "Revisions": lambda: _revisions(row),
        "Values": lambda: _values(row),
        "Smoke": lambda: smoke_tab.show(row, actor),
        "UI files": lambda: ui_assets_tab.show(row, actor),
    }
    tabs = st.tabs(list(drawn), key=session.TAB, bind="query-params")
    for tab, draw in zip(tabs, drawn.values(), strict=True):
        if tab.open:
            with tab, errors.shown():
                draw()


def _difference(row: Row, siblings: Sequence[Row]) -> None:
    refs = [f"{kind}:{sibling.channel}" for sibling in siblings for kind in ("live", "channel")]
    refs += [f"revision:{row.channel}/{p.revision}" for p in queries.history(row.release, row.channel)[:50]]
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        old = _side("From", session.FROM, refs, f"live:{row.channel}")
        new = _side("To", session.TO, refs, f"channel:{row.channel}")
        st.caption(f"Choose or type: {FORMS}. The address of this page is a link to the comparison.", width="stretch")
    every, confirm = _wishes() if old.startswith("live:") != new.startswith("live:") else (False, False)
    comparison, data = queries.comparison(row.release, old, new, all_fields=every, confirm=confirm)
    if comparison.same and not every and not any(r.kept for r in comparison.resources):
        empty.show("Nothing would change.", f"{old} and {new} are the same.", icon="check_circle")
        return
    diff_viewer.show(comparison, data, key="release")


def _wishes() -> tuple[bool, bool]:
    """Whether every live field is shown, and whether the server is asked; the address keeps both."""
    with st.container(horizontal=True, gap="medium"):
        every = st.toggle(
            "Every live field",
            key=session.ALL_FIELDS,
            bind="query-params",
            help="Also what no manifest sets: defaults, status, and what controllers own.",
        )
        confirm = st.toggle(
            "Ask the server",
            key=session.CONFIRM,
            bind="query-params",
            help="A dry run of each object that differs: what the API server would store. Nothing is changed.",
        )
    return every, confirm


def _side(label: str, parameter: str, refs: list[str], default: str) -> str:
    """One side; the address keeps it, so that a comparison can be shared."""
    asked = st.query_params.get(parameter, "") or default
    known = refs if asked in refs else [asked, *refs]
    key = f"ref_{label}_{default}"
    chosen = st.selectbox(
        label, known, index=known.index(asked), key=key, width=230, accept_new_options=True, filter_mode="contains"
    )
    found = str(chosen or default)
    if found != st.query_params.get(parameter, default):
        st.query_params[parameter] = found
    return found


def _revisions(row: Row) -> None:
    past = queries.history(row.release, row.channel)
    if not past and row.application:
        words = f"The Application {row.application} installs it, and Helm keeps no revisions of it."
        empty.show("Argo CD manages it.", f"{words} Its past is on the page Delivery.", icon="sync")
        return
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
    if row.application:
        _sourced(release_queries.sourced_values(row.release, f"channel:{row.channel}"))
        return
    if not row.revision:
        empty.show("It has no values here.", "They are kept with each revision: deploy it first.", icon="tune")
        return
    with errors.shown():
        _compatibility(row)
    refs = [f"channel:{row.channel}", f"revision:{row.channel}/{row.revision}"]
    ref = st.segmented_control("Values of", refs, default=refs[1], required=True, key=f"values_of_{row.channel}")
    if ref == refs[0] or st.toggle("Where each comes from", key="values_sources"):
        _sourced(release_queries.sourced_values(row.release, str(ref)))
        return
    st.caption(f"Given to Helm for revision {row.revision}; secrets are hidden.")
    text = queries.values(row.release, row.channel, row.revision)
    st.code(text or "# none: the chart's own values", "yaml", line_numbers=True, height=560)


def _compatibility(row: Row) -> None:
    found = release_queries.compatibility(row.release, row.channel)
    for words in found.differences:
        st.warning(plain(words), icon=":material/rule:")
    if found.claims and not found.differences:
        places = ", ".join(claim.place for claim in found.claims)
        st.caption(f":green[✓] version {plain(found.claims[0].version)} is stated alike by {plain(places)}.")


def _sourced(found: list[Sourced]) -> None:
    st.dataframe(
        {
            "value": [one.name for one in found],
            "is": [one.value if isinstance(one.value, str) else json.dumps(one.value) for one in found],
            "from": [str(one.origin) for one in found],
            "overrides": [", ".join(str(o) for o in one.overrides) for one in found],
        },
        hide_index=True,
        row_height=30,
        height=min(36 + 31 * max(1, len(found)), 560),
        column_config={"from": st.column_config.TextColumn(help="File and line")},
        alt="Values with the file and line that each comes from",
    )
