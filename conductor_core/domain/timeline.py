"""The timeline of a rollout: moments of several sources in one order, each with who did it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from conductor_core.domain import rollout_words
from conductor_core.domain.pipelines import Application
from conductor_core.domain.rollout_parts import Detail


@dataclass(frozen=True)
class Moment:
    """One moment: `source` is argo-cd, rollout, analysis or change; `id` names what it is part of."""

    at: datetime
    source: str
    what: str
    who: str = ""
    detail: str = ""
    id: str = ""

    def as_json(self) -> dict[str, str]:
        """Plain JSON, the time in UTC."""
        at = self.at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
        words = {"source": self.source, "what": self.what, "who": self.who, "detail": self.detail, "id": self.id}
        return {"at": at, **words}


def of_syncs(application: Application) -> list[Moment]:
    """The syncs in an Application's history."""
    return [
        Moment(h.finished, "argo-cd", f"{application.name} synced", h.by, h.revision[:12], str(h.id))
        for h in application.history
        if h.finished
    ]


def of_rollout(detail: Detail) -> list[Moment]:
    """The versions and the measurements of a Rollout, as far as the cluster still has them."""
    out = [
        Moment(s.created, "rollout", f"revision {s.revision} began", "", ", ".join(s.images), s.name)
        for s in detail.replica_sets
        if s.created and s.revision
    ]
    rollout = detail.rollout
    if rollout.aborted and rollout.aborted_at:
        out.append(Moment(rollout.aborted_at, "rollout", "aborted", "", rollout_words.why(rollout), rollout.name))
    for run in detail.runs:
        if run.started:
            out.append(Moment(run.started, "analysis", f"{run.name} began", "", run.kind, run.name))
        for metric in run.metrics:
            for m in metric.measurements:
                if m.at:
                    limit = f" against {metric.threshold}" if metric.threshold else ""
                    value = f"{m.value:.6g}" if m.value is not None else m.raw[:80]
                    what = f"{metric.name} {m.phase.lower()}"
                    out.append(Moment(m.at, "analysis", what, "", f"{value}{limit}", run.name))
        if run.finished:
            told = run.explained() if run.phase != "Successful" else ""
            out.append(Moment(run.finished, "analysis", f"{run.name} {run.phase.lower()}", "", told, run.name))
    return out


def joined(moments: Iterable[Moment]) -> tuple[Moment, ...]:
    """All of them, oldest first; the same moment told twice is there once."""
    return tuple(sorted(dict.fromkeys(moments), key=lambda m: (m.at, m.source, m.what)))
