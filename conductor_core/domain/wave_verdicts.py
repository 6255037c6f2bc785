"""One verdict on a wave: every topic with its evidence, what holds it, and the act that would clear that."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from conductor_core.domain import rollout_words, wave_findings
from conductor_core.domain.burn_rate import Burn
from conductor_core.domain.canary_statistics import Judgement
from conductor_core.domain.changes import Change
from conductor_core.domain.rollout_parts import Detail
from conductor_core.domain.rollouts import Phase
from conductor_core.domain.wave_findings import Cause, Finding, Standing


@dataclass(frozen=True)
class WaveVerdict:
    """The verdict: `word` is done, at rest, goes on, held or failed."""

    wave: str
    word: str
    summary: str
    findings: tuple[Finding, ...]

    @property
    def holds(self) -> tuple[Finding, ...]:
        """What holds the wave until somebody does something."""
        return tuple(f for f in self.findings if f.standing is Standing.HOLD)

    @property
    def waits(self) -> tuple[Finding, ...]:
        """What the wave waits for; it ends by itself."""
        return tuple(f for f in self.findings if f.standing is Standing.WAIT)

    @property
    def unjudged(self) -> tuple[Finding, ...]:
        """What can't be told: it neither holds the wave nor lets it go on."""
        return tuple(f for f in self.findings if f.standing is Standing.UNKNOWN)

    @property
    def causes(self) -> tuple[Cause, ...]:
        """The causes, each once."""
        return tuple(dict.fromkeys(f.cause for f in self.findings if f.cause is not None))


TOLD = 2
"""Causes of a hold that the summary names: a wave whose step waits may wait for an approval as well."""


def judge(
    detail: Detail,
    *,
    burns: Sequence[Burn] | None = None,
    judgements: Sequence[Judgement] = (),
    changes: Iterable[Change] = (),
) -> WaveVerdict:
    """The verdict on the wave of a Rollout now. `burns` None: no objective is known; `changes`: those of its release
    and of itself, newest first. All three are of the home cluster: of a Rollout elsewhere they are not looked at.
    """
    known = list(changes)
    findings = (
        wave_findings.elsewhere(detail)
        if detail.rollout.cluster
        else (
            wave_findings.slo(burns),
            wave_findings.analysis(detail),
            *wave_findings.statistics(judgements),
            *wave_findings.gates(known),
            wave_findings.health(detail),
            wave_findings.approvals(known),
        )
    )
    rollout = detail.rollout
    holds = [f for f in findings if f.standing is Standing.HOLD]
    first = holds[0].text if holds else ""
    if rollout.aborted:
        failed = next(
            (
                r
                for r in detail.runs
                if r.phase in ("Failed", "Error") and wave_findings.is_of(r.template_hash, rollout)
            ),
            None,
        )
        why = f"It was aborted. {failed.explained()}" if failed else rollout_words.why(rollout)
        step = rollout_words.failed_step(detail)
        wave = rollout.steps[step].wave if step is not None and step < len(rollout.steps) else ""
        return WaveVerdict(wave, "failed", why.strip(), findings)
    if rollout.in_progress and rollout.phase is Phase.DEGRADED:
        told = f"It has failed, and {rollout.actual} % still get the new version. {rollout.message}".strip()
        return WaveVerdict(rollout.wave, "failed", told, findings)
    if not rollout.in_progress:
        word = "done" if rollout.finished else "at rest"
        told = "Everybody has this version." if word == "done" else first or "Nothing is in progress."
        return WaveVerdict("", word, told, findings)
    if holds:
        told = " ".join(f.text for f in holds[:TOLD])
        return WaveVerdict(rollout.wave, "held", told, findings)
    at = f"At {rollout.actual} %, on its way through the steps."
    told = " ".join([at, *(f.text for f in findings if f.standing is Standing.WAIT)])
    return WaveVerdict(rollout.wave, "goes on", told, findings)
