"""The revert of a release that an Application owns: planned from its history, refused where nothing would act on it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from conductor_core.adapters.yaml_documents import YamlDocuments
from conductor_core.domain.manifests import Kind
from conductor_core.domain.operations import Observation
from conductor_core.domain.plans import Plan
from conductor_core.errors import ConflictError, NotFoundError, RefusedError
from conductor_core.ports.locks import HeldLock
from conductor_core.services.argo_reverts import ArgoRevertPlan, ArgoRevertSync
from conductor_core.services.argo_sync import ArgoSync
from conductor_core.services.git_reverts import GitReverts
from conductor_core.services.operations import Context
from conductor_core.services.quarantines import QuarantineService
from conductor_core.services.release_contents import ReleaseContents
from conductor_core.services.release_evidence import ReleaseEvidence
from conductor_core.services.synced_commits import SyncedCommits
from tests.fakes.argocd import FakeArgoCd, raw_application
from tests.fakes.conductor import FakeConductor, build
from tests.fakes.domain import change

WHERE: dict[str, object] = {"release": "intelgraph", "channel": "dev"}
VALUES, CHART = "helm/intelgraph/values-dev.yaml", "helm/intelgraph/Chart.yaml"


class World:
    """dev is owned by the Application shop, which was synced to a good commit and then to a bad one."""

    def __init__(self, home: Path) -> None:
        self.conductor: FakeConductor = build(home)
        self.argocd = FakeArgoCd()
        live = self.conductor.cluster.store[(Kind("v1", "ConfigMap"), "intelgraph-dev", "intelgraph-settings")]
        live["metadata"]["annotations"] = {"argocd.argoproj.io/tracking-id": "shop:/ConfigMap:intelgraph-dev/x"}
        self.good = self.conductor.repository.remote["dev"]
        bad = {VALUES: b"size: 3\n", CHART: b"name: intelgraph\nversion: 1.2.4\nappVersion: 4.5.7\n"}
        self.conductor.repository.push("dev", bad)
        self.conductor.releases.refresh()
        self.bad = self.conductor.repository.remote["dev"]
        self.raw = raw_application("shop")
        self.ran(self.good, self.bad)
        self.argocd.put(self.raw)
        reader, documents = self.conductor.releases, self.conductor.releases._documents
        contents = ReleaseContents(reader, self.conductor.repository, b"k" * 16)
        quarantines: QuarantineService = self.conductor.quarantines
        evidence = ReleaseEvidence(reader, documents, quarantines, b"k" * 16)
        ticks = iter(range(10_000))
        sync = ArgoSync(self.argocd, lambda: float(next(ticks)), lambda _: self.argocd.finish("shop"))
        reverts = GitReverts(reader, self.conductor.repository, YamlDocuments())
        synced = SyncedCommits(reader, contents, evidence, quarantines)
        self.plan = ArgoRevertPlan(reader, contents, evidence, reverts, self.conductor.helm, sync, synced)
        self.sync = ArgoRevertSync(reader, contents, sync)

    def ran(self, *commits: str) -> None:
        """What the Application was synced to, one after the other."""
        self.raw["status"]["sync"] = {"status": "Synced", "revision": commits[-1]}
        self.raw["status"]["history"] = [{"id": n, "revision": sha} for n, sha in enumerate(commits)]

    def context(self, facts: dict[str, str]) -> Context:
        return Context(change(parameters=dict(WHERE), plan=Plan((), facts, {})), HeldLock("x", 0), lambda _: None)


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def planned(world: World, **more: Any) -> dict[str, str]:
    return dict(world.plan(change(parameters={**WHERE, **more})).facts)


def test_it_goes_back_to_the_commit_that_was_synced_before(world: World) -> None:
    facts = planned(world)
    assert (facts["commit"], facts["from commit"], facts["quarantine"]) == (world.good, world.bad, "4.5.7")
    assert (facts["application"], facts["git branch"], facts["git tip"]) == ("shop", "dev", world.bad)
    assert "quarantine" not in planned(world, quarantine=False)
    assert planned(world, to_commit=world.good) == facts


def test_without_an_earlier_commit_or_an_application_it_says_what_to_do(world: World) -> None:
    world.ran(world.bad, world.bad)
    with pytest.raises(NotFoundError, match="never synced to another commit"):
        planned(world)
    for key in list(world.conductor.cluster.store):
        world.conductor.cluster.store[key]["metadata"].pop("annotations", None)
    with pytest.raises(RefusedError, match="not rolled back by Git alone") as caught:
        planned(world)
    assert "release rollback intelgraph --channel dev" in caught.value.next


def test_the_sync_waits_for_whatever_runs_and_refuses_a_branch_that_moved(world: World) -> None:
    facts = planned(world)
    with pytest.raises(ConflictError, match="has moved on"):  # nothing was reverted yet: the tip is the bad one
        world.sync.prepare(world.context(facts))
    world.conductor.repository.push("dev", {VALUES: b"size: 2\n", CHART: b"name: intelgraph\nversion: 1.2.3\n"
        b"appVersion: 4.5.6\n"})  # fmt: skip
    there = world.context(facts)
    request = world.sync.prepare(there)
    assert request["commit"] == world.conductor.repository.remote["dev"]
    world.argocd.sync("shop", "", "somebody-else")
    observation, seen = world.sync.dispatch(there, request)
    assert observation is Observation.DONE
    assert seen["commit"] == request["commit"]
    assert world.sync.observe(there, request)[0] is Observation.DONE
