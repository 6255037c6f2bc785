"""What belongs to a Rollout: replica sets, pods by revision, experiments; and their part in it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from conductor_core.domain import health
from conductor_core.domain.analysis import AnalysisRun
from conductor_core.domain.fields import listing, mapping, moment, number
from conductor_core.domain.rollouts import HASH, REVISION, Rollout, tag


@dataclass(frozen=True)
class ReplicaSet:
    """One replica set; `role` is stable, canary, baseline (of an experiment) or old."""

    name: str
    hash: str
    revision: int
    role: str
    wanted: int
    ready: int
    available: int
    images: tuple[str, ...]
    created: datetime | None
    problem: str = ""
    """Why it can't make its pods, in its controller's words."""


@dataclass(frozen=True)
class Pod:
    """One pod: `hash` says which replica set it is of."""

    name: str
    hash: str
    ready: bool
    phase: str
    restarts: int
    reason: str
    created: datetime | None


@dataclass(frozen=True)
class Detail:
    """A Rollout with everything that belongs to it, newest first."""

    rollout: Rollout
    replica_sets: tuple[ReplicaSet, ...]
    pods: tuple[Pod, ...]
    runs: tuple[AnalysisRun, ...]

    def hash_of(self, role: str) -> str:
        """The template hash of the replica set in that role; '' when there is none."""
        return next((r.hash for r in self.replica_sets if r.role == role and r.hash), "")

    def before(self, revision: int = 0) -> ReplicaSet | None:
        """The replica set that an undo goes back to: that of a revision; 0: the newest one with another template."""
        kept = (s for s in self.replica_sets if s.revision)
        now = self.rollout.current_hash
        return next((s for s in kept if (s.revision == revision if revision else s.hash != now)), None)

    def way_back(self, to: ReplicaSet) -> str:
        """What an undo to that replica set gives, and how: the controller skips all steps back to the stable one."""
        named = f"revision {to.revision} ({tag(to.images) or to.hash})"
        if to.hash == self.rollout.stable_hash:
            return f"{named} at once: it is the stable version"
        return f"{named}, by the same steps"


def owned(raw: Mapping[str, Any], uids: frozenset[str]) -> bool:
    """Whether a controller with one of these uids owns the object."""
    return any(o.get("uid") in uids for o in listing(mapping(raw.get("metadata")).get("ownerReferences")))


def replica_sets(raws: Iterable[Mapping[str, Any]], rollout: Rollout) -> tuple[ReplicaSet, ...]:
    """The replica sets that the Rollout owns, newest revision first."""
    mine = [r for r in raws if owned(r, frozenset({rollout.uid}))]
    return tuple(sorted((_set(r, rollout) for r in mine), key=lambda s: -s.revision))


def _set(raw: Mapping[str, Any], rollout: Rollout) -> ReplicaSet:
    metadata, status = mapping(raw.get("metadata")), mapping(raw.get("status"))
    told = str(mapping(metadata.get("labels")).get(HASH, ""))
    role = "stable" if told == rollout.stable_hash else "canary" if told == rollout.current_hash else "old"
    containers = listing(mapping(mapping(mapping(raw.get("spec")).get("template")).get("spec")).get("containers"))
    return ReplicaSet(
        str(metadata.get("name", "")),
        told,
        number(mapping(metadata.get("annotations")).get(REVISION)),
        role,
        number(mapping(raw.get("spec")).get("replicas")),
        number(status.get("readyReplicas")),
        number(status.get("availableReplicas")),
        tuple(str(c.get("image", "")) for c in containers),
        moment(metadata.get("creationTimestamp")),
        next(
            (str(c.get("message", "")) for c in listing(status.get("conditions")) if c.get("type") == "ReplicaFailure"),
            "",
        ),
    )


def experiment_sets(
    raws: Iterable[Mapping[str, Any]], experiments: Iterable[Mapping[str, Any]]
) -> tuple[ReplicaSet, ...]:
    """The replica sets of running experiments; the one made from the stable template is the baseline."""
    names = {
        str(mapping(e.get("metadata")).get("uid", "")): str(mapping(e["metadata"]).get("name", "")) for e in experiments
    }
    out = []
    for raw in raws:
        metadata, status = mapping(raw.get("metadata")), mapping(raw.get("status"))
        if not owned(raw, frozenset(names)):
            continue
        template = str(mapping(metadata.get("annotations")).get("experiment.argoproj.io/template-name", ""))
        out.append(
            ReplicaSet(
                str(metadata.get("name", "")),
                str(mapping(metadata.get("labels")).get(HASH, "")),
                0,
                "baseline" if template in ("baseline", "stable") else f"experiment {template}".strip(),
                number(mapping(raw.get("spec")).get("replicas")),
                number(status.get("readyReplicas")),
                number(status.get("availableReplicas")),
                (),
                moment(metadata.get("creationTimestamp")),
            )
        )
    return tuple(out)


def pods(raws: Iterable[Mapping[str, Any]], hashes: frozenset[str]) -> tuple[Pod, ...]:
    """The pods of these template hashes that are not on their way out, by name."""
    out = []
    for raw in raws:
        metadata, status = mapping(raw.get("metadata")), mapping(raw.get("status"))
        told = str(mapping(metadata.get("labels")).get(HASH, ""))
        if told not in hashes or metadata.get("deletionTimestamp"):
            continue
        found = health.of(raw)
        restarts = sum(number(c.get("restartCount")) for c in listing(status.get("containerStatuses")))
        ready = found.health is health.Health.HEALTHY
        out.append(
            Pod(
                str(metadata.get("name", "")),
                told,
                ready,
                str(status.get("phase", "")),
                restarts,
                found.reason,
                moment(metadata.get("creationTimestamp")),
            )
        )
    return tuple(sorted(out, key=lambda p: p.name))
