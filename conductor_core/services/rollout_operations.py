"""The operation on a Rollout: one act, read back and compared with its promise.

What was started from is written down first (`Before`); what a crash left is told from the Rollout itself: the same
pause, step and template mean that nothing had happened.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from conductor_core.domain import rollout_acts as acts
from conductor_core.domain.emergencies import gives_way
from conductor_core.domain.operations import Observation
from conductor_core.domain.rollout_acts import Act, Before, ReadBack
from conductor_core.domain.rollouts import Rollout
from conductor_core.errors import ConflictError, StateError
from conductor_core.ports.rollouts import Rollouts
from conductor_core.services.checks import Patience
from conductor_core.services.operations import Context, Facts
from conductor_core.services.rollout_plans import RolloutPlans, act_in, revision_in

TRIES = 12
"""How often an act is decided anew when the controller wrote first."""
NUDGE_AFTER = 4.0
"""Seconds after which a Rollout that took an act in but does not go on is shown to its controller again."""


@dataclass(frozen=True)
class RolloutAct:
    """One act on one Rollout. `patience.deadline`: seconds until the promise must be kept."""

    rollouts: Rollouts
    plans: RolloutPlans
    patience: Patience
    now: Callable[[], datetime]

    def prepare(self, context: Context) -> Facts:
        """Where the Rollout stands; raises `StateError` when the act would have no effect, `NotFoundError`."""
        act = act_in(context.change)
        rollout = self.rollouts.get(*_named(context))
        if why := acts.no_effect(rollout, act):
            raise _without_effect(rollout, act, why)
        target = self.plans.undone(rollout, revision_in(context.change))[0] if act is Act.UNDO else ""
        at = f"{self.now():%Y-%m-%dT%H:%M:%SZ}" if act is Act.RESTART else ""
        return acts.before(rollout, target, at).as_facts()

    def dispatch(self, context: Context, request: Mapping[str, object]) -> tuple[Observation, Facts]:
        """Do it once, then read back until the promise is kept."""
        act, was = act_in(context.change), acts.before_of(request)
        namespace, name = _named(context)
        acted(self.rollouts, (namespace, name), act, was, context.say)
        back = awaited(self.rollouts, (namespace, name), act, was, self.patience, context)
        return _outcome(back, act, f"{namespace}/{name}", context.overtaken())

    def observe(self, context: Context, request: Mapping[str, object]) -> tuple[Observation, Facts]:
        """Look whether the Rollout shows the act."""
        act, was = act_in(context.change), acts.before_of(request)
        place = _named(context)
        now = self.rollouts.get(*place)
        if now.uid != was.uid:
            return Observation.UNCLEAR, {"seen": f"{now.id} was made anew meanwhile"}
        back = acts.read_back(act, was, now)
        if not back.happened:
            return Observation.ABSENT, {"seen": back.seen}
        back = awaited(self.rollouts, place, act, was, self.patience, context)
        return _outcome(back, act, now.id, context.overtaken())


def acted(rollouts: Rollouts, place: tuple[str, str], act: Act, was: Before, say: Callable[[str], None]) -> None:
    """Send the act to the Rollout as it is now; the API server refuses it when somebody writes in between."""
    for _ in range(TRIES):
        now = rollouts.get(*place)
        _same(now, was, act)
        try:
            rollouts.act(now, act, to_hash=was.target, at=was.at)
        except ConflictError:
            continue
        say(f"{act.value} {now.id}: sent; {acts.state(now)}")
        return
    raise ConflictError(
        f"{place[0]}/{place[1]} changes too fast.",
        why=f"Its controller wrote first {TRIES} times in a row; nothing was sent.",
        next="Request the act again.",
    )


def _same(now: Rollout, was: Before, act: Act) -> None:
    """Raise `StateError` unless the Rollout is still the one that was approved, and the act still does something."""
    if now.uid != was.uid or (act is not Act.UNDO and now.current_hash != was.current_hash):
        raise StateError(
            f"{now.id} is not what was approved any more.",
            why=f"Its template was {was.current_hash} and is {now.current_hash}; nothing was sent.",
            next="Look at it, and request the act again if it is still wanted.",
        )
    if act in (Act.PROMOTE, Act.SKIP) and now.step != was.step:
        raise StateError(
            f"{now.id} has left step {was.step + 1} by itself.",
            why=f"It is at step {now.step + 1}; nothing was sent.",
            next="Look at it, and request the act again if it is still wanted.",
        )
    if why := acts.no_effect(now, act):
        raise _without_effect(now, act, why)


def awaited(
    rollouts: Rollouts,
    place: tuple[str, str],
    act: Act,
    was: Before,
    patience: Patience,
    context: Context,
) -> ReadBack:
    """Read it back until the promise is kept, time is up or an emergency waits; a controller that missed the act is
    shown it again.
    """
    say = context.say
    started, said, nudged = patience.monotonic(), "", False
    while True:
        now = rollouts.get(*place)
        back = acts.read_back(act, was, now)
        if back.seen != said:
            say(f"{now.id}: {back.seen}")
            said = back.seen
        waited = patience.monotonic() - started
        if back.reached or waited >= patience.deadline or context.overtaken():
            return back
        if not nudged and waited >= NUDGE_AFTER and back.happened:
            say(f"{now.id}: its controller has not gone on; it is shown the rollout again")
            rollouts.nudge(now)
            nudged = True
        patience.sleep(0.4)


def _outcome(back: ReadBack, act: Act, name: str, urgent: str) -> tuple[Observation, Facts]:
    """What came of it; `urgent`: the emergency for which its read-back was not waited for any longer."""
    if back.reached:
        return Observation.DONE, {"read_back": back.as_json(), "detail": f"as promised: {back.seen}"}
    what = f"{act.value} of {name} had no effect." if not back.happened else f"{act.value} of {name} is not finished."
    left = f" Not waited for: {gives_way(urgent)}." if urgent else ""
    why = f"Promised: {back.expected}. Seen: {back.seen}.{left}"
    next = "Look at the rollout's controller and pods; the act was sent once and is not repeated."
    return Observation.FAILED, {"read_back": back.as_json(), "what": what, "why": why, "next": next}


def _without_effect(rollout: Rollout, act: Act, why: str) -> StateError:
    return StateError(
        f"{act.value} would have no effect on {rollout.id}.",
        why=f"{why} Seen: {acts.state(rollout)}. Nothing was sent.",
        next="Choose an act that the rollout is in a state for.",
    )


def _named(context: Context) -> tuple[str, str]:
    parameters = context.change.parameters
    return str(parameters.get("namespace", "")), str(parameters.get("rollout", ""))
