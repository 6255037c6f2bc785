"""One component of a release rolled back alone: whether the others work with it, else the smallest set that does."""

from __future__ import annotations

import streamlit as st

from app import delivery_queries, requesting, runtime, session
from app.components import errors
from app.theme import plain
from conductor_core.domain.actors import Actor
from conductor_core.domain.compatibility import Answer
from conductor_core.domain.rollouts import Rollout


def show(rollout: Rollout, actor: Actor) -> None:
    """Draw the button and its dialog; nothing while it moves or is red, nor for a release of fewer than two declared
    components.
    """
    owner = delivery_queries.owner(rollout) if rollout.finished else None
    components = delivery_queries.components(owner[0]) if owner else ()
    if owner is None or len(components) < 2:
        return
    name = f"partial:{rollout.id}"
    st.button(
        "Roll back one component",
        icon=":material/call_split:",
        help=f"{', '.join(components)}: one goes back alone, if the compatibility file or the record says it is safe.",
        key="partial",
        on_click=session.open_dialog,
        args=(name,),
    )
    if session.dialog_open(name):
        title = f"Roll back one component of {plain(owner[0])} in {plain(owner[1])}"
        st.dialog(title, width="large", icon=":material/call_split:", on_dismiss=session.close_dialog)(
            lambda: _body(owner, components, actor)
        )()


def _body(owner: tuple[str, str], components: tuple[str, ...], actor: Actor) -> None:
    with st.container(horizontal=True, vertical_alignment="bottom"):
        chosen = str(st.selectbox("Component", components, index=len(components) - 1, key="partial_component"))
        version = st.text_input("To version", key="partial_version", placeholder="empty: the one before")
    with errors.shown():
        answer = delivery_queries.partial(*owner, chosen, str(version or "").strip())
        _answer(owner, chosen, answer)
        label = "Request this set together" if answer.versions and not answer.safe else "Request it"
        reason, sent, refusal = requesting.footer("partial", label, possible=bool(answer.safe or answer.versions))
        if sent:
            wanted, together = answer.wish[chosen], not answer.safe
            requesting.follow(
                lambda: runtime.conductor().partial.request(actor, *owner, chosen, reason, wanted, together=together),
                refusal=refusal,
            )


def _answer(owner: tuple[str, str], chosen: str, answer: Answer) -> None:
    wanted = f"{chosen} {answer.wish[chosen]}"
    why = plain(" ".join(answer.why))
    if answer.safe:
        st.success(f"The others work with {plain(wanted)}. {why}", icon=":material/check_circle:")
        return
    title = plain(f"{wanted} alone would break {owner[0]} in {owner[1]}")
    st.error(plain(" ".join(answer.breaks)), title=title, icon=":material/block:")
    if answer.versions:
        works = ", ".join(f"{name} {version}" for name, version in answer.changes.items())
        st.markdown(f"**The smallest set that works:** {plain(works)}. {why}")
    else:
        st.markdown(f"{why} Deploy forward.")
