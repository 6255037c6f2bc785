"""Deploy and roll back: each shows what it would change before it is requested, and becomes a Change."""

from __future__ import annotations

import streamlit as st

from app import queries, requesting, runtime, session
from app.components import diff_viewer, errors
from app.components.runbook_form import pairs
from app.theme import plain
from conductor_core.domain.actors import Actor
from conductor_core.domain.comparison import Comparison
from conductor_core.services.release_inventory import Row

WAYS = ("Last good", "A revision as it ran", "A revision with chosen values")
"""The three ways back."""


def deploy_name(row: Row) -> str:
    """The name of the deploy dialog of that row."""
    return f"deploy:{row.release}@{row.channel}"


def rollback_name(row: Row) -> str:
    """The name of the rollback dialog of that row."""
    return f"rollback:{row.release}@{row.channel}"


def show(row: Row, actor: Actor) -> None:
    """Draw whichever dialog is open."""
    if session.dialog_open(deploy_name(row)):
        title = f"Deploy {plain(row.release)} to {plain(row.channel)}"
        st.dialog(title, width="large", icon=":material/rocket_launch:", on_dismiss=session.close_dialog)(
            lambda: _deploy(row, actor)
        )()
    elif session.dialog_open(rollback_name(row)):
        title = f"Roll back {plain(row.release)} in {plain(row.channel)}?"
        st.dialog(title, width="large", icon=":material/undo:", on_dismiss=session.close_dialog)(
            lambda: _rollback(row, actor)
        )()


def _deploy(row: Row, actor: Actor) -> None:
    typed = st.text_area(
        "Values set by hand, one a line",
        key="deploy_sets",
        placeholder="image.tag=1.8.2",
        height=70,
        help="As helm's --set: they beat the overlays of the channel for this deploy only.",
    )
    with errors.shown():
        sets = pairs([line.strip() for line in str(typed or "").splitlines() if line.strip()])
        with errors.shown():
            given = tuple(sorted((key, str(value)) for key, value in sets.items()))
            preview(row, f"live:{row.channel}", f"channel:{row.channel}", given)
        st.markdown(f"{needs(row, 'deploy_release')} Gates judge the plan first; nothing runs before that.")
        _request(row, actor, "deploy_release", {"sets": sets}, "Request the deploy")


def _rollback(row: Row, actor: Actor) -> None:
    with errors.shown():
        past = [p for p in queries.history(row.release, row.channel) if p.revision < row.revision]
        if not past:
            st.caption("There is no earlier revision to go back to.")
            return
        good = next((p for p in past if p.good), None)
        how = st.segmented_control("Go back", WAYS, default=WAYS[0] if good else WAYS[1], required=True, key="way_back")
        revision = _revision(past, good, str(how))
        if revision is None:
            return
        sets = _chosen() if how == WAYS[2] else {}
        what = "chart, and the chosen values over the values," if how == WAYS[2] else "manifests and values"
        left = row.runs
        wishes = _wishes(left)
        st.markdown(
            f"**{plain(row.release)}** in **{plain(row.channel)}** (namespace {plain(row.namespace)}) gets a new "
            f"revision r{row.revision + 1} with the {what} of r{revision}. Pods are replaced. "
            + needs(row, "rollback_release")
        )
        with errors.shown():
            commit = next(p.commit for p in past if p.revision == revision)
            if sets and not commit:
                told = f"No commit is known that gives r{revision}: it can't be rendered with other values."
                st.warning(f"{told} Go back to it as it ran.", icon=":material/commit:")
            elif sets:
                given_sets = tuple(sorted((key, str(value)) for key, value in sets.items()))
                preview(row, f"live:{row.channel}", f"commit:{commit}/{row.channel}", given_sets)
            else:
                preview(row, f"live:{row.channel}", f"revision:{row.channel}/{revision}", ())
        given: dict[str, object] = {"to_revision": revision, "sets": sets, **wishes}
        _request(row, actor, "rollback_release", given, f"Request the rollback to r{revision}")


def _revision(past: list[queries.Past], good: queries.Past | None, how: str) -> int | None:
    if how == WAYS[0]:
        if good is None:
            st.warning("No earlier revision was good. Choose one by hand.", icon=":material/history:")
            return None
        st.markdown(f"The newest that was good: **r{good.revision}** · {plain(good.version)}{_when(good)}")
        return good.revision
    marks = {p.revision: "quarantined" if p.quarantined else "good" if p.good else p.status for p in past}
    labels = {p.revision: f"r{p.revision} · {p.version} · {marks[p.revision]}{_when(p)}" for p in past}
    return st.selectbox("Back to revision", list(labels), format_func=lambda n: labels[n], key="rollback_to")


def _chosen() -> dict[str, object]:
    typed = st.text_area("Chosen values, one a line", key="rollback_sets", placeholder="image.tag=1.8.2", height=70)
    return pairs([line.strip() for line in str(typed or "").splitlines() if line.strip()])


def _wishes(version: str) -> dict[str, object]:
    with st.container(horizontal=True, gap="medium"):
        out = st.checkbox(
            f"Quarantine {plain(version)}",
            value=True,
            key="wish_quarantine",
            help="No deploy of it passes its gates, and automation of this channel is held, until it is released.",
        )
        git = st.checkbox(
            "Revert Git too",
            value=True,
            key="wish_git",
            help="One commit on the channel's branch, with the reason and the Change's id.",
        )
    return {"quarantine": out, "revert_git": git}


def _when(past: queries.Past) -> str:
    return f" · {past.updated:%Y-%m-%d %H:%M} UTC" if past.updated else ""


def preview(row: Row, old: str, new: str, sets: tuple[tuple[str, str], ...]) -> None:
    """What would be changed, in counts and, when asked for, as a difference."""
    comparison, data = queries.comparison(row.release, old, new, sets)
    st.markdown(f"**It would change:** {counts(comparison)}")
    if not comparison.same and st.toggle("Show the difference", key="dialog_difference"):
        diff_viewer.show(comparison, data, key="dialog")


def counts(comparison: Comparison) -> str:
    """How many resources would be changed, added and removed, in Markdown."""
    if comparison.same:
        return "nothing: both sides are the same."
    parts = (("changed", "orange", "~"), ("added", "green", "+"), ("removed", "red", "−"))
    return "  ".join(f":{color}-badge[{sign} {comparison.count(word)} {word}]" for word, color, sign in parts)  # type: ignore[arg-type]  # the three words are standings


def needs(row: Row, runbook: str) -> str:
    """How many approvals that runbook needs there, in a sentence."""
    needed = runtime.conductor().runbooks.get(runbook).approvals_for(row.tier)
    if not needed:
        return f"Tier {plain(row.tier)} needs no approval."
    return f"Tier {plain(row.tier)} needs {needed} approval{'s' if needed > 1 else ''} by others than you."


def _request(row: Row, actor: Actor, runbook: str, extra: dict[str, object], label: str) -> None:
    reason, sent, refusal = requesting.footer("release", label)
    if sent:
        given: dict[str, object] = {"release": row.release, "channel": row.channel, **extra}
        requesting.send(actor, runbook, given, reason, refusal=refusal)
