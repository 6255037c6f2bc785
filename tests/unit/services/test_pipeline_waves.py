"""The waves of a pipeline: found in Git, committed, applied unless Argo CD does that, read back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from conductor_core.adapters.yaml_documents import YamlDocuments
from conductor_core.domain.changes import Change
from conductor_core.domain.operations import Observation
from conductor_core.domain.plans import Plan
from conductor_core.errors import InputError, NotFoundError, StateError
from conductor_core.ports.locks import HeldLock
from conductor_core.services.checks import Patience
from conductor_core.services.operations import Context
from conductor_core.services.pipeline_waves import APPLICATION_SET, PipelineWaves, PipelineWavesSet
from tests.fakes.argocd import FakeArgoCd, raw_application, raw_pipeline
from tests.fakes.cluster import FakeCluster
from tests.fakes.domain import change
from tests.fakes.object_patches import FakePatches
from tests.fakes.repository import FakeRepository

FILE = "infra/argocd/sets.yaml"
TEXT = b"""# who comes first is decided here
apiVersion: v1
kind: ConfigMap
metadata: {name: other}
---
apiVersion: argoproj.io/v1alpha1
kind: ApplicationSet
metadata:
  name: shop  # the shop
spec:
  generators:
    - list: {elements: []}
"""
STEPS = [
    {"matchExpressions": [{"key": "env", "operator": "In", "values": ["shop-dev"]}]},
    {"matchExpressions": [{"key": "env", "operator": "NotIn", "values": ["shop-dev"]}], "maxUpdate": 1},
]


class World:
    """A set of two Applications, declared as the second document of a file among others."""

    def __init__(self, home: Path) -> None:
        self.repository, self.argocd, self.cluster = FakeRepository(home), FakeArgoCd(), FakeCluster()
        template = b"kind: ApplicationSet\nmetadata: {{ broken }}\n"
        self.repository.push("main", {FILE: TEXT, "chart/templates/set.yaml": template, "a/no.yaml": b"ApplicationSet"})
        self.argocd.put(raw_application("shop-dev", "shop"), raw_application("shop-prod", "shop"))
        self.argocd.sets["shop"] = raw_pipeline("shop")
        self.cluster.put({"apiVersion": "argoproj.io/v1alpha1", "kind": "ApplicationSet", **raw_pipeline("shop")})
        self.patches = FakePatches(self.cluster, self.seen)
        tiers = {"shop-dev": "dev", "shop-prod": "staging"}
        self.waves = PipelineWaves(
            self.argocd,
            self.repository,
            YamlDocuments(),
            self.cluster,
            lambda namespace: tiers[namespace],
            self.repository.fetch,
        )
        ticks = iter(range(10_000))
        self.act = PipelineWavesSet(self.waves, self.patches, Patience(lambda: float(next(ticks)), lambda _: None, 5.0))

    @property
    def raw(self) -> dict[str, Any]:
        """The live set."""
        found: dict[str, Any] = self.cluster.store[(APPLICATION_SET, "argocd", "shop")]
        return found

    def seen(self) -> None:
        """Argo CD shows what the API server has."""
        self.argocd.sets["shop"] = self.raw

    def asked(self, steps: object = STEPS, branch: str = "main", pipeline: str = "shop") -> Change:
        return change(parameters={"pipeline": pipeline, "steps": steps, "branch": branch})

    def context(self, asked: Change) -> Context:
        draft = self.waves.plan(asked)
        return Context(replace(asked, plan=Plan((), draft.facts, draft.summary)), HeldLock("x", 0), lambda _: None)


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def test_the_plan_names_who_is_synced_when_and_the_gates_get_the_whole_set(world: World) -> None:
    draft = world.waves.plan(world.asked())
    assert draft.summary["steps"] == "1. shop-dev; 2. shop-prod"
    assert (draft.summary["synced by nobody"], draft.summary["applied by"]) == ("none", "this Change")
    assert draft.facts["file"] == FILE
    assert draft.tier == "staging"
    (manifest,) = draft.manifests
    assert manifest["metadata"] == {"name": "shop", "namespace": "argocd"}
    assert manifest["spec"]["strategy"] == {"type": "RollingSync", "rollingSync": {"steps": STEPS}}
    diff = draft.pieces["applicationset.diff"][1].decode()
    assert f"+++ b/{FILE}" in diff
    assert not [line for line in diff.splitlines() if line.startswith("-") and not line.startswith("---")]
    assert draft == world.waves.plan(world.asked())
    alone = world.waves.plan(world.asked(STEPS[:1]))
    assert alone.summary["synced by nobody"] == "shop-prod"


def test_it_is_committed_applied_and_read_back_once(world: World) -> None:
    context = world.context(world.asked())
    request = world.act.prepare(context)
    assert world.act.observe(context, request)[0] is Observation.ABSENT
    observation, seen = world.act.dispatch(context, request)
    assert observation is Observation.DONE, seen
    text = world.repository.read(world.repository.resolve(str(seen["commit"])), FILE)
    assert text.startswith(TEXT.partition(b"spec:")[0])  # comments and the other document stay
    assert world.raw["spec"]["strategy"]["rollingSync"]["steps"] == STEPS
    assert [s.text for s in world.waves.steps(world.waves.pipeline("shop"))] == [
        "env in shop-dev",
        "env notin shop-dev",
    ]
    assert world.act.observe(context, request)[0] is Observation.DONE
    with pytest.raises(StateError, match="already"):
        world.waves.plan(world.asked())
    back = world.context(world.asked([]))
    assert world.act.dispatch(back, world.act.prepare(back))[0] is Observation.DONE
    assert world.raw["spec"]["strategy"]["type"] == "AllAtOnce"
    assert world.waves.steps(world.waves.pipeline("shop")) == ()


def test_what_an_application_owns_is_left_to_argo_cd(world: World) -> None:
    world.raw["metadata"]["annotations"] = {
        "argocd.argoproj.io/tracking-id": "root:argoproj.io/ApplicationSet:argocd/shop"
    }
    context = world.context(world.asked())
    assert context.change.plan is not None
    assert context.change.plan.summary["applied by"] == "the Argo CD Application root"
    observation, seen = world.act.dispatch(context, world.act.prepare(context))
    assert (observation, seen["detail"]) == (Observation.DONE, "Argo CD applies it from Git")
    assert world.patches.sent == []


def test_when_argo_cd_shows_other_steps_it_is_not_called_done(world: World) -> None:
    world.patches.played = lambda: None
    context = world.context(world.asked())
    request = world.act.prepare(context)
    observation, seen = world.act.dispatch(context, request)
    assert (observation, seen["why"]) == (Observation.FAILED, "It shows: all at once.")


def moving(world: World) -> None:
    world.argocd.sets["shop"]["status"] = {
        "applicationStatus": [{"application": "shop-dev", "step": "1", "status": "Progressing"}]
    }


@pytest.mark.parametrize(
    ("prepare", "given", "kind", "why"),
    [
        (moving, {}, StateError, "under way"),
        (lambda _: None, {"pipeline": "nobody"}, NotFoundError, "no pipeline"),
        (lambda _: None, {"branch": "gone"}, NotFoundError, "no gone"),
        (lambda _: None, {"steps": STEPS[:1] * 2}, InputError, "can't be used"),
        (lambda w: w.repository.push("main", {FILE: None}), {}, NotFoundError, "No file of the operations repository"),
    ],
)
def test_what_can_not_be_done_is_said(
    world: World, prepare: Callable[[World], object], given: dict[str, Any], kind: type[Exception], why: str
) -> None:
    prepare(world)
    with pytest.raises(kind, match=why):
        world.waves.plan(world.asked(**given))
