"""A release that an Application owns: planned as a sync, synced once, recognised afterwards, never upgraded by Helm."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from conductor_core.domain.manifests import Kind
from conductor_core.domain.operations import Observation
from conductor_core.domain.plans import Plan
from conductor_core.errors import InputError, RefusedError, TransientError
from conductor_core.ports.locks import HeldLock
from conductor_core.services.argo_sync import ArgoSync
from conductor_core.services.helm_operations import HelmUpgrade
from conductor_core.services.operations import Context
from tests.fakes.argocd import FakeArgoCd, raw_application
from tests.fakes.conductor import FakeConductor, build
from tests.fakes.domain import change

WHERE: dict[str, object] = {"release": "intelgraph", "channel": "dev"}


@pytest.fixture
def conductor(tmp_path: Path) -> FakeConductor:
    """Its config map in dev belongs to the Application shop."""
    conductor = build(tmp_path)
    live = conductor.cluster.store[(Kind("v1", "ConfigMap"), "intelgraph-dev", "intelgraph-settings")]
    live["metadata"]["annotations"] = {"argocd.argoproj.io/tracking-id": "shop:/ConfigMap:intelgraph-dev/x"}
    return conductor


def context(**facts: str) -> Context:
    asked = change(parameters=dict(WHERE), plan=Plan((), {"commit": "c" * 40, "application": "shop", **facts}, {}))
    return Context(asked, HeldLock("x", 0), lambda _: None)


def test_the_plan_is_a_sync_and_values_by_hand_are_refused(conductor: FakeConductor) -> None:
    asked = conductor.changes.request(conductor.actor("requester"), "deploy_release", dict(WHERE), "as asked")
    draft = conductor.shelf.plans["release_deploy"](asked)
    assert draft.facts["application"] == "shop"
    assert draft.summary["does"].startswith("sync of the Argo CD Application shop to ")
    by_hand = conductor.changes.request(
        conductor.actor("requester"), "deploy_release", {**WHERE, "sets": {"size": "9"}}, "as asked"
    )
    with pytest.raises(InputError, match="values set by hand"):
        conductor.shelf.plans["release_deploy"](by_hand)
    back = conductor.changes.request(
        conductor.actor("requester"), "rollback_release", {**WHERE, "to_revision": 1}, "as asked"
    )
    with pytest.raises(RefusedError, match="not rolled back by Helm"):
        conductor.shelf.plans["release_rollback"](back)


def syncing(argocd: FakeArgoCd, phase: str) -> ArgoSync:
    """A driver whose waits end the sync that runs."""
    ticks = iter(range(10_000))
    return ArgoSync(argocd, lambda: float(next(ticks)), lambda _: argocd.finish("shop", phase, "as it went"))


@pytest.mark.parametrize(("phase", "ends"), [("Succeeded", Observation.DONE), ("Failed", Observation.FAILED)])
def test_it_is_synced_once_and_recognised(conductor: FakeConductor, phase: str, ends: Observation) -> None:
    argocd = FakeArgoCd()
    argocd.put(raw_application("shop"))
    driver = HelmUpgrade(conductor.helm, conductor.releases, syncing(argocd, phase))
    there = context()
    assert driver.observe(there, {})[0] is Observation.ABSENT
    before = len(conductor.releases.history("intelgraph", "dev"))
    observation, seen = driver.dispatch(there, driver.prepare(there))
    assert observation is ends
    assert driver.observe(there, {})[0] is ends
    assert argocd.asked["sync"] == 1
    assert len(conductor.releases.history("intelgraph", "dev")) == before
    assert seen["commit"] == "c" * 40


def test_one_that_syncs_by_itself_is_synced_to_what_it_follows(conductor: FakeConductor) -> None:
    argocd, raw = FakeArgoCd(), raw_application("shop")
    raw["spec"]["syncPolicy"] = {"automated": {"selfHeal": True}}
    argocd.put(raw)
    syncing(argocd, "Succeeded").dispatch(context(), {})
    state: dict[str, Any] = argocd.store["shop"]["status"]["operationState"]
    assert state["operation"]["sync"]["revision"] == ""


def test_one_that_never_ends_is_left_for_a_person(conductor: FakeConductor) -> None:
    argocd = FakeArgoCd()
    argocd.put(raw_application("shop"))
    ticks = iter(range(0, 1_000_000, 100))
    with pytest.raises(TransientError, match="did not end"):
        ArgoSync(argocd, lambda: float(next(ticks)), lambda _: None).dispatch(context(), {})
