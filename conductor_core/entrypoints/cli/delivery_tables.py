"""Pipelines, rollouts and verdicts in a terminal."""

from __future__ import annotations

from collections.abc import Sequence

from conductor_core.domain import rollout_acts, rollout_words
from conductor_core.domain.canary_statistics import Judgement
from conductor_core.domain.dora import DEFINITIONS, Measure
from conductor_core.domain.fleets import Fleet
from conductor_core.domain.pipelines import Pipeline
from conductor_core.domain.rollout_parts import Detail
from conductor_core.domain.rollouts import Rollout
from conductor_core.domain.wave_verdicts import WaveVerdict
from conductor_core.entrypoints.cli.rendering import table
from conductor_core.entrypoints.cli.shared import console
from conductor_core.services.delivery import Panel
from conductor_core.services.fleet_clusters import Everywhere

_ROLLOUTS = ("ROLLOUT", "VERSION", "PHASE", "WAVE", "WEIGHT", "STEP", "REPLICAS", "CLUSTER")
"""Columns of the list; clusters are named when there are several."""


def show_board(pipelines: Sequence[Pipeline], found: Everywhere, fleets: Sequence[Fleet]) -> None:
    """Pipelines with their Applications, then rollouts, then fleets; a kind of which there is none is left out."""
    rows = [
        (p.name, a.name, a.sync, a.health, a.revision[:12], str(a.wave or "-"), a.last_error)
        for p in pipelines
        for a in p.applications
    ]
    if rows:
        console().print(table(("PIPELINE", "APPLICATION", "SYNC", "HEALTH", "REVISION", "WAVE", "LAST ERROR"), rows))
    if found.rollouts:
        heads = [h for h in _ROLLOUTS if h != "CLUSTER" or found.clusters]
        told = [tuple(row[h] for h in heads) for row in map(_row, found.rollouts)]
        console().print(table(heads, told))
        for rollout in filter(rollout_words.why, found.rollouts):
            console().print(f"{rollout.id}: {rollout_words.why(rollout)}")
    else:
        console().print("No rollout runs here. `conductor release deploy` of a chart that has one makes it.")
    groups = [(f.name, f"{len(f.moving)} of {len(f.members)}", f.why) for f in fleets]
    if groups:
        console().print(table(("FLEET", "MOVING", "BOUND BY"), groups))
    for name, why in found.why.items():
        console().print(f"no answer from {name}: what runs there is neither listed nor in a fleet\n  {why}")


def _row(r: Rollout) -> dict[str, str]:
    return {
        "ROLLOUT": f"{r.namespace}/{r.name}",
        "VERSION": r.version,
        "PHASE": r.phase.value,
        "WAVE": r.wave or "-",
        "WEIGHT": f"{r.actual} %",
        "STEP": rollout_words.step_now(r) or "-",
        "REPLICAS": rollout_words.replicas(r),
        "CLUSTER": r.cluster or "-",
    }


def show_detail(detail: Detail, verdict: WaveVerdict) -> None:
    """One rollout from the top: the verdict, the steps, replica sets, analyses."""
    rollout = detail.rollout
    out = console()
    out.print(f"{rollout.id}  {rollout.version}  {rollout_acts.state(rollout)}")
    if rollout.cluster:
        out.print(rollout_words.elsewhere(rollout))
    show_verdict(verdict)
    for at, step in enumerate(rollout.steps):
        mark = "▶" if rollout.moving and at == rollout.step else "✓" if at < rollout.step else "·"
        out.print(f"  {mark} {at + 1}. {step.wave}: {step.text}")
    sets = [(s.role, s.name, str(s.revision), f"{s.available}/{s.wanted}") for s in detail.replica_sets if s.wanted]
    out.print(table(("ROLE", "REPLICA SET", "REV", "AVAILABLE"), sets))
    unready = [(p.name, p.phase, str(p.restarts), p.reason) for p in detail.pods if not p.ready]
    out.print(f"{len(detail.pods) - len(unready)} of {len(detail.pods)} pods are ready")
    if unready:
        out.print(table(("POD", "PHASE", "RESTARTS", "WHY"), unready))
    for run in detail.runs[:5]:
        out.print(f"{run.name}  {run.phase}  {run.explained()}")


def show_verdict(verdict: WaveVerdict) -> None:
    """The verdict, topic by topic."""
    out = console()
    colour = {"failed": "red", "held": "yellow"}.get(verdict.word, "green")
    out.print(f"{verdict.word}{f' ({verdict.wave})' if verdict.wave else ''}: {verdict.summary}", style=colour)
    rows = [(f.topic, f.standing.value, f.text, f.clears_by) for f in verdict.findings]
    out.print(table(("TOPIC", "STANDS", "WHY", "CLEARED BY"), rows))


def show_panels(panels: Sequence[Panel], judged: Sequence[Judgement]) -> None:
    """The last value of each version, and what the comparison says."""
    said = {j.metric: f"{j.word}. {j.why}" for j in judged}
    rows = []
    for panel in panels:
        last = {role: points[-1][1] for role, points in panel.lines.items() if points}
        shown = [f"{last[role]:.4g}" if role in last else "-" for role in ("stable", "canary", "baseline")]
        rows.append((panel.query.title, *shown, said.get(panel.query.title, "")))
    console().print(table(("METRIC", "STABLE", "CANARY", "BASELINE", "JUDGEMENT"), rows))


def show_measures(found: Sequence[Measure]) -> None:
    """The four DORA measures, each with how it is counted."""
    rows = [(m.name, m.text, str(m.counted), DEFINITIONS[m.name]) for m in found]
    console().print(table(("MEASURE", "VALUE", "OF", "COUNTED AS"), rows))
