"""Timelines over the record: what a Change did to a rollout, and events of other vocabularies left alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from conductor_core.domain.events import Fact
from conductor_core.errors import UnreachableError
from conductor_core.services.delivery import DeliveryReader
from conductor_core.services.metric_windows import MetricWindows
from conductor_core.services.pipeline_board import PipelineBoard
from conductor_core.services.timelines import Timelines
from tests.fakes.argocd import FakeArgoCd, raw_application
from tests.fakes.cluster import FakeCluster
from tests.fakes.conductor import RUNBOOKS, build
from tests.fakes.prometheus import FakePrometheus
from tests.fakes.rollouts import fake, manifest
from tests.pages.delivery_worlds import ACT, Queries


def test_people_syncs_and_revisions_are_in_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(RUNBOOKS, "rollout_act", ACT)
    built, cluster, argocd = build(tmp_path), FakeCluster(), FakeArgoCd()
    rollouts, _, player = fake(cluster)
    cluster.put(manifest("one"))
    player.play()
    history = [{"id": 1, "revision": "c" * 40, "deployedAt": "2026-11-24T09:00:00Z"}]
    resources = [{"group": "argoproj.io", "kind": "Rollout", "namespace": "one", "name": "api"}]
    argocd.put(raw_application("shop", history=history, resources=resources))
    board = PipelineBoard(argocd, lambda: 0.0, lambda _: None, lambda _: None)
    windows = MetricWindows(FakePrometheus(), lambda: 0.0)
    reader = DeliveryReader(board, rollouts, built.releases, windows, Queries("none"), built.memory)
    given: dict[str, object] = {"namespace": "one", "rollout": "api", "act": "promote", "to_revision": 0}
    change = built.changes.request(built.actor("requester"), "rollout_act", given, "metrics are fine")
    built.ledger.append([Fact("dev.cdevents.service.deployed.0.2.0", {})], change.id, built.actor("requester"))
    timelines = Timelines(reader, argocd, built.memory)
    found = timelines.of("one", "api")
    assert {m.source for m in found} == {"argo-cd", "rollout", "change"}
    (asked,) = [m for m in found if m.source == "change"]
    assert (asked.who, asked.detail, asked.id) == ("requester", "metrics are fine", change.id)
    argocd.failure = UnreachableError("no")
    assert {m.source for m in timelines.of("one", "api")} == {"rollout", "change"}
