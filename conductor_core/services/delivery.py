"""Progressive delivery as people read it: pipelines, Rollouts, fleets, metrics, and one verdict on each wave."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from conductor_core.domain import wave_verdicts
from conductor_core.domain.burn_rate import WINDOWS, Burn, burns
from conductor_core.domain.canary_statistics import Judgement, judge, shared
from conductor_core.domain.changes import Change
from conductor_core.domain.fleets import ABORT, EMERGENCY, Fleet, Member, fleets, listed
from conductor_core.domain.metric_queries import MetricQuery, discovered
from conductor_core.domain.rollout_parts import Detail
from conductor_core.domain.rollouts import Rollout
from conductor_core.domain.wave_verdicts import WaveVerdict
from conductor_core.errors import ConductorError
from conductor_core.ports.change_store import ChangeQuery, ChangeStore
from conductor_core.ports.metric_files import MetricFiles
from conductor_core.ports.rollouts import Rollouts
from conductor_core.services.fleet_clusters import Everywhere, FleetClusters
from conductor_core.services.metric_windows import MetricWindows
from conductor_core.services.pipeline_board import Board, PipelineBoard
from conductor_core.services.releases import ReleaseReader

COMPONENT = "app.kubernetes.io/component"
INSTANCE = "app.kubernetes.io/instance"
ERRORS = "error_rate"
REQUESTS = "requests"
AT_ONCE = 8


@dataclass(frozen=True)
class Panel:
    """One chart: the query, and its points for each version (stable, canary, baseline)."""

    query: MetricQuery
    lines: Mapping[str, tuple[tuple[float, float], ...]]


class DeliveryReader:
    """Reads through its ports and changes nothing. Errors are those of the ports; safe to use from many threads."""

    def __init__(
        self,
        board: PipelineBoard,
        rollouts: Rollouts,
        releases: ReleaseReader,
        windows: MetricWindows,
        files: MetricFiles,
        store: ChangeStore,
        clusters: FleetClusters | None = None,
    ) -> None:
        """`clusters`: where fleets have their members; None: only where `rollouts` reads."""
        self._board, self._rollouts, self._releases = board, rollouts, releases
        self._windows, self._files, self._store = windows, files, store
        self._clusters = clusters or FleetClusters(rollouts, {}, time.monotonic)

    def pipelines(self, *, live: bool = False) -> Board:
        """Every pipeline; `live`: from the board that a stream keeps fresh, for processes that stay."""
        return self._board.live() if live else self._board.read()

    def rollouts(self, namespace: str = "") -> tuple[Rollout, ...]:
        """Every Rollout, by namespace and name."""
        return self._rollouts.all(namespace)

    def everywhere(self, patience: float = math.inf) -> Everywhere:
        """Every Rollout of every cluster; `patience`: seconds to wait for further clusters."""
        return self._clusters.all(patience)

    def detail(self, namespace: str, name: str, cluster: str = "") -> Detail:
        """One Rollout with what belongs to it."""
        return self._clusters.detail(Member(cluster, namespace, name))

    def fleets(self, among: Everywhere, *, live: bool = False) -> tuple[Fleet, ...]:
        """The groups that move in lockstep, over all clusters; without Argo CD, by labels and versions alone."""
        try:
            applications = self.pipelines(live=live).applications
        except ConductorError:
            applications = ()
        made = {place: a.pipeline for a in applications for place in a.rollouts if a.pipeline}
        return fleets(among.rollouts, made, among.silent)

    def release_of(self, rollout: Rollout) -> tuple[str, str] | None:
        """Release and channel that a Rollout belongs to, by its namespace and Helm's instance label; None for none, and
        for one of a further cluster, which the releases here know nothing of.
        """
        if rollout.cluster:
            return None
        instance = dict(rollout.labels).get(INSTANCE, rollout.name)
        for spec in self._releases.catalogue().releases:
            for channel in spec.channels:
                if spec.name == instance and channel.namespace == rollout.namespace:
                    return spec.name, channel.name
        return None

    def changes_of(self, rollout: Rollout, limit: int = 20) -> list[Change]:
        """The Changes of a Rollout and of the release that it belongs to, newest first; of one in a further cluster the
        aborts of fleets that it was a member of.
        """
        if rollout.cluster:
            aborts = [c for name in (ABORT, EMERGENCY) for c in self._store.find(ChangeQuery(runbook=name))]
            mine = [c for c in aborts if rollout.id in listed(c.parameters)]
            return sorted(mine, key=lambda c: c.created_at, reverse=True)[:limit]
        targets = [f"rollout/{rollout.id}"]
        try:
            owner = self.release_of(rollout)
        except ConductorError:
            owner = None
        targets += [f"release/{owner[0]}@{owner[1]}"] if owner else []
        found = [c for target in targets for c in self._store.find(ChangeQuery(target=target, limit=limit))]
        return sorted(found, key=lambda c: c.created_at, reverse=True)[:limit]

    def queries_of(self, rollout: Rollout) -> tuple[MetricQuery, ...]:
        """The named queries, and those that its own AnalysisTemplates hold."""
        names = tuple(n for step in rollout.steps for n in step.names)
        own = discovered(self._rollouts.metrics(rollout.namespace, names))
        return (*self._files.queries()[0], *(q for q in own if q.name))

    def metrics(self, detail: Detail, seconds: float = 900, step: float = 15) -> tuple[Panel, ...]:
        """A panel for each query that has points for at least one version."""
        rollout = detail.rollout
        roles = {role: found for role in ("stable", "canary", "baseline") if (found := detail.hash_of(role))}
        queries = self.queries_of(rollout)
        asked = [
            (q, role, q.filled(rollout.namespace, service_of(rollout), h)) for q in queries for role, h in roles.items()
        ]
        with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="metrics") as pool:
            answers = list(pool.map(lambda item: self._windows.series(item[2], seconds, step), asked))
        lines: dict[str, dict[str, tuple[tuple[float, float], ...]]] = {}
        for (query, role, _), series in zip(asked, answers, strict=True):
            if series:
                lines.setdefault(query.name, {})[role] = series[0].points
        return tuple(Panel(q, lines[q.name]) for q in queries if q.name in lines)

    def burning(self, rollout: Rollout) -> tuple[Burn, ...] | None:
        """How fast the error budget of the whole service burns; None when nothing names an objective."""
        queries = self.queries_of(rollout)
        objective = next(
            (
                q.threshold.limit
                for q in queries
                if q.threshold and q.better == "higher" and 0.5 < q.threshold.limit <= 1
            ),
            None,
        )
        errors = next((q for q in queries if q.name == ERRORS), None)
        if objective is None or errors is None:
            return None
        whole = errors.promql.replace(',rollouts_pod_template_hash="$hash"', "")
        return burns(objective, {w: self._share(whole.replace("[1m]", f"[{w}]"), rollout) for w in WINDOWS})

    def judgements(self, panels: Sequence[Panel]) -> tuple[Judgement, ...]:
        """The new version against the baseline beside it, where that says enough, else the stable one; by metric."""
        counted = next((p for p in panels if p.query.name == REQUESTS), None)
        asked = (p for p in panels if {"canary", "stable"} <= set(p.lines) and p.query.better)
        return tuple(_judged(panel, counted) for panel in asked)

    def verdict(self, namespace: str, name: str, cluster: str = "") -> tuple[Detail, WaveVerdict]:
        """One Rollout and the verdict on its wave; without Prometheus the rest is still judged, and so is one of a
        further cluster.
        """
        detail = self.detail(namespace, name, cluster)
        if cluster:
            return detail, wave_verdicts.judge(detail)
        try:
            found: tuple[Burn, ...] | None = self.burning(detail.rollout)
            told = self.judgements(self.metrics(detail)) if detail.rollout.moving else ()
        except ConductorError:
            found, told = None, ()
        changes = self.changes_of(detail.rollout)
        return detail, wave_verdicts.judge(detail, burns=found, judgements=told, changes=changes)

    def _share(self, query: str, rollout: Rollout) -> float | None:
        filled = MetricQuery("burn", "", "ratio", query).filled(rollout.namespace, service_of(rollout), "")
        series = self._windows.series(filled, 60, 60)
        return series[0].points[-1][1] if series and series[0].points else None


def service_of(rollout: Rollout) -> str:
    """What the label `service` of its series says: its component, else its name."""
    return dict(rollout.labels).get(COMPONENT, rollout.name)


def _judged(panel: Panel, counted: Panel | None) -> Judgement:
    judged = [_against(panel, than, counted) for than in ("baseline", "stable") if than in panel.lines]
    return next((found for found in judged if found.test is not None), judged[-1])


def _against(panel: Panel, than: str, counted: Panel | None) -> Judgement:
    query = panel.query
    both = shared(panel.lines["canary"], panel.lines[than], query.window)
    ours, theirs = [value for _, value, _ in both], [value for _, _, value in both]
    requests = _requests(counted, than) if counted else None
    return judge(query.title, ours, theirs, better=query.better, than=than, quantile=query.quantile, requests=requests)


def _requests(counted: Panel, than: str) -> float:
    """How many requests the version with fewer of them answered while both ran."""
    both = shared(counted.lines.get("canary", ()), counted.lines.get(than, ()), 0)
    if len(both) < 2:
        return 0.0
    step = (both[-1][0] - both[0][0]) / (len(both) - 1)
    return step * min(sum(ours for _, ours, _ in both), sum(theirs for _, _, theirs in both))
