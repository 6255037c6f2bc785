"""`Rollouts` on objects in memory: the adapter itself, over a controller that is played in a few lines.

The player moves a Rollout as far as its steps let it (weights and timed pauses pass at once, a pause without an end
holds, an analysis ends as `verdicts` says), makes replica sets, and keeps status as the controller does.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from conductor_core.adapters.argo_rollouts import ArgoRollouts
from conductor_core.domain.rollouts import ANALYSIS_RUN, HASH, REPLICA_SET, REVISION, ROLLOUT
from tests.fakes.cluster import FakeCluster
from tests.fakes.object_patches import FakePatches

API = "argoproj.io/v1alpha1"
SINCE = "2026-11-24T10:00:00Z"
DEFAULT_STEPS: tuple[Mapping[str, Any], ...] = ({"setWeight": 20}, {"pause": {}}, {"setWeight": 100})


def manifest(
    namespace: str, name: str = "api", tag: str = "1.0.0", steps: Any = DEFAULT_STEPS, replicas: int = 5
) -> dict[str, Any]:
    """A Rollout as somebody would write it; the control plane's simulator answers for its pods."""
    labels = {"app": name, "app.kubernetes.io/part-of": "intelgraph", "version": tag}
    return {
        "apiVersion": API,
        "kind": "Rollout",
        "metadata": {"name": name, "namespace": namespace},
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": {"app": name}},
            "template": {
                "metadata": {"labels": labels},
                "spec": {"containers": [{"name": "api", "image": f"registry.test/{name}:{tag}"}]},
            },
            "strategy": {"canary": {"maxSurge": "50%", "steps": [dict(s) for s in steps]}},
        },
    }


@dataclass
class Player:
    """Plays the Rollouts controller on a `FakeCluster`; `stuck`: it does nothing at all."""

    cluster: FakeCluster
    verdicts: dict[str, str] = field(default_factory=dict)
    stuck: bool = False
    ticks: int = 0

    def play(self) -> None:
        """Bring every Rollout as far as it goes."""
        if self.stuck:
            return
        for kind, namespace, name in list(self.cluster.store):
            if kind == ROLLOUT:
                self._rollout(self.cluster.store[(kind, namespace, name)])

    def _rollout(self, raw: dict[str, Any]) -> None:
        metadata, spec, status = raw["metadata"], raw["spec"], raw.setdefault("status", {})
        metadata.setdefault("uid", f"uid-{metadata['namespace']}-{metadata['name']}")
        metadata.setdefault("resourceVersion", "1")
        metadata.setdefault("generation", 1)
        steps = spec["strategy"].get("canary", {}).get("steps", [])
        current = template_hash(spec["template"])
        if current != status.get("currentPodHash"):
            self._new_template(raw, current)
        if status["stableRS"] == current or not steps:
            status.update(stableRS=current, currentStepIndex=len(steps), phase="Healthy", message="", abort=False)
            status["controllerPause"] = False
            status.pop("pauseConditions", None)
            self._settle(raw, 100)
        elif status.get("abort"):
            status.setdefault("abortedAt", SINCE)
            at = metadata.get("annotations", {}).get(REVISION, 0)
            told = f"RolloutAborted: Rollout aborted update to revision {at}"
            status.update(phase="Degraded", message=told, currentStepIndex=0)
            status.update(controllerPause=False)
            status.pop("pauseConditions", None)
            self._settle(raw, 0)
        elif status.get("promoteFull"):
            status.update(stableRS=current, promoteFull=False)
            self._rollout(raw)
        else:
            self._walk(raw, steps)

    def _new_template(self, raw: dict[str, Any], current: str) -> None:
        status = raw["status"]
        status.update(currentPodHash=current, currentStepIndex=0, abort=False)
        status.setdefault("stableRS", current)
        for key in ("pauseConditions", "controllerPause", "abortedAt"):
            status.pop(key, None)
        revision = str(int((raw["metadata"].get("annotations") or {}).get(REVISION, "0")) + 1)
        raw["metadata"]["annotations"] = {**(raw["metadata"].get("annotations") or {}), REVISION: revision}
        name = f"{raw['metadata']['name']}-{current}"
        labels = {**raw["spec"]["template"]["metadata"]["labels"], HASH: current}
        template = {**raw["spec"]["template"], "metadata": {"labels": labels}}
        self.cluster.put(
            {
                "apiVersion": "apps/v1",
                "kind": "ReplicaSet",
                "metadata": {
                    "name": name,
                    "namespace": raw["metadata"]["namespace"],
                    "labels": labels,
                    "annotations": {REVISION: revision},
                    "ownerReferences": [{"uid": raw["metadata"]["uid"]}],
                    "creationTimestamp": SINCE,
                },
                "spec": {"replicas": 0, "template": template},
                "status": {},
            }
        )

    def _walk(self, raw: dict[str, Any], steps: list[dict[str, Any]]) -> None:
        spec, status = raw["spec"], raw["status"]
        if status.get("controllerPause") and not status.get("pauseConditions"):
            status["controllerPause"] = False
            at = status["currentStepIndex"]
            done = at < len(steps) and "pause" in steps[at] and not spec.get("paused")
            status["currentStepIndex"] = at + 1 if done else at
        status.update(phase="Progressing", message="more replicas need to be updated")
        while status["currentStepIndex"] < len(steps):
            step = steps[status["currentStepIndex"]]
            if spec.get("paused"):
                status.update(phase="Paused", message="manually paused")
                break
            if "pause" in step and "duration" not in (step["pause"] or {}):
                if not status.get("pauseConditions"):
                    self.ticks += 1
                    since = f"2026-11-24T10:00:{self.ticks % 60:02d}Z"
                    status["pauseConditions"] = [{"reason": "CanaryPauseStep", "startTime": since}]
                status.update(controllerPause=True, phase="Paused", message="CanaryPauseStep")
                break
            if "analysis" in step and self._failed(raw, step):
                self._rollout(raw)
                return
            status["currentStepIndex"] += 1
        if status["currentStepIndex"] >= len(steps):
            status["stableRS"] = status["currentPodHash"]
            self._rollout(raw)
            return
        weights = [s["setWeight"] for s in steps[: status["currentStepIndex"] + 1] if "setWeight" in s]
        self._settle(raw, weights[-1] if weights else 0)

    def _failed(self, raw: dict[str, Any], step: dict[str, Any]) -> bool:
        names = [t["templateName"] for t in step["analysis"]["templates"]]
        bad = next((n for n in names if self.verdicts.get(n) == "Failed"), "")
        if not bad:
            return False
        self.cluster.put(run(raw, bad))
        raw["status"].update(abort=True, abortedAt=SINCE)
        raw["status"].setdefault("conditions", [])
        return True

    def _settle(self, raw: dict[str, Any], weight: int) -> None:
        status, wanted = raw["status"], raw["spec"].get("replicas", 1)
        done = status["stableRS"] == status["currentPodHash"]
        new = wanted if done else -(-wanted * weight // 100)
        status.update(
            observedGeneration=str(raw["metadata"].get("generation", 1)),
            replicas=wanted,
            updatedReplicas=new,
            readyReplicas=wanted,
            availableReplicas=wanted,
        )
        if raw["spec"].get("restartAt"):
            status["restartedAt"] = raw["spec"]["restartAt"]
        for (kind, namespace, _), found in self.cluster.store.items():
            if kind == REPLICA_SET and namespace == raw["metadata"]["namespace"]:
                told = found["metadata"]["labels"].get(HASH)
                count = new if told == status["currentPodHash"] else wanted - new if told == status["stableRS"] else 0
                found["spec"]["replicas"] = count
                found["status"] = {"readyReplicas": count, "availableReplicas": count}


def run(raw: Mapping[str, Any], metric: str, phase: str = "Failed", values: tuple[str, ...] = ("[0.7]",)) -> Any:
    """An AnalysisRun of a Rollout that measured these values against 0.99."""
    return {
        "apiVersion": API,
        "kind": "AnalysisRun",
        "metadata": {
            "name": f"{raw['metadata']['name']}-{metric}",
            "namespace": raw["metadata"]["namespace"],
            "uid": f"run-{metric}",
            "labels": {"rollout-type": "Step", "step-index": "1", HASH: raw["status"]["currentPodHash"]},
            "ownerReferences": [{"uid": raw["metadata"]["uid"]}],
            "creationTimestamp": SINCE,
        },
        "spec": {
            "metrics": [
                {
                    "name": metric,
                    "interval": "20s",
                    "count": 3,
                    "successCondition": "len(result) > 0 && result[0] >= 0.99",
                    "failureCondition": "len(result) > 0 && result[0] < 0.99",
                    "provider": {"prometheus": {"query": "sum(rate(good[1m])) / sum(rate(all[1m]))"}},
                }
            ]
        },
        "status": {
            "phase": phase,
            "message": f'Metric "{metric}" assessed {phase}',
            "startedAt": SINCE,
            "metricResults": [
                {
                    "name": metric,
                    "phase": phase,
                    "measurements": [{"phase": phase, "value": v, "finishedAt": SINCE} for v in values],
                }
            ],
        },
    }


def template_hash(template: Mapping[str, Any]) -> str:
    """A hash of a pod template, as stable as the controller's."""
    return hashlib.sha256(json.dumps(template, sort_keys=True).encode()).hexdigest()[:9]


def fake(cluster: FakeCluster) -> tuple[ArgoRollouts, FakePatches, Player]:
    """The adapter on that cluster, its writes, and the player behind it."""
    player = Player(cluster)
    writes = FakePatches(cluster, player.play)
    return ArgoRollouts(cluster, writes), writes, player


__all__ = ["ANALYSIS_RUN", "Player", "fake", "manifest", "run", "template_hash"]
