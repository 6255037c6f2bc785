"""The acts on one Change as buttons: shown when its state allows them, and always decided by the service."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import streamlit as st

from app import queries, runtime, session, waiting
from app.components import confirm, copy_id
from conductor_core.domain import changes as c
from conductor_core.domain.actors import Actor
from conductor_core.domain.changes import Change, State
from conductor_core.errors import ConductorError
from conductor_core.services.access import Action

REJECTABLE = frozenset({State.AWAITING_APPROVAL, State.APPROVED})
REPLANNABLE = frozenset({State.DENIED, State.AWAITING_APPROVAL, State.APPROVED})
HAPPENED = "It happened: it succeeded"
NOT_HAPPENED = "It did not, or it failed"


@dataclass(frozen=True)
class _Button:
    label: str
    icon: str
    action: Action
    states: frozenset[State]


_BUTTONS = (
    _Button("Re-plan", "refresh", Action.REPLAN, REPLANNABLE),
    _Button("Cancel", "cancel", Action.CANCEL, c.BEFORE_EXECUTION),
    _Button("Reject", "block", Action.REJECT, REJECTABLE),
    _Button("Settle", "fact_check", Action.SETTLE, frozenset({State.UNKNOWN})),
)


def show(change: Change, actor: Actor) -> None:
    """Draw the buttons; an act of the last run is shown by the page, not here."""
    for button in _BUTTONS:
        if change.state in button.states:
            _draw(button, change, actor)
    if change.state is State.AWAITING_APPROVAL:
        mine = waiting.needs(change, actor)
        st.button(
            "Approve",
            icon=":material/thumb_up:",
            type="primary" if mine else "secondary",
            help=_effect(change),
            key="act_approve",
            on_click=_approve,
            args=(change.id, change.plan_digest, actor),
        )


def _draw(button: _Button, change: Change, actor: Actor) -> None:
    refusal = waiting.denied(actor, button.action, change)
    name = f"{button.label}:{change.id}"
    st.button(
        button.label,
        icon=f":material/{button.icon}:",
        key=f"act_{button.label.lower()}",
        disabled=refusal is not None,
        help=refusal.why if refusal else None,
        on_click=_replan if button.action is Action.REPLAN else session.open_dialog,
        args=(change.id, actor) if button.action is Action.REPLAN else (name,),
    )
    if session.dialog_open(name) and refusal is None:
        confirm.show(_act(button, change, actor))


def _replan(change_id: str, actor: Actor) -> None:
    _try(lambda: runtime.conductor().changes.replan(actor, change_id), "It is being planned again.")


def _act(button: _Button, change: Change, actor: Actor) -> confirm.Act:
    service = runtime.conductor().changes
    target = f"{change.title}  ({change.target})"
    if button.action is Action.SETTLE:
        return confirm.Act(
            "Settle",
            target,
            "Look at the target first. What you say here is sealed as how this Change ended; nothing is dispatched.",
            lambda reason, how: service.settle(actor, change.id, succeeded=how == HAPPENED, reason=reason),
            "Settled.",
            "fact_check",
            (HAPPENED, NOT_HAPPENED),
        )
    if button.action is Action.REJECT:
        effect = "The Change ends here, for everybody. Nothing is carried out."
        return confirm.Act(
            "Reject", target, effect, lambda reason, _: service.reject(actor, change.id, reason), "Rejected.", "block"
        )
    effect = "The Change is withdrawn. Nothing is carried out; approvals that it has are lost."
    return confirm.Act(
        "Cancel this Change",
        target,
        effect,
        lambda reason, _: service.cancel(actor, change.id, reason),
        "Cancelled.",
        "cancel",
    )


def _approve(change_id: str, plan_digest: str, actor: Actor) -> None:
    """Approve the plan that was on the screen when the button was drawn, and no other."""
    _try(lambda: runtime.conductor().changes.approve(actor, change_id, plan_digest), "Approved.")


def _try(act: Callable[[], object], done: str) -> None:
    try:
        act()
    except ConductorError as error:
        session.refuse(error)
    else:
        session.notice(done)
    queries.forget()


def _effect(change: Change) -> str:
    missing = change.approvals_required - change.approvals_given
    then = "It starts at once." if missing <= 1 else f"{missing - 1} more will be needed."
    return f"You approve plan {copy_id.short(change.plan_digest)} of {change.target}. {then}"
