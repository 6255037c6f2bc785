"""What is validated: the revision that Helm installed last, else the commit that Argo CD synced last, else nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from conductor_core.domain.gates import Result
from conductor_core.domain.manifests import Kind
from conductor_core.errors import NotFoundError
from conductor_core.services.release_checks import installed
from conductor_core.services.release_plans import ReleasePlans
from conductor_core.services.server_gate import ServerGate
from tests.fakes.conductor import build
from tests.fakes.domain import change
from tests.unit.services.test_argo_reverts import WHERE, World


class Owned(World):
    """The world of reverts, with the plans of releases; `helm` says whether Helm has installed it too."""

    def __init__(self, home: Path, *, helm: bool) -> None:
        super().__init__(home)
        store = self.conductor.cluster.store
        for key in [k for k in store if k[0] == Kind("v1", "Secret") and not helm]:
            del store[key]
        of = self.plan
        self.plans = ReleasePlans(of.reader, of.contents, of.evidence, of.helm, of.synced, of.argo)

    def facts(self) -> dict[str, str]:
        return dict(self.plans.validate(change(parameters=dict(WHERE))).facts)


def test_what_helm_installed_is_named_by_its_revision(tmp_path: Path) -> None:
    assert list(Owned(tmp_path, helm=True).facts()) == ["revision"]


def test_what_argo_cd_synced_is_named_by_its_commit_and_looked_at(tmp_path: Path) -> None:
    world = Owned(tmp_path, helm=False)
    facts = world.facts()
    assert facts == {"commit": world.bad, "application": "shop"}
    objects = installed(world.plan.reader, world.context(facts))
    assert {o["kind"] for o in objects} >= {"ConfigMap"}
    world.raw["status"]["sync"]["revision"] = "1.2.3"
    world.argocd.put(world.raw)
    assert world.facts()["commit"] == world.bad, "the tip of the branch, when the revision is none of ours"


def test_what_nobody_installed_is_told(tmp_path: Path) -> None:
    world = Owned(tmp_path, helm=False)
    for thing in world.conductor.cluster.store.values():
        thing["metadata"].pop("annotations", None)
    with pytest.raises(NotFoundError, match="not installed in dev") as caught:
        world.facts()
    assert "no Argo CD Application" in caught.value.why


CARTS = b"""apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: carts.shop.test}
spec: {group: shop.test, names: {kind: Cart}, versions: [{name: v1, served: true}]}
"""


def test_a_chart_that_leaves_the_namespace_to_helm_is_judged_where_it_goes(tmp_path: Path) -> None:
    conductor = build(tmp_path)
    draft = conductor.shelf.plans["release_deploy"](change(parameters=dict(WHERE)))
    assert [m["metadata"]["namespace"] for m in draft.manifests] == ["intelgraph-dev"]
    assert ServerGate(conductor.cluster)(change(), draft)[0].result is Result.ALLOW


def test_definitions_come_with_the_first_install_only(tmp_path: Path) -> None:
    conductor = build(tmp_path)
    for branch in ("dev", "staging"):
        conductor.repository.push(branch, {"helm/intelgraph/crds/carts.yaml": CARTS})
    plan = conductor.shelf.plans["release_deploy"]
    arriving = {c: plan(change(parameters={**WHERE, "channel": c})).arriving for c in ("dev", "staging")}
    assert arriving == {"dev": frozenset(), "staging": {Kind("shop.test/v1", "Cart")}}
