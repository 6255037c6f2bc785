"""A Rollout of Argo Rollouts as people read it: its steps, where it stands, its weight, its replica sets.

Fields: https://argo-rollouts.readthedocs.io/en/stable/features/specification/. Weight and phase follow the controller's
own rules: the last `setWeight` up to the present step, 0 when aborted; a spec or an unpausing that the controller has
not seen yet is progress.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from conductor_core.domain import ownership
from conductor_core.domain.fields import duration, listing, mapping, moment, number
from conductor_core.domain.manifests import Kind
from conductor_core.domain.waves import WAVES
from conductor_core.errors import InputError

ROLLOUT = Kind("argoproj.io/v1alpha1", "Rollout")
ANALYSIS_RUN = Kind("argoproj.io/v1alpha1", "AnalysisRun")
ANALYSIS_TEMPLATE = Kind("argoproj.io/v1alpha1", "AnalysisTemplate")
CLUSTER_TEMPLATE = Kind("argoproj.io/v1alpha1", "ClusterAnalysisTemplate")
EXPERIMENT = Kind("argoproj.io/v1alpha1", "Experiment")
REPLICA_SET = Kind("apps/v1", "ReplicaSet")
POD = Kind("v1", "Pod")
HASH = "rollouts-pod-template-hash"
REVISION = "rollout.argoproj.io/revision"
STABLE_TAG = "conductor.summit.example/stable-tag"
WAVE_NAMES = "conductor.summit.example/waves"
"""The annotation by which a chart says the wave of each step, commas between: Argo Rollouts has no field for it."""
ABORTED = "RolloutAborted"


class Phase(StrEnum):
    """Argo Rollouts' own word for how a Rollout is."""

    HEALTHY = "Healthy"
    PROGRESSING = "Progressing"
    PAUSED = "Paused"
    DEGRADED = "Degraded"


@dataclass(frozen=True)
class Step:
    """One step of a canary. `kind` is weight, pause, analysis, experiment or the controller's own word; `text` says
    it in a few words; `weight` is what a weight step sets (percent); `names` are templates of an analysis.
    """

    kind: str
    text: str
    weight: int | None = None
    seconds: int | None = None
    names: tuple[str, ...] = ()
    wave: str = ""

    @property
    def waits_for_a_person(self) -> bool:
        """Whether it is a pause without an end."""
        return self.kind == "pause" and self.seconds is None


@dataclass(frozen=True)
class Rollout:
    """One Rollout at one moment. `step` is the index of the present step, `len(steps)` when all are done; weights are
    percent of users who get the new version: `weight` as asked for, `actual` as it is.
    """

    namespace: str
    name: str
    uid: str
    resource_version: str
    generation: int
    phase: Phase
    message: str
    strategy: str
    steps: tuple[Step, ...]
    step: int
    weight: int
    actual: int
    stable_hash: str
    current_hash: str
    aborted: bool
    aborted_at: datetime | None
    paused_by_hand: bool
    pauses: tuple[tuple[str, str], ...]
    """Why the controller has paused it, and since when, as it writes them."""
    controller_pause: bool
    promote_full: bool
    inconclusive: bool
    replicas: int
    updated: int
    ready: int
    available: int
    wanted: int
    images: tuple[str, ...]
    version: str
    stable_tag: str
    restart_at: str
    restarted_at: str
    revision: int
    analysis_run: str
    experiment: str
    workload: tuple[str, str]
    """Kind and name of the workload that its template comes from; empty: its own."""
    created: datetime | None = None
    labels: tuple[tuple[str, str], ...] = ()
    application: tuple[str, str] = ("", "")
    """Namespace ('' is Argo CD's own) and name of the Argo CD Application that owns it; empty: none does."""
    cluster: str = ""
    """The context of the cluster that it runs in; '' is the one that the product works on."""

    @property
    def id(self) -> str:
        """`namespace/name`, in another cluster `cluster/namespace/name`."""
        return "/".join(filter(None, (self.cluster, self.namespace, self.name)))

    @property
    def in_progress(self) -> bool:
        """Whether a new version is on its way: the wanted template is not the stable one."""
        return bool(self.stable_hash) and self.current_hash != self.stable_hash

    @property
    def moving(self) -> bool:
        """Whether a wave runs: something is on its way and not aborted."""
        return self.in_progress and not self.aborted

    @property
    def unpausing(self) -> bool:
        """Whether a pause was ended that its controller has not taken note of."""
        return self.controller_pause and not self.pauses

    @property
    def wave(self) -> str:
        """The wave of the present step; '' when nothing moves."""
        if not self.moving or not self.steps:
            return ""
        return self.steps[self.step].wave if self.step < len(self.steps) else WAVES[-1]

    @property
    def finished(self) -> bool:
        """Whether the wanted version is everybody's and everything is up."""
        return self.phase is Phase.HEALTHY and self.current_hash == self.stable_hash


def parse(raw: Mapping[str, Any]) -> Rollout:
    """A Rollout as the API gives it; missing fields are read as the controller reads them. Raises `InputError`."""
    metadata, spec, status = mapping(raw.get("metadata")), mapping(raw.get("spec")), mapping(raw.get("status"))
    name = str(metadata.get("name", ""))
    if not name:
        raise InputError("An object without a name is no Rollout.", next="Look at it with kubectl.")
    strategy = mapping(spec.get("strategy"))
    canary = mapping(strategy.get("canary"))
    notes = mapping(metadata.get("annotations"))
    steps = with_waves(tuple(step_of(s) for s in listing(canary.get("steps"))), str(notes.get(WAVE_NAMES) or ""))
    now = mapping(status.get("canary"))
    stable, current = str(status.get("stableRS", "")), str(status.get("currentPodHash", ""))
    aborted = bool(status.get("abort"))
    at = number(status.get("currentStepIndex"), len(steps) if stable == current else 0)
    phase, message = _phase(metadata, spec, status)
    run = mapping(now.get("currentStepAnalysisRunStatus")) or mapping(now.get("currentBackgroundAnalysisRunStatus"))
    template = mapping(mapping(spec.get("template")).get("spec"))
    reference = mapping(spec.get("workloadRef"))
    labels = mapping(mapping(mapping(spec.get("template")).get("metadata")).get("labels"))
    images = tuple(str(c.get("image", "")) for c in listing(template.get("containers")))
    return Rollout(
        namespace=str(metadata.get("namespace", "")),
        name=name,
        uid=str(metadata.get("uid", "")),
        resource_version=str(metadata.get("resourceVersion", "")),
        generation=number(metadata.get("generation")),
        phase=phase,
        message=message,
        strategy="blueGreen" if "blueGreen" in strategy else "canary",
        steps=steps,
        step=at,
        weight=_asked(steps, at, aborted=aborted, done=stable == current),
        actual=_actual(canary, now, status, done=stable == current),
        stable_hash=stable,
        current_hash=current,
        aborted=aborted,
        aborted_at=moment(status.get("abortedAt")),
        paused_by_hand=bool(spec.get("paused")),
        pauses=tuple(
            (str(p.get("reason", "")), str(p.get("startTime", ""))) for p in listing(status.get("pauseConditions"))
        ),
        controller_pause=bool(status.get("controllerPause")),
        promote_full=bool(status.get("promoteFull")),
        inconclusive=mapping(now.get("currentStepAnalysisRunStatus")).get("status") == "Inconclusive",
        replicas=number(status.get("replicas")),
        updated=number(status.get("updatedReplicas")),
        ready=number(status.get("readyReplicas")),
        available=number(status.get("availableReplicas")),
        wanted=number(spec.get("replicas"), 1),
        images=images,
        version=str(labels.get("version") or labels.get("app.kubernetes.io/version") or tag(images)),
        stable_tag=str(notes.get(STABLE_TAG, "")),
        restart_at=str(spec.get("restartAt") or ""),
        restarted_at=str(status.get("restartedAt") or ""),
        revision=number(notes.get(REVISION)),
        analysis_run=str(run.get("name", "")),
        experiment=str(now.get("currentExperiment", "")),
        workload=(str(reference.get("kind", "")), str(reference.get("name", ""))),
        created=moment(metadata.get("creationTimestamp")),
        labels=tuple(sorted((str(k), str(v)) for k, v in mapping(metadata.get("labels")).items())),
        application=ownership.owner((raw,)),
    )


def step_of(raw: Mapping[str, Any]) -> Step:
    """One step of `spec.strategy.canary.steps`."""
    if "setWeight" in raw:
        weight = number(raw["setWeight"])
        return Step("weight", f"weight {weight} %", weight)
    if "pause" in raw:
        seconds = duration(mapping(raw["pause"]).get("duration"))
        return Step(
            "pause", "pause until a person promotes" if seconds is None else f"pause {seconds} s", None, seconds
        )
    if "analysis" in raw:
        templates = listing(mapping(raw["analysis"]).get("templates"))
        names = tuple(str(t.get("templateName", "")) for t in templates)
        return Step("analysis", f"analysis {', '.join(names)}", names=names)
    if "experiment" in raw:
        found = mapping(raw["experiment"])
        names = tuple(str(t.get("templateName", "")) for t in listing(found.get("analyses")))
        seconds = duration(found.get("duration"))
        length = f" {seconds} s" if seconds is not None else ""
        return Step("experiment", f"experiment{length}, stable and new side by side", None, seconds, names)
    kind = next(iter(raw), "step")
    return Step(str(kind), str(kind))


def with_waves(steps: Sequence[Step], told: str = "") -> tuple[Step, ...]:
    """The steps with a wave each: as `told` (names with commas between) when it names one for each step.

    Else by what the steps do, whatever the weights: an experiment is the baseline, from the weight 100 on it is full,
    and all before is canary, as Argo Rollouts itself calls it.
    """
    names = [name.strip() for name in told.split(",")]
    if len(names) != len(steps) or not set(names) <= set(WAVES):
        full = next((at for at, step in enumerate(steps) if (step.weight or 0) >= 100), len(steps))
        names = [
            "full" if at >= full else "baseline" if step.kind == "experiment" else "canary"
            for at, step in enumerate(steps)
        ]
    return tuple(replace(step, wave=name) for step, name in zip(steps, names, strict=True))


def tag(images: Sequence[str]) -> str:
    """The tag of the first image; '' when there is none."""
    name = images[0].rpartition("/")[2].partition("@")[0] if images else ""
    return name.partition(":")[2]


def _asked(steps: Sequence[Step], at: int, *, aborted: bool, done: bool) -> int:
    if done:
        return 100
    if aborted:
        return 0
    if at >= len(steps):
        return 100
    return next((s.weight for s in reversed(steps[: at + 1]) if s.weight is not None), 0)


def _actual(canary: Mapping[str, Any], now: Mapping[str, Any], status: Mapping[str, Any], *, done: bool) -> int:
    if done:
        return 100
    routed = mapping(mapping(now.get("weights")).get("canary"))
    if canary.get("trafficRouting") and routed:
        return number(routed.get("weight"))
    total = number(status.get("availableReplicas"))
    return round(100 * min(number(status.get("updatedReplicas")), total) / total) if total else 0


def _phase(metadata: Mapping[str, Any], spec: Mapping[str, Any], status: Mapping[str, Any]) -> tuple[Phase, str]:
    seen = number(status.get("observedGeneration"), -1)
    if seen != -1 and seen < number(metadata.get("generation")):
        return Phase.PROGRESSING, "waiting for its controller to see the newest spec"
    if status.get("controllerPause") and not status.get("pauseConditions"):
        return Phase.PROGRESSING, "waiting for its controller to unpause"
    try:
        return Phase(str(status.get("phase") or "Progressing")), str(status.get("message") or "")
    except ValueError:
        return Phase.PROGRESSING, str(status.get("phase"))
