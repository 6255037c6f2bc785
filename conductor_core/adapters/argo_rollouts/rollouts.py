"""The port `Rollouts` over the ports `Cluster` (reads) and `ObjectPatches` (acts)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import Any

from conductor_core.adapters.argo_rollouts.patches import patches
from conductor_core.domain import analysis, rollout_parts, rollouts
from conductor_core.domain.fields import listing, mapping
from conductor_core.domain.manifests import Kind
from conductor_core.domain.rollout_acts import Act
from conductor_core.domain.rollout_parts import Detail
from conductor_core.domain.rollouts import Rollout
from conductor_core.errors import ConflictError, InputError, NotFoundError, RefusedError
from conductor_core.ports.cluster import Cluster, Object
from conductor_core.ports.daemons import begun
from conductor_core.ports.object_patches import ObjectPatches

NUDGED = "conductor.summit.example/nudged-at"
"""The annotation that a nudge touches: the resource version at which it was needed."""
WORKLOADS = {"Deployment": "apps/v1", "ReplicaSet": "apps/v1", "PodTemplate": "v1"}
"""The kinds that a Rollout may take its template from, with their API."""


class ArgoRollouts:
    """Holds nothing; safe to use from many threads. `name`: what its Rollouts say of their cluster."""

    def __init__(self, cluster: Cluster, writes: ObjectPatches, name: str = "") -> None:
        self._cluster, self._writes, self._name = cluster, writes, name

    def all(self, namespace: str = "") -> tuple[Rollout, ...]:
        """See `Rollouts.all`."""
        found = (self._parsed(raw) for raw in self._cluster.objects(rollouts.ROLLOUT, namespace))
        return tuple(sorted(found, key=lambda r: (r.namespace, r.name)))

    def get(self, namespace: str, name: str) -> Rollout:
        """See `Rollouts.get`."""
        return self._parsed(self._raw(namespace, name))

    def detail(self, namespace: str, name: str) -> Detail:
        """See `Rollouts.detail`."""
        kinds = (rollouts.REPLICA_SET, rollouts.POD, rollouts.ANALYSIS_RUN, rollouts.EXPERIMENT)
        asked = [begun("rollout", partial(self._cluster.objects, kind, namespace)) for kind in kinds]
        rollout = self.get(namespace, name)
        sets, pods, runs, experiments = (answer.result() for answer in asked)
        mine = [e for e in experiments if rollout_parts.owned(e, frozenset({rollout.uid}))]
        uids = frozenset({rollout.uid, *(str(e["metadata"].get("uid", "")) for e in mine)})
        found = (
            *rollout_parts.replica_sets(sets, rollout),
            *rollout_parts.experiment_sets(sets, mine),
        )
        told = [analysis.parse(r) for r in runs if rollout_parts.owned(r, uids)]
        return Detail(
            rollout,
            found,
            rollout_parts.pods(pods, frozenset(s.hash for s in found)),
            tuple(sorted(told, key=lambda r: (str(r.started or ""), r.name), reverse=True)),
        )

    def metrics(self, namespace: str, names: tuple[str, ...]) -> tuple[analysis.Metric, ...]:
        """See `Rollouts.metrics`."""
        out: list[analysis.Metric] = []
        for name in dict.fromkeys(names):
            raw = self._cluster.get(rollouts.ANALYSIS_TEMPLATE, namespace, name) or self._cluster.get(
                rollouts.CLUSTER_TEMPLATE, "", name
            )
            out += [analysis.metric(m, {}) for m in listing(mapping((raw or {}).get("spec")).get("metrics"))]
        return tuple(out)

    def act(self, seen: Rollout, act: Act, *, to_hash: str = "", at: str = "") -> Rollout:
        """See `Rollouts.act`."""
        if act is Act.UNDO:
            return self._undo(seen, to_hash)
        raw: Object = {}
        version = seen.resource_version
        for subresource, body in patches(seen, act, at).in_order:
            guarded = {"metadata": {"resourceVersion": version}, **body}
            raw = self._writes.patch(
                rollouts.ROLLOUT, seen.namespace, seen.name, guarded, style="merge", subresource=subresource
            )
            version = str(mapping(raw.get("metadata")).get("resourceVersion", ""))
        return self._parsed(raw) if raw else self.get(seen.namespace, seen.name)

    def nudge(self, seen: Rollout) -> None:
        """See `Rollouts.nudge`."""
        body = {"metadata": {"annotations": {NUDGED: seen.resource_version}}}
        self._writes.patch(rollouts.ROLLOUT, seen.namespace, seen.name, body)

    def _undo(self, seen: Rollout, to_hash: str) -> Rollout:
        """Put the template of that hash back where the Rollout takes its template from."""
        sets = self._cluster.objects(rollouts.REPLICA_SET, seen.namespace, f"{rollouts.HASH}={to_hash}")
        own = [s for s in sets if rollout_parts.owned(s, frozenset({seen.uid}))]
        if not own:
            raise NotFoundError(
                f"{seen.id} has no replica set {to_hash}.",
                why="It is not kept any more (revisionHistoryLimit).",
                next="Choose another revision.",
            )
        template = _without_hash(own[0]["spec"]["template"])
        kind, name = seen.workload
        guard = {"op": "test", "path": "/metadata/resourceVersion", "value": seen.resource_version}
        body = [{"op": "replace", "path": "/spec/template", "value": template}]
        if not kind:
            try:
                self._writes.patch(rollouts.ROLLOUT, seen.namespace, seen.name, [guard, *body], style="json")
            except RefusedError as bad:
                if self.get(seen.namespace, seen.name).resource_version == seen.resource_version:
                    raise
                raise ConflictError(
                    f"{seen.id} has changed meanwhile.", why=bad.why, next="Read again, decide again."
                ) from bad
        elif kind in WORKLOADS:
            self._writes.patch(Kind(WORKLOADS[kind], kind), seen.namespace, name, body, style="json")
        else:
            raise InputError(f"A Rollout of a {kind} can't be undone.", why="Argo Rollouts doesn't know it.")
        return self.get(seen.namespace, seen.name)

    def _parsed(self, raw: Object) -> Rollout:
        return replace(rollouts.parse(raw), cluster=self._name)

    def _raw(self, namespace: str, name: str) -> Object:
        raw = self._cluster.get(rollouts.ROLLOUT, namespace, name)
        if raw is None:
            raise NotFoundError(
                f"There is no Rollout {namespace}/{name}.",
                why="The cluster has none of that name there.",
                next="Run `conductor delivery list`.",
            )
        return raw


def _without_hash(template: Mapping[str, Any]) -> dict[str, Any]:
    metadata = dict(mapping(template.get("metadata")))
    labels = {k: v for k, v in mapping(metadata.get("labels")).items() if k != rollouts.HASH}
    return {**template, "metadata": {**metadata, "labels": labels}}
