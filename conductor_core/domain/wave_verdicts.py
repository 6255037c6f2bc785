"""One verdict on a wave: every topic with its evidence, what holds it, and the act that would clear that.

The causes are a closed list: whatever holds a wave is one of them, or the verdict says that it can't tell.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

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
    HOLD = "hold"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Finding:
    """One topic: how it stands, the evidence, and, where it holds the wave, why and what clears it."""

    topic: str
    standing: Standing
    text: str
    evidence: str = ""
    cause: Cause | None = None
    clears_by: str = ""
    act: Act | None = None
    """The act on the rollout that clears it, where one does."""


@dataclass(frozen=True)
class WaveVerdict:
    """The verdict: `word` is done, at rest, goes on, held or failed."""

    wave: str
    word: str
    summary: str
    findings: tuple[Finding, ...]

    @property
    def holds(self) -> tuple[Finding, ...]:
        """What holds the wave."""
        return tuple(f for f in self.findings if f.standing is Standing.HOLD)

    @property
    def unjudged(self) -> tuple[Finding, ...]:
        """What can't be told: it neither holds the wave nor lets it go on."""
        return tuple(f for f in self.findings if f.standing is Standing.UNKNOWN)

    @property
    def causes(self) -> tuple[Cause, ...]:
        """The causes, each once."""
        return tuple(dict.fromkeys(f.cause for f in self.findings if f.cause is not None))


GATE_TOPICS = {
    "policy": ("policy/",),
    "scan": ("scan",),
    "signature": ("image", "signature"),
    "calendar": ("calendar",),
}
"""Topics that the gates of the release's last Change answer, by parts of the gates' names."""


def judge(
    detail: Detail,
    *,
    burns: Sequence[Burn] | None = None,
    judgements: Sequence[Judgement] = (),
    changes: Iterable[Change] = (),
) -> WaveVerdict:
    """The verdict on the wave of a Rollout now. `burns` None: no objective is known; `changes`: those of its release
    and of itself, newest first.
    """
    known = list(changes)
    findings = (
        _slo(burns),
        _analysis(detail),
        *_statistics(judgements),
        *_gates(known),
        _approvals(known),
        _health(detail),
    )
    rollout = detail.rollout
    holds = [f for f in findings if f.standing is Standing.HOLD]
    first = holds[0].text if holds else ""
    if rollout.aborted:
        failed = next(
            (r for r in detail.runs if r.phase in ("Failed", "Error") and _is_of(r.template_hash, rollout)), None
        )
        why = failed.explained() if failed else rollout.message
        return WaveVerdict(rollout.wave or "canary", "failed", f"It was aborted. {why}".strip(), findings)
    if rollout.in_progress and rollout.phase is Phase.DEGRADED:
        told = f"It has failed, and {rollout.actual} % still get the new version. {rollout.message}".strip()
        return WaveVerdict(rollout.wave, "failed", told, findings)
    if not rollout.in_progress:
        word = "done" if rollout.finished else "at rest"
        told = "Everybody has this version." if word == "done" else first or "Nothing is in progress."
        return WaveVerdict("", word, told, findings)
    if holds:
        return WaveVerdict(rollout.wave, "held", first, findings)
    return WaveVerdict(rollout.wave, "goes on", f"At {rollout.actual} %, on its way through the steps.", findings)


def _is_of(template_hash: str, rollout: Rollout) -> bool:
    return not template_hash or template_hash == rollout.current_hash


def _slo(burns: Sequence[Burn] | None) -> Finding:
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


def _analysis(detail: Detail) -> Finding:
    rollout = detail.rollout
    mine = [r for r in detail.runs if _is_of(r.template_hash, rollout)]
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
        return Finding(
            "analysis",
            Standing.HOLD,
            "It measures now.",
            last.name,
            Cause.ANALYSIS_RUNNING,
            "Wait for its measurements.",
        )
    return Finding("analysis", Standing.OK, f"{last.name}: {told}", last.name)


def _statistics(judgements: Sequence[Judgement]) -> list[Finding]:
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


def _gates(changes: Sequence[Change]) -> list[Finding]:
    last = next((c for c in changes if c.verdicts and c.runbook.startswith("deploy")), None)
    return [_gate(topic, parts, last) for topic, parts in GATE_TOPICS.items()]


def _gate(topic: str, parts: tuple[str, ...], last: Change | None) -> Finding:
    found: list[Verdict] = [v for v in last.verdicts if any(p in v.gate for p in parts)] if last else []
    if last is None or not found:
        return Finding(topic, Standing.UNKNOWN, "No gate of this kind has judged the version.")
    denied = [r for v in found if v.result is Result.DENY for r in v.reasons]
    warned = [r for v in found if v.result is Result.WARN for r in v.reasons]
    if any(v.result is Result.DENY for v in found):
        first = denied[0] if denied else None
        text, clears = (first.text, first.clears_by) if first else ("A gate denies it.", "Look at the Change.")
        return Finding(topic, Standing.HOLD, text, last.id, Cause.GATE_DENIED, clears)
    if warned:
        return Finding(topic, Standing.WARN, warned[0].text, last.id)
    rules = sum(v.rules_run for v in found)
    return Finding(topic, Standing.OK, f"{rules} rules allow it.", last.id)


def _approvals(changes: Sequence[Change]) -> Finding:
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


def _health(detail: Detail) -> Finding:
    rollout = detail.rollout
    step = rollout.steps[rollout.step] if rollout.step < len(rollout.steps) else None

    def held(text: str, cause: Cause, clears: str, act: Act | None = None) -> Finding:
        return Finding("health", Standing.HOLD, text, rollout.message, cause, clears, act)

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
        text = f"Step {rollout.step + 1} pauses: {rollout.pauses[0][0]}."
        return held(text, Cause.TIMED_PAUSE, "Wait, or promote it.", Act.PROMOTE)
    unready = [p for p in detail.pods if not p.ready]
    if unready:
        text = f"{len(unready)} of {len(detail.pods)} pods are not ready: {unready[0].name} {unready[0].reason}".strip()
        return held(text, Cause.PODS_NOT_READY, "Look at these pods and their events.")
    if stuck is not None:
        clears = "Mend what keeps the pods from being made (quota, security, account)."
        return held(f"{stuck.name} can't make its pods: {stuck.problem}", Cause.PODS_NOT_READY, clears)
    if rollout.available < rollout.wanted:
        text = f"{rollout.available} of {rollout.wanted} replicas are available."
        return held(text, Cause.PODS_NOT_READY, "Wait for its pods, or look at their events.")
    return Finding("health", Standing.OK, f"{rollout.available} of {rollout.wanted} replicas are available.")
