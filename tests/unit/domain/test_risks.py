"""Risks of a change: each is named where it applies, and none where nothing is dangerous."""

# ruff: noqa: E501  # a line a case
from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from conductor_core.domain.risks import risks
from tests.examples import examples


def thing(kind: str, **fields: Any) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": kind, "metadata": {"name": "x"}, **fields}


def pods(image: str, **spec: Any) -> dict[str, Any]:
    return thing("Deployment", spec={"template": {"spec": {"containers": [{"name": "api", "image": image}]}}, **spec})


HOOK = {
    "apiVersion": "batch/v1",
    "kind": "Job",
    "metadata": {"name": "x", "annotations": {"helm.sh/hook": "pre-upgrade"}},
}
CRD = "CustomResourceDefinition"


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        (pods("a:1", selector={"a": "b"}), pods("a:1", selector={"a": "c"}), "The selector can't be changed in place"),
        (thing("StatefulSet", spec={"serviceName": "a"}), thing("StatefulSet", spec={"serviceName": "b"}), "spec.serviceName"),
        (thing("RoleBinding", roleRef={"name": "a"}), thing("RoleBinding", roleRef={"name": "b"}), "roleRef"),
        (thing("Service", spec={"selector": {"a": "1"}}), thing("Service", spec={"selector": {}}), "traffic goes to other"),
        (thing("PersistentVolumeClaim"), None, "the data"),
        (thing("Namespace"), None, "everything in the namespace"),
        (thing(CRD), None, "every object of this kind"),
        (thing(CRD, spec={"versions": [{"name": "v1"}]}), thing(CRD, spec={"versions": [{"name": "v2"}]}), "no longer serves v1"),
        (thing("ConfigMap", immutable=True, data={"a": "1"}), thing("ConfigMap", immutable=True, data={}), "immutable"),
        (pods("a:1", replicas=2), pods("a:1", replicas=0), "scaled to 0"),
        (pods("a@sha256:1"), pods("a:2"), "was pinned by digest"),
        (pods("a:1"), pods("reg.test:5000/a:latest"), "moving tag"),
        (pods("a:1"), pods("reg.test:5000/a"), "moving tag"),
        (None, thing("PodDisruptionBudget", spec={"maxUnavailable": 0}), "nodes can't be drained"),
        (None, HOOK, "a new hook runs at pre-upgrade"),
    ],
)  # fmt: skip
def test_a_risk_is_named(old: dict[str, Any] | None, new: dict[str, Any] | None, words: str) -> None:
    (told,) = risks(old, new)
    assert words in told


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (pods("a:1", replicas=2), pods("a:2", replicas=5)),
        (pods("a@sha256:1"), pods("a@sha256:2")),
        (pods("a:1"), None),
        (HOOK, None),
        (thing("PodDisruptionBudget", spec={"maxUnavailable": 1}), thing("PodDisruptionBudget", spec={"maxUnavailable": 2})),
        (thing("Service", spec={"clusterIP": "10.0.0.1"}), thing("Service", spec={})),
    ],
)  # fmt: skip
def test_what_is_harmless_has_none(old: dict[str, Any] | None, new: dict[str, Any] | None) -> None:
    assert risks(old, new) == ()


KEYS = st.sampled_from(["spec", "template", "selector", "containers", "versions", "image", "metadata"])
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=4),
    lambda x: st.lists(x, max_size=3) | st.dictionaries(KEYS, x, max_size=4),
    max_leaves=12,
)
TREES = st.fixed_dictionaries(
    {"kind": st.sampled_from(["Deployment", "Service", CRD, "PodDisruptionBudget", "Secret"]), "spec": JSON}
)


@settings(max_examples=examples(100), deadline=None)
@given(st.none() | TREES, st.none() | TREES)
def test_any_tree_is_looked_at_without_falling_over(old: dict[str, Any] | None, new: dict[str, Any] | None) -> None:
    assert all(words.startswith("Risk: ") for words in risks(old, new))
    assert risks(new, new) == ()
