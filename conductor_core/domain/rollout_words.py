"""A Rollout in people's words, where its controller has only a name for how it is."""

from __future__ import annotations

import re

from conductor_core.domain.rollout_parts import Detail
from conductor_core.domain.rollouts import ABORTED, Phase, Rollout

PAUSES = {
    "CanaryPauseStep": "a timed pause",
    "BlueGreenPause": "waits for a person before it switches over",
    "InconclusiveAnalysisRun": "its analysis came to no conclusion",
    "InconclusiveExperiment": "its experiment came to no conclusion",
}
"""What the controller's reasons for a pause mean."""
_ABORTED = re.compile(rf"^({ABORTED}: )?(Rollout aborted update to revision \d+)?(: )?")
"""What the controller begins with when it has aborted one; the reason, if it has one, comes after it."""
_MEASURED = re.compile(
    r'(?:Step-based|Background) analysis phase error/failed: Metric "([^"]*)" assessed \w+ due to '
    r"(failed|inconclusive|consecutiveErrors) \((\d+)\) > \w+ \((\d+)\)"
)
_COUNTED = {"consecutiveErrors": "could not be measured"}


def red(rollout: Rollout) -> bool:
    """Whether it has failed: aborted, or degraded on its way or at rest."""
    return rollout.aborted or rollout.phase is Phase.DEGRADED


def step_now(rollout: Rollout) -> str:
    """The present step, such as `2 of 5`; '' when none is under way."""
    if not rollout.steps or not rollout.moving:
        return ""
    return f"{min(rollout.step + 1, len(rollout.steps))} of {len(rollout.steps)}"


def weight(rollout: Rollout) -> str:
    """Where the wave is; few pods can't hold every weight, so what was asked for is told when it differs."""
    asked = "" if rollout.actual == rollout.weight else f", asked for {rollout.weight} %"
    return f"{rollout.wave} {rollout.actual} %{asked}"


def replicas(rollout: Rollout) -> str:
    """How many of the wanted replicas are available; those beyond them, which a wave adds, are told apart."""
    extra = rollout.available - rollout.wanted
    return f"{min(rollout.available, rollout.wanted)} of {rollout.wanted}" + (f" + {extra}" if extra > 0 else "")


def why(rollout: Rollout) -> str:
    """Why it is as it is; '' when there is nothing to say."""
    if red(rollout):
        told = _MEASURED.sub(_measured, _ABORTED.sub("", rollout.message)).strip()
        return told if told.lower() not in ("", "aborted") else "It was aborted by hand." if rollout.aborted else told
    if rollout.paused_by_hand:
        return "paused by hand"
    if not rollout.pauses:
        return rollout.message
    at = rollout.steps[rollout.step] if rollout.step < len(rollout.steps) else None
    if at is not None and at.waits_for_a_person:
        return f"step {rollout.step + 1} waits for a person"
    return paused(rollout)


def _measured(found: re.Match[str]) -> str:
    metric, what, times, allowed = found.groups()
    return f"{metric}: {times} of its measurements {_COUNTED.get(what, what)}, {allowed} may"


def paused(rollout: Rollout) -> str:
    """Why its controller has paused it, for how long where the step says so; '' when it has not."""
    if not rollout.pauses:
        return ""
    at = rollout.steps[rollout.step] if rollout.step < len(rollout.steps) else None
    told = PAUSES.get(rollout.pauses[0][0], rollout.pauses[0][0])
    return f"{told} of {at.seconds} s" if at is not None and at.kind == "pause" and at.seconds else told


def failed_step(detail: Detail) -> int | None:
    """The step (from 0) whose analysis ended this version; None when none is known to have."""
    mine = [r for r in detail.runs if r.template_hash == detail.rollout.current_hash]
    return next((r.step for r in mine if r.phase in ("Failed", "Error") and r.step is not None), None)


def elsewhere(rollout: Rollout) -> str:
    """What is said of a Rollout in a further cluster: what can be done about it, and what is not known here."""
    return (
        f"It runs in the cluster {rollout.cluster}. From here it is aborted with its fleet; every other act is done in "
        "a workbench of that cluster. That one has its metrics, timeline, releases and Changes too: they are not known "
        "here."
    )
