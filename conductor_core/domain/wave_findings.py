"""What the verdict on a wave is made of: each topic with its evidence and, where the wave waits or is held, why.

The causes are a closed list: whatever holds a wave is one of them, or the verdict says that it can't tell.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import partial

from conductor_core.domain import rollout_words
from conductor_core.domain.burn_rate import Burn
from conductor_core.domain.canary_statistics import Judgement
from conductor_core.domain.changes import Change, State
from conductor_core.domain.gates import Result, Verdict
from conductor_core.domain.rollout_acts import Act
from conductor_core.domain.rollout_parts import Detail
from conductor_core.domain.rollouts import Phase, Rollout


class Cause(StrEnum):
    """Everything that can hold a wave."""

    ANALYSIS_FAILED = "analysis failed"
    ANALYSIS_INCONCLUSIVE = "analysis inconclusive"
    ANALYSIS_RUNNING = "analysis running"
    WAITS_FOR_A_PERSON = "waits for a person"
    TIMED_PAUSE = "timed pause"
    PAUSED_BY_HAND = "paused by hand"
    PODS_NOT_READY = "pods not ready"
    NO_PROGRESS = "no progress"
    CONTROLLER_BEHIND = "controller behind"
    ABORTED = "aborted"
    SLO_BURNING = "SLO burning"
    CANARY_WORSE = "new version worse"
    GATE_DENIED = "gate denied"
    APPROVAL_MISSING = "approval missing"


class Standing(StrEnum):
    """How one topic, or the whole, stands."""

    OK = "ok"
    WARN = "warn"
    WAIT = "wait"
    """It keeps the wave for a while, and ends by itself."""
    HOLD = "hold"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Finding:
    """One topic: how it stands, the evidence, and, where the wave waits or is held, why and what clears it."""

    topic: str
    standing: Standing
    text: str
    evidence: str = ""
    cause: Cause | None = None
    clears_by: str = ""
    act: Act | None = None
    """The act on the rollout that clears it, where one does."""


GATE_TOPICS = {
    "policy": ("policy/",),
    "scan": ("scan",),
    "signature": ("image", "signature"),
    "calendar": ("calendar",),
}
"""Topics that the gates of the release's last Change answer, by parts of the gates' names."""
RULE_TOPICS = {"scan": ("/scan-",), "signature": ("/signature",), "calendar": ("/freeze", "/time")}
"""Where no such gate is: the same by parts of the names of rules, of what they object to."""


ELSEWHERE = {
    "SLO": "Metrics of another cluster are not read here.",
    "statistics": "Metrics of another cluster are not read here.",
    **dict.fromkeys((*GATE_TOPICS, "approvals"), "Changes of another cluster are on record in its own workbench."),
}
"""Topics that can't be judged of a rollout in a further cluster, and why."""
THERE = "This is done in a workbench of its cluster."


BRINGS = frozenset({"deploy_release", "rollback_release", "revert_release", "emergency_rollback", "emergency_revert"})
"""Runbooks that bring the version of a release."""
_SENT = frozenset({State.EXECUTING, State.VALIDATING, State.SUCCEEDED, State.FAILED, State.UNKNOWN})
_STARTS = frozenset({"", "ContainerCreating", "PodInitializing"})
"""Reasons of a pod that is on its way; one that takes too long is told by Argo Rollouts, as no progress."""


def is_of(template_hash: str, rollout: Rollout) -> bool:
    """Whether an analysis is of the version that the Rollout brings."""
    return not template_hash or template_hash == rollout.current_hash


def slo(burns: Sequence[Burn] | None) -> Finding:
    """The error budget of its objective."""
    if burns is None:
        return Finding("SLO", Standing.UNKNOWN, "No objective is known for it.", "its AnalysisTemplates name none")
    alarming = [b for b in burns if b.alarming]
    if alarming:
        worst = alarming[0]
        text = (
            f"The error budget burns {worst.short:.1f} times too fast over {worst.pair.short}, {worst.long:.1f} over "
        )
        clears = "Abort the rollout, or find what burns the budget."
        told = f"{text}{worst.pair.long}."
        return Finding("SLO", Standing.HOLD, told, "error rate", Cause.SLO_BURNING, clears, Act.ABORT)
    if all(b.short is None for b in burns):
        return Finding("SLO", Standing.UNKNOWN, "Nothing was measured.", "error rate")
    fastest = max(b.short for b in burns if b.short is not None)
    return Finding("SLO", Standing.OK, f"The error budget burns at {fastest:.1f} times its pace at most.", "error rate")


def elsewhere(detail: Detail) -> tuple[Finding, ...]:
    """All topics of a Rollout in a further cluster: what it says of itself is judged, nothing of the home cluster is
    taken for it, and no act is offered.
    """
    unknown = {topic: Finding(topic, Standing.UNKNOWN, why) for topic, why in ELSEWHERE.items()}
    own = [
        replace(found, act=None, clears_by=f"{found.clears_by} {THERE}") if found.act else found
        for found in (analysis(detail), health(detail))
    ]
    return (unknown.pop("SLO"), own[0], *unknown.values(), own[1])


def analysis(detail: Detail) -> Finding:
    """The last analysis of this version."""
    rollout = detail.rollout
    mine = [r for r in detail.runs if is_of(r.template_hash, rollout)]
    last = mine[0] if mine else None
    if last is None:
        planned = any(s.kind in ("analysis", "experiment") for s in rollout.steps)
        text = "No analysis has run for this version yet." if planned else "Its steps hold no analysis."
        return Finding("analysis", Standing.OK if planned else Standing.WARN, text)
    told = last.explained() or last.phase.lower()
    if last.phase in ("Failed", "Error"):
        clears = "Abort or roll back; retry after the cause is mended."
        act = None if rollout.aborted else Act.ABORT
        return Finding("analysis", Standing.HOLD, told, last.name, Cause.ANALYSIS_FAILED, clears, act)
    if last.phase == "Inconclusive":
        clears = "Look at its measurements; promote to go on all the same, or abort."
        return Finding("analysis", Standing.HOLD, told, last.name, Cause.ANALYSIS_INCONCLUSIVE, clears, Act.ABORT)
    if last.running and rollout.moving:
        text, clears = "An analysis measures now.", "Wait for its measurements."
        return Finding("analysis", Standing.WAIT, text, last.name, Cause.ANALYSIS_RUNNING, clears)
    return Finding("analysis", Standing.OK, f"{last.name}: {told}", last.name)


def statistics(judgements: Sequence[Judgement]) -> list[Finding]:
    """The new version compared with the stable one."""
    if not judgements:
        return []
    worse = [j for j in judgements if j.word == "worse"]
    if worse:
        text = f"The new version is worse in {', '.join(j.metric for j in worse)}. {worst_of(worse)}".strip()
        clears = "Pause, and look at the charts."
        return [Finding("statistics", Standing.WARN, text, "Mann-Whitney U", Cause.CANARY_WORSE, clears, Act.PAUSE)]
    judged = [j for j in judgements if j.word != "not judged"]
    if not judged:
        return [Finding("statistics", Standing.UNKNOWN, judgements[0].why, "Mann-Whitney U")]
    return [Finding("statistics", Standing.OK, f"{len(judged)} metrics are no worse than stable.", "Mann-Whitney U")]


def worst_of(judgements: Sequence[Judgement]) -> str:
    """The largest effect among metrics that were tested, in words; without one, what is said of the first."""
    tested = [(abs(j.test.effect), j.metric, j.test) for j in judgements if j.test]
    if not tested:
        return judgements[0].why if judgements else ""
    _, metric, test = max(tested, key=lambda found: found[0])
    return f"Largest effect: {metric}, {test.effect:+.2f} (p {test.p:.1g})."


def gates(changes: Sequence[Change]) -> list[Finding]:
    """What the gates said of what runs, or of the act on it that they have denied since."""
    last = _judged(changes)
    return [_gate(topic, parts, last) for topic, parts in GATE_TOPICS.items()]


def _judged(changes: Sequence[Change]) -> Change | None:
    """The Change, newest first, whose gates count: one that was only asked for says nothing of what runs."""
    acted = False
    for change in changes:
        if change.runbook in BRINGS and change.state in _SENT:
            return change
        if change.runbook == "rollout_act" and not acted:
            acted = True
            if any(v.result is Result.DENY and v.gate != "rollout" for v in change.verdicts):
                return change
    return next((c for c in changes if c.runbook in BRINGS and c.verdicts), None)


def _gate(topic: str, parts: tuple[str, ...], last: Change | None) -> Finding:
    found: list[Verdict] = [v for v in last.verdicts if any(p in v.gate for p in parts)] if last else []
    if last is None or not found:
        objects = [r for v in (last.verdicts if last else ()) for r in v.reasons if _about(topic, r.rule)]
        if last and objects:  # if it denies, that is told of the policy
            return Finding(topic, Standing.WARN, objects[0].text, last.id, clears_by=objects[0].clears_by)
        return Finding(topic, Standing.UNKNOWN, "No gate of this kind has judged the version.")
    denied = [r for v in found for r in v.denials]
    warned = [r for v in found for r in v.warnings]
    if any(v.result is Result.DENY for v in found):
        first = denied[0] if denied else None
        text, clears = (first.text, first.clears_by) if first else ("A gate denies it.", "Look at the Change.")
        return Finding(topic, Standing.HOLD, text, last.id, Cause.GATE_DENIED, clears)
    if warned:
        return Finding(topic, Standing.WARN, warned[0].text, last.id, clears_by=warned[0].clears_by)
    rules = sum(v.rules_run for v in found)
    return Finding(topic, Standing.OK, f"{rules} rules allow it.", last.id)


def _about(topic: str, rule: str) -> bool:
    return any(part in rule for part in RULE_TOPICS.get(topic, ()))


def approvals(changes: Sequence[Change]) -> Finding:
    """Approvals that are missing, or were given."""
    waiting = [c for c in changes if c.state is State.AWAITING_APPROVAL]
    if waiting:
        first = waiting[0]
        missing = first.approvals_required - first.approvals_given
        text = f"{first.title} waits for {missing} approval{'s' if missing > 1 else ''}."
        clears = "Approve or reject it on its page."
        return Finding("approvals", Standing.HOLD, text, first.id, Cause.APPROVAL_MISSING, clears)
    last = next((c for c in changes if c.approvals_required), None)
    if last is None:
        return Finding("approvals", Standing.OK, "No act on it waits for anybody.")
    names = ", ".join(a.actor.name for a in last.valid_approvals)
    return Finding("approvals", Standing.OK, f"{last.title}: approved by {names or 'nobody'}.", last.id)


def health(detail: Detail) -> Finding:
    """The Rollout itself: its pauses, pods and progress."""
    rollout = detail.rollout
    step = rollout.steps[rollout.step] if rollout.step < len(rollout.steps) else None

    def stands(standing: Standing, text: str, cause: Cause, clears: str, act: Act | None = None) -> Finding:
        return Finding("health", standing, text, rollout.message, cause, clears, act)

    held, waits = partial(stands, Standing.HOLD), partial(stands, Standing.WAIT)
    if rollout.aborted:
        clears = "Retry it after the cause is mended, or roll back to the stable version."
        stays = (
            "the stable version serves everybody" if not rollout.actual else f"{rollout.actual} % still get the new one"
        )
        return held(f"It is aborted; {stays}.", Cause.ABORTED, clears, Act.UNDO)
    if rollout.paused_by_hand:
        return held("Somebody has paused it by hand.", Cause.PAUSED_BY_HAND, "Resume it.", Act.RESUME)
    if rollout.unpausing:
        text = "A pause was ended and its controller has not gone on."
        return held(text, Cause.CONTROLLER_BEHIND, "Promote it once more.", Act.PROMOTE)
    stuck = next((s for s in detail.replica_sets if s.problem and s.wanted), None)
    if rollout.phase is Phase.DEGRADED:
        text = rollout.message or "It made no progress in time."
        text += f" {stuck.name} can't make its pods: {stuck.problem}" if stuck else ""
        return held(text, Cause.NO_PROGRESS, "Look at its pods, then abort.", Act.ABORT if rollout.moving else None)
    if rollout.pauses and step is not None and step.waits_for_a_person:
        text = f"Step {rollout.step + 1} waits for a person."
        return held(text, Cause.WAITS_FOR_A_PERSON, "Promote it, or abort.", Act.PROMOTE)
    if rollout.pauses:
        text = f"Step {rollout.step + 1} pauses: {rollout_words.paused(rollout)}."
        return waits(text, Cause.TIMED_PAUSE, "Wait, or promote it.", Act.PROMOTE)
    unready = [p for p in detail.pods if not p.ready]
    if unready:
        text = f"{len(unready)} of {len(detail.pods)} pods are not ready: {unready[0].name} {unready[0].reason}".strip()
        if all(p.reason in _STARTS for p in unready):
            return waits(text, Cause.PODS_NOT_READY, "Wait for them: a pod that doesn't start in time is told.")
        return held(text, Cause.PODS_NOT_READY, "Look at these pods and their events.")
    if stuck is not None:
        clears = "Mend what keeps the pods from being made (quota, security, account)."
        return held(f"{stuck.name} can't make its pods: {stuck.problem}", Cause.PODS_NOT_READY, clears)
    if rollout.available < rollout.wanted:
        text = f"{rollout.available} of {rollout.wanted} replicas are available."
        return waits(text, Cause.PODS_NOT_READY, "Wait for its pods, or look at their events.")
    more = f", and {extra} more" if (extra := rollout.available - rollout.wanted) else ""
    return Finding("health", Standing.OK, f"{rollout.wanted} of {rollout.wanted} replicas are available{more}.")
