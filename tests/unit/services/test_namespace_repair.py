"""Repair of a namespace: what is missing or differs is shown, what was approved is applied, and nothing else."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from conductor_core.adapters.yaml_documents import YamlDocuments
from conductor_core.domain import changes as c
from conductor_core.domain.changes import Change
from conductor_core.domain.manifests import Kind
from conductor_core.domain.operations import Observation
from conductor_core.domain.plans import Plan
from conductor_core.errors import InputError, NotFoundError, StateError
from conductor_core.ports.locks import HeldLock
from conductor_core.services.namespace_repair import NamespaceRepair
from conductor_core.services.operations import Context
from tests.fakes.environments import Estate

SPACE = """apiVersion: v1
kind: Namespace
metadata:
  name: shop
  labels: {summit.example/tier: staging, pod-security.kubernetes.io/enforce: restricted}
"""
AROUND = """apiVersion: v1
kind: ConfigMap
metadata: {name: limits, namespace: shop}
data: {cpu: "1.5"}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: other, namespace: elsewhere}
"""


@pytest.fixture
def estate(tmp_path: Path) -> Estate:
    made = Estate(tmp_path)
    made.write("infra/k8s/namespaces/shop.yaml", SPACE)
    made.write("infra/k8s/addons/maps.yaml", AROUND)
    return made


@pytest.fixture
def repair(estate: Estate) -> NamespaceRepair:
    return NamespaceRepair(estate.files, estate.cluster, YamlDocuments(), estate.evidence, b"k" * 16)


def asked(estate: Estate, namespace: str = "shop", plan: Plan | None = None) -> Change:
    change = estate.request()
    return Change(**{**vars(change), "parameters": {"namespace": namespace}, "plan": plan})


def planned(estate: Estate, repair: NamespaceRepair) -> Context:
    draft = repair.plan(asked(estate))
    evidence = tuple(estate.evidence.put(name, *piece) for name, piece in draft.pieces.items())
    change = asked(estate, plan=c.Planned(Plan(evidence, draft.facts, draft.summary), (), 0).plan)
    return Context(change, HeldLock("x", 0), lambda _: None)


def live(estate: Estate, kind: str, name: str, namespace: str = "") -> Any:
    return estate.cluster.get(Kind("v1", kind), namespace, name)


def test_a_missing_namespace_comes_back_with_what_lies_in_it(estate: Estate, repair: NamespaceRepair) -> None:
    draft = repair.plan(asked(estate))
    assert draft.summary == {
        "does": "Brings shop to what infra/k8s defines: 2 made, 0 changed.",
        "missing": "Namespace shop, ConfigMap limits",
    }
    assert draft.tier == "staging"
    context = planned(estate, repair)
    request = repair.prepare(context)
    assert repair.observe(context, request)[0] is Observation.ABSENT
    assert not repair.whole(context).passed
    assert repair.dispatch(context, request)[0] is Observation.DONE
    assert live(estate, "ConfigMap", "limits", "shop")["data"] == {"cpu": "1.5"}
    assert live(estate, "ConfigMap", "other", "elsewhere") is None
    assert repair.whole(context).detail == "Active, with its 2 objects"
    with pytest.raises(StateError, match="nothing to repair"):
        repair.plan(asked(estate))


def test_what_differs_is_shown_and_what_was_approved_is_applied_whatever_the_file_says_then(
    estate: Estate, repair: NamespaceRepair
) -> None:
    context = planned(estate, repair)
    repair.dispatch(context, {})
    estate.cluster.put({**live(estate, "ConfigMap", "limits", "shop"), "data": {"cpu": "9"}})
    assert "0 made, 1 changed" in repair.plan(asked(estate)).summary["does"]
    context = planned(estate, repair)
    estate.write("infra/k8s/addons/maps.yaml", AROUND.replace("1.5", "77"))
    assert repair.observe(context, {})[1]["seen"] == "not as approved: ConfigMap limits"
    repair.dispatch(context, {})
    assert live(estate, "ConfigMap", "limits", "shop")["data"] == {"cpu": "1.5"}


def test_what_can_not_be_repaired_is_told(estate: Estate, repair: NamespaceRepair) -> None:
    with pytest.raises(NotFoundError, match="does not define the namespace moon") as unknown:
        repair.plan(asked(estate, "moon"))
    assert unknown.value.why == "It defines: shop."
    estate.cluster.put({
        "apiVersion": "v1", "kind": "Namespace",
        "metadata": {"name": "blue-app", "labels": {"conductor.summit/environment": "blue"}},
    })  # fmt: skip
    with pytest.raises(NotFoundError) as other:
        repair.plan(asked(estate, "blue-app"))
    assert "the environment blue" in other.value.next
    with pytest.raises(InputError):
        repair.plan(asked(estate, "../etc"))
    ending = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop"}, "status": {"phase": "Terminating"}}
    estate.cluster.put(ending)
    with pytest.raises(StateError, match="being deleted"):
        repair.plan(asked(estate))


def test_a_secret_among_the_definitions_is_refused_before_it_is_kept(estate: Estate, repair: NamespaceRepair) -> None:
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "db", "namespace": "shop"}}
    elsewhere = secret | {"metadata": {"name": "db", "namespace": "elsewhere"}}
    estate.write("infra/k8s/addons/db.yaml", YamlDocuments().dump(secret | {"stringData": {"password": "hunter22"}}))
    with pytest.raises(InputError, match="defines the Secret db for shop") as refused:
        repair.plan(asked(estate))
    assert "hunter22" not in str(vars(refused.value))
    estate.write("infra/k8s/addons/db.yaml", YamlDocuments().dump(elsewhere))
    assert repair.plan(asked(estate)).facts["namespace"] == "shop"  # another namespace's is none of its business
