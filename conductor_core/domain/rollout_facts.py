"""Facts of a rollout that are kept for ever: where it stood, what was measured, what was synced.

Numbers that may be fractions are texts, since what is hashed in canonical form holds no floats.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime

from conductor_core.domain import rollout_words
from conductor_core.domain.analysis import AnalysisRun, Measurement, Metric
from conductor_core.domain.events import Event, Fact
from conductor_core.domain.fields import moment
from conductor_core.domain.pipelines import Application
from conductor_core.domain.rollouts import Rollout
from conductor_core.domain.timeline import Moment

STEPPED = "conductor.rollout.stepped.v1"
MEASURED = "conductor.metric.measured.v1"
SYNCED = "conductor.application.synced.v1"
_LONGEST = 400


def subject(rollout: Rollout) -> str:
    """What the facts of a Rollout are about."""
    return f"rollout/{rollout.id}"


def stepped(rollout: Rollout) -> Fact:
    """Where a Rollout stands now; release and channel are for whoever records it to add."""
    word = "aborted" if rollout.aborted else rollout.phase.value.lower()
    return Fact(
        STEPPED,
        {
            "version": rollout.version,
            "revision": rollout.revision,
            "template": rollout.current_hash,
            "wave": rollout.wave,
            "step": min(rollout.step, len(rollout.steps)),
            "steps": len(rollout.steps),
            "does": rollout.steps[rollout.step].text if rollout.step < len(rollout.steps) else "",
            "weight": rollout.actual,
            "phase": word,
            "why": rollout_words.why(rollout)[:_LONGEST],
        },
    )


def mark(fact: Fact | Event) -> tuple[object, ...]:
    """What makes two facts of one Rollout the same moment: a step in a phase, or one measurement.

    An abort has two: when it is asked for, and when nobody gets the new version any more.
    """
    data = fact.data
    if fact.type == MEASURED:
        return (MEASURED, data.get("run"), data.get("metric"), data.get("number"))
    if fact.type == SYNCED:
        return (SYNCED, data.get("at"))
    gone = data.get("phase") == "aborted" and data.get("weight") == 0
    return (STEPPED, *(data.get(k) for k in ("revision", "template", "step", "phase")), gone)


def measured(run: AnalysisRun) -> list[Fact]:
    """Each measurement of an AnalysisRun that has ended."""
    return [_measured(run, m, n, one) for m in run.metrics for n, one in enumerate(m.measurements) if one.at]


def _measured(run: AnalysisRun, metric: Metric, number: int, one: Measurement) -> Fact:
    limit = metric.threshold
    missed = limit.missed_by(one.value) if limit and one.value is not None else 0.0
    return Fact(
        MEASURED,
        {
            "run": run.name,
            "template": run.template_hash,
            "metric": metric.name,
            "number": number,
            "value": f"{one.value:.6g}" if one.value is not None else one.raw[:80],
            "relation": limit.relation if limit else "",
            "threshold": f"{limit.limit:g}" if limit else "",
            "missed_by": f"{missed:.6g}" if missed else "",
            "phase": one.phase.lower(),
            "at": _stamp(one.at),
        },
    )


def synced(application: Application) -> Fact | None:
    """The sync of an Application that has ended; None when none has."""
    operation = application.operation
    if operation is None or operation.running or operation.finished is None:
        return None
    return Fact(
        SYNCED,
        {
            "application": application.name,
            "pipeline": application.pipeline,
            "rollouts": [f"{namespace}/{name}" for namespace, name in application.rollouts],
            "revision": operation.revision,
            "phase": operation.phase.lower(),
            "by": operation.by,
            "operation": operation.operation_id,
            "why": operation.message[:_LONGEST] if operation.phase != "Succeeded" else "",
            "at": _stamp(operation.finished),
        },
    )


def moments(events: Iterable[Event]) -> list[Moment]:
    """What the record has kept of a Rollout, as moments of its timeline."""
    out = []
    for event in events:
        data = {k: str(v) for k, v in event.data.items()}
        at = moment(data.get("at")) or event.time
        if event.type == STEPPED:
            step = f"step {int(data['step']) + 1} of {data['steps']}" if data["does"] else "all steps done"
            detail = ", ".join(t for t in (data["does"], f"{data['weight']} %", data["why"]) if t)
            what = f"{data['version']} {data['phase']} at {step}"
            out.append(Moment(at, "rollout", what, "", detail, data["template"]))
        elif event.type == MEASURED:
            limit = f" against {data['relation']} {data['threshold']}" if data["threshold"] else ""
            what = f"{data['metric']} {data['phase']}"
            out.append(Moment(at, "analysis", what, "", f"{data['value']}{limit}", data["run"]))
    return out


def _stamp(at: datetime | None) -> str:
    return at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z") if at else ""
