"""Timelines: several sources in one order."""

from __future__ import annotations

from datetime import UTC, datetime

from conductor_core.domain import analysis
from conductor_core.domain.pipelines import application
from conductor_core.domain.rollout_parts import Detail, ReplicaSet
from conductor_core.domain.timeline import Moment, joined, of_rollout, of_syncs
from tests.fakes.argocd import raw_application
from tests.fakes.rollouts import run
from tests.unit.domain.test_rollout_acts import moving
from tests.unit.domain.test_wave_verdicts import RAW

AT = datetime(2026, 11, 24, 9, tzinfo=UTC)


def test_moments_are_joined_in_order_and_told_once() -> None:
    sets = (ReplicaSet("api-1", "new", 2, "canary", 1, 1, 1, ("api:2",), AT),)
    detail = Detail(moving(aborted=True, aborted_at=AT), sets, (), (analysis.parse(run(RAW, "success-rate")),))
    by = {"username": "rita"}
    history = [{"id": 3, "revision": "c" * 40, "deployedAt": "2026-11-24T08:00:00Z", "initiatedBy": by}]
    syncs = of_syncs(application(raw_application("shop", history=history)))
    found = joined([*of_rollout(detail), *syncs, *syncs])
    assert [m.at for m in found] == sorted(m.at for m in found)
    assert (found[0].source, found[0].who, found[0].detail) == ("argo-cd", "rita", "c" * 12)
    assert any(m.what == "success-rate failed" and m.detail == "0.7 against >= 0.99" for m in found)
    assert any(m.what == "aborted" for m in found)
    assert Moment(AT, "change", "x").as_json()["at"] == "2026-11-24T09:00:00Z"
