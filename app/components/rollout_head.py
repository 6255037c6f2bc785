"""The head of one Rollout: how it is, and the acts that it is in a state for, each a Change."""

from __future__ import annotations

import streamlit as st

from app import runtime, session, theme
from app.components import confirm, facts, rollout_way_out, state_badge
from app.theme import plain
from conductor_core.domain import rollout_acts, rollout_words
from conductor_core.domain.actors import Actor, Role
from conductor_core.domain.rollout_acts import Act
from conductor_core.domain.rollout_parts import Detail
from conductor_core.domain.rollouts import Rollout
from conductor_core.domain.wave_verdicts import WaveVerdict
from conductor_core.services import ways_back

_BUTTONS: tuple[tuple[Act, str, str], ...] = (
    (Act.PROMOTE, "Promote", "skip_next"),
    (Act.PAUSE, "Pause", "pause"),
    (Act.RESUME, "Resume", "play_arrow"),
    (Act.RETRY, "Retry", "replay"),
    (Act.ABORT, "Abort", "cancel"),
)
_MORE: tuple[tuple[Act, str], ...] = (
    (Act.PROMOTE_FULL, "Promote fully"),
    (Act.SKIP, "Skip this step"),
    (Act.UNDO, "Undo"),
    (Act.RESTART, "Restart pods"),
)
MORE = "More acts"
MORE_ACTS = "more_acts"


def show(detail: Detail, verdict: WaveVerdict, actor: Actor) -> None:
    """Draw it. A red rollout has its way out first, and no button that takes it further."""
    rollout = detail.rollout
    red = rollout_words.red(rollout)
    hidden = _hidden(rollout, red=red)
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.title(plain(rollout.name), anchor=False)
        state_badge.show(theme.of(theme.ROLLOUT, rollout.phase.value))
        if rollout.wave:
            st.badge(plain(rollout_words.weight(rollout)), icon=":material/move_up:", color="blue")
        for act, label, icon in _BUTTONS:
            if act not in hidden and not rollout_acts.no_effect(rollout, act):
                _button(rollout, act, label, icon)
        _more(rollout, hidden)
        if not red:
            _emergency(rollout, actor)
    if red:
        names = {act: _name(rollout, act) for act in Act}
        said = ways_back.reason(rollout, verdict)
        why = verdict.summary if rollout.aborted else rollout_words.why(rollout)
        rollout_way_out.show(rollout, actor, names, emergency_name(rollout), said, why)
    facts_line(rollout)
    _dialogs(detail, actor)


def _hidden(rollout: Rollout, *, red: bool) -> set[Act]:
    """Acts that are not offered in the row: those of the way out, and those that a tired person would regret."""
    hidden = set() if rollout.paused_by_hand else {Act.RESUME}
    return hidden | ({Act.ABORT, Act.UNDO, Act.PROMOTE, Act.PROMOTE_FULL, Act.SKIP, Act.PAUSE} if red else set())


def facts_line(rollout: Rollout) -> None:
    """Draw its version, namespace, revision and template."""
    parts = [facts.strong(rollout.version), facts.text("in namespace"), facts.copy(rollout.namespace)]
    parts += [facts.text(f"· rollout revision {rollout.revision} · template"), facts.copy(rollout.current_hash)]
    parts += [facts.text(f"· stable tag {rollout.stable_tag}")] if rollout.stable_tag else []
    facts.show(*parts)


def _button(rollout: Rollout, act: Act, label: str, icon: str) -> None:
    st.button(
        label,
        icon=f":material/{icon}:",
        type="primary" if act is Act.PROMOTE else "secondary",
        help=rollout_acts.promise(rollout, act),
        key=f"act_{act.value}",
        on_click=session.open_dialog,
        args=(_name(rollout, act),),
    )


def _more(rollout: Rollout, hidden: set[Act]) -> None:
    listed = [*_MORE, *((Act.PAUSE, "Pause"),) * (Act.PAUSE in hidden and not rollout.aborted)]
    possible = {
        act: label
        for act, label in listed
        if not rollout_acts.no_effect(rollout, act) and (act not in hidden or act is Act.PAUSE)
    }
    st.menu_button(
        MORE,
        list(possible),
        format_func=lambda act: possible[act],
        icon=":material/more_horiz:",
        key=MORE_ACTS,
        on_click=lambda: session.open_dialog(_name(rollout, st.session_state[MORE_ACTS])),
    )


def _emergency(rollout: Rollout, actor: Actor) -> None:
    if actor.has(Role.BREAK_GLASS) and not rollout_acts.no_effect(rollout, Act.ABORT):
        st.button(
            "Emergency abort",
            icon=":material/emergency_home:",
            help="Without waiting for an approval; takes the break-glass role.",
            key="act_emergency",
            on_click=session.open_dialog,
            args=(emergency_name(rollout),),
        )


def _dialogs(detail: Detail, actor: Actor) -> None:
    rollout = detail.rollout
    for act in Act:
        if session.dialog_open(_name(rollout, act)):
            confirm.show(_confirmed(detail, act, actor))
    if session.dialog_open(emergency_name(rollout)):
        given: dict[str, object] = {"namespace": rollout.namespace, "rollout": rollout.name}
        confirm.show(
            confirm.Act(
                "Abort now",
                rollout.id,
                f"{rollout_acts.promise(rollout, Act.ABORT)} It is done before anybody has approved. The record says "
                "so loudly, and it stays listed until somebody else has reviewed it.",
                lambda reason, _: runtime.conductor().changes.request(actor, "emergency_abort", given, reason),
                "It is under way.",
                "emergency_home",
                follow=True,
            )
        )


def _confirmed(detail: Detail, act: Act, actor: Actor) -> confirm.Act:
    rollout = detail.rollout
    given: dict[str, object] = {
        "namespace": rollout.namespace,
        "rollout": rollout.name,
        "act": act.value,
        "to_revision": 0,
    }

    target = f"{rollout.name} in {rollout.namespace}, {rollout.version}"
    back = detail.before() if act is Act.UNDO else None
    promise = rollout_acts.promise(rollout, act, detail.way_back(back) if back else "")
    effect = f"{promise} {rollout_way_out.QUIET}"
    return confirm.Act(
        act.value.capitalize(),
        target,
        effect,
        lambda reason, _: runtime.conductor().changes.request(actor, "rollout_act", given, reason),
        "Requested.",
        "published_with_changes",
        follow=True,
    )


def emergency_name(rollout: Rollout) -> str:
    """The name of the emergency's dialog."""
    return f"emergency:{rollout.id}"


def _name(rollout: Rollout, act: Act) -> str:
    return f"{act.value}:{rollout.id}"
