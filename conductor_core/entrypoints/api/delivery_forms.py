"""Progressive delivery as JSON: pipelines, Rollouts, verdicts and metrics, the same for CLI and API."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from typing import Any

from conductor_core.domain.analysis import AnalysisRun, Metric
from conductor_core.domain.fleets import Fleet
from conductor_core.domain.pipelines import Application, Pipeline
from conductor_core.domain.rollout_parts import Detail
from conductor_core.domain.rollouts import Rollout
from conductor_core.domain.wave_verdicts import WaveVerdict
from conductor_core.services.delivery import Panel

Form = dict[str, Any]


def pipeline_form(pipeline: Pipeline) -> Form:
    """One pipeline with its Applications."""
    return {
        "name": pipeline.name,
        "generators": list(pipeline.generators),
        "steps": list(pipeline.steps),
        "health": pipeline.health,
        "sync": pipeline.sync,
        "error": pipeline.error,
        "applications": [application_form(a) for a in pipeline.applications],
    }


def application_form(found: Application) -> Form:
    """One Application."""
    operation = found.operation
    return {
        "name": found.name,
        "namespace": found.target_namespace,
        "cluster": found.cluster,
        "sync": found.sync,
        "health": found.health,
        "revision": found.revision,
        "wave": found.wave,
        "wave_status": found.wave_status,
        "operation": operation.phase if operation else "",
        "last_error": found.last_error,
        "rollouts": [f"{namespace}/{name}" for namespace, name in found.rollouts],
        "images": list(found.images),
    }


def rollout_form(rollout: Rollout) -> Form:
    """One Rollout, without what belongs to it; its cluster is a context, "" for the home cluster."""
    return {
        "cluster": rollout.cluster,
        "namespace": rollout.namespace,
        "name": rollout.name,
        "phase": rollout.phase.value,
        "message": rollout.message,
        "version": rollout.version,
        "stable_tag": rollout.stable_tag,
        "wave": rollout.wave,
        "step": rollout.step,
        "steps": [{"wave": s.wave, "kind": s.kind, "text": s.text} for s in rollout.steps],
        "weight": rollout.weight,
        "actual_weight": rollout.actual,
        "in_progress": rollout.in_progress,
        "aborted": rollout.aborted,
        "replicas": {"wanted": rollout.wanted, "new": rollout.updated, "available": rollout.available},
        "revision": rollout.revision,
        "stable": rollout.stable_hash,
        "current": rollout.current_hash,
    }


def detail_form(detail: Detail, verdict: WaveVerdict) -> Form:
    """One Rollout with its replica sets, pods, analyses and the verdict on its wave."""
    return {
        **rollout_form(detail.rollout),
        "replica_sets": [_plain(asdict(s)) for s in detail.replica_sets],
        "pods": [_plain(asdict(p)) for p in detail.pods],
        "analysis_runs": [run_form(r) for r in detail.runs],
        "verdict": verdict_form(verdict),
    }


def run_form(run: AnalysisRun) -> Form:
    """One AnalysisRun with each measurement against its threshold."""
    return {
        "name": run.name,
        "phase": run.phase,
        "step": run.step,
        "explained": run.explained(),
        "metrics": [_metric(m) for m in run.metrics],
    }


def _metric(metric: Metric) -> Form:
    limit = metric.threshold
    rows = [
        {
            "phase": m.phase,
            "value": _finite(m.value),
            "raw": m.raw,
            "at": m.at.isoformat() if m.at else None,
            "missed_by": _finite(limit.missed_by(m.value)) if limit and m.value is not None else None,
        }
        for m in metric.measurements
    ]
    return {"name": metric.name, "phase": metric.phase, "threshold": str(limit) if limit else "", "measurements": rows}


def verdict_form(verdict: WaveVerdict) -> Form:
    """The verdict with its findings; `causes` come from a closed list."""
    return {
        "wave": verdict.wave,
        "verdict": verdict.word,
        "summary": verdict.summary,
        "causes": [c.value for c in verdict.causes],
        "findings": [
            {
                "topic": f.topic,
                "standing": f.standing.value,
                "text": f.text,
                "evidence": f.evidence,
                "cause": f.cause.value if f.cause else "",
                "clears_by": f.clears_by,
            }
            for f in verdict.findings
        ],
    }


def fleet_form(fleet: Fleet) -> Form:
    """One fleet and its members; `silent` are contexts of clusters that did not answer."""
    members = [
        {"rollout": m.id, "cluster": m.cluster, "phase": m.phase.value, "moving": m.moving} for m in fleet.members
    ]
    return {"name": fleet.name, "why": fleet.why, "members": members, "silent": list(fleet.silent)}


def panel_forms(panels: Iterable[Panel]) -> list[Form]:
    """The points of each panel, by version."""
    return [
        {
            "name": p.query.name,
            "title": p.query.title,
            "unit": p.query.unit,
            "threshold": str(p.query.threshold) if p.query.threshold else "",
            "lines": {role: [[at, _finite(v)] for at, v in points] for role, points in p.lines.items()},
        }
        for p in panels
    ]


def _finite(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None


def _plain(fields: Mapping[str, Any]) -> Form:
    return {k: v.isoformat() if hasattr(v, "isoformat") else v for k, v in fields.items()}
