"""The API server is asked about every manifest of a plan; what it can't know yet is no denial."""

from __future__ import annotations

from typing import Any

from conductor_core.domain.gates import Result, Verdict
from conductor_core.domain.manifests import Kind
from conductor_core.services.planning import Draft
from conductor_core.services.server_gate import ServerGate
from tests.fakes.cluster import FakeCluster
from tests.fakes.domain import change

CART = Kind("shop.test/v1", "Cart")


def manifest(kind: str, namespace: str = "here", api: str = "v1") -> dict[str, Any]:
    return {"apiVersion": api, "kind": kind, "metadata": {"name": "a", "namespace": namespace}}


def judged(*manifests: dict[str, Any], arriving: frozenset[Kind] = frozenset()) -> Verdict:
    cluster = FakeCluster()
    cluster.put({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "here"}})
    (found,) = ServerGate(cluster)(change(), Draft(manifests=manifests, arriving=arriving))
    return found


def test_what_the_server_takes_is_allowed_and_each_manifest_counts() -> None:
    found = judged(manifest("ConfigMap"), manifest("Secret"))
    assert (found.result, found.rules_run) == (Result.ALLOW, 2)


def test_what_lies_in_a_namespace_that_comes_can_not_be_asked_yet() -> None:
    kinds = ("ConfigMap", "Secret", "Service", "Pod", "Event")
    found = judged(*(manifest(kind, "new") for kind in kinds), manifest("ConfigMap", "other"))
    assert (found.result, found.rules_run) == (Result.WARN, 6)
    assert [reason.text for reason in found.reasons] == [
        'ConfigMap/a, Secret/a, Service/a and 2 more can\'t be tried yet: namespaces "new" not found',
        'ConfigMap/a can\'t be tried yet: namespaces "other" not found',
    ]


def test_a_kind_that_the_change_brings_along_can_not_be_asked_yet() -> None:
    found = judged(manifest("Cart", api="shop.test/v1"), arriving=frozenset({CART}))
    assert (found.result, found.reasons[0].clears_by) == (Result.WARN, "It comes with this Change.")


def test_a_kind_that_nobody_brings_is_denied() -> None:
    found = judged(manifest("Cart", api="shop.test/v1"))
    assert found.result is Result.DENY
    assert found.reasons[0].text.startswith("Cart/a: The cluster has no kind Cart of shop.test/v1.")
