"""Who wrote a field is read from what the API server keeps: by the deepest, newest record."""

from __future__ import annotations

from typing import Any

import pytest

from conductor_core.domain.difference import ItemKey
from conductor_core.domain.managed_fields import LAST_APPLIED, Owner, Ownership

API = ItemKey((("name", "api"),))


def entry(manager: str, fields: dict[str, Any], at: str = "", **more: str) -> dict[str, Any]:
    return {"manager": manager, "operation": "Update", "time": at, "fieldsV1": fields, **more}


def live(*entries: dict[str, Any]) -> dict[str, Any]:
    return {
        "metadata": {"annotations": {"a/b": "x"}, "managedFields": list(entries), "finalizers": ["one", "two"]},
        "spec": {
            "replicas": 4,
            "args": ["--x"],
            "containers": [{"name": "api", "image": "a:1", "ports": [{"containerPort": 80}]}],
        },
    }


HELM = entry(
    "helm",
    {"f:spec": {"f:replicas": {}, "f:args": {}, "f:containers": {'k:{"name":"api"}': {".": {}, "f:image": {}}}}},
    "2030-01-01T00:00:00Z",
)
SCALE = entry("kubectl", {"f:spec": {"f:replicas": {}}}, "2030-01-02T00:00:00Z", subresource="scale")
TIMELESS = entry("kubectl", {"f:spec": {"f:extra": {}}}, subresource="scale")


def test_the_newest_writer_of_a_field_owns_it() -> None:
    owners = Ownership(live(HELM, SCALE))
    assert owners.owner(("spec", "replicas")) == Owner("kubectl", "scale", "2030-01-02T00:00:00Z")
    assert str(owners.owner(("spec", "replicas"))) == "kubectl (scale)"
    assert owners.owner(("spec", "containers", API, "image")) == Owner("helm", "", "2030-01-01T00:00:00Z")
    assert owners.owner(("spec", "args", 0)) == owners.owner(("spec", "args"))
    assert owners.owner(("spec", "containers", API, "command")) is None
    assert owners.owner(("status",)) is None


def test_items_are_found_by_all_their_keys_by_value_and_by_place() -> None:
    port: dict[str, Any] = {
        'k:{"name":"api"}': {"f:ports": {'k:{"containerPort":80,"protocol":"TCP"}': {"f:name": {}}}}
    }
    one = entry("x", {"f:spec": {"f:containers": port}, "f:metadata": {"f:finalizers": {'v:"two"': {}}}})
    owners = Ownership(live(one, entry("y", {"f:spec": {"f:args": {"i:0": {}}}})))
    key = ItemKey((("containerPort", 80), ("protocol", "TCP")))
    assert owners.owner(("spec", "containers", API, "ports", key, "name")) == Owner("x")
    assert owners.owner(("metadata", "finalizers", 1)) == Owner("x")
    assert owners.owner(("metadata", "finalizers", 0)) is None
    assert owners.owner(("spec", "args", 0)) == Owner("y")
    assert owners.owner(("spec", "args", 5)) is None


@pytest.mark.parametrize(
    ("manager", "hand"),
    [
        *((name, True) for name in ("kubectl", "kubectl-edit", "k9s", "Mozilla", "kubernetes-dashboard")),
        *((name, False) for name in ("helm", "kube-controller-manager", "argocd-controller", "octopus")),
    ],
)
def test_tools_that_people_use_by_hand(manager: str, hand: bool) -> None:
    assert Owner(manager).by_hand is hand


def test_what_people_set_is_by_hand_and_defaults_of_whoever_created_it_are_not() -> None:
    note: dict[str, Any] = {"f:metadata": {"f:annotations": {"f:a/b": {}}}}
    annotated = Ownership(live(HELM, entry("kubectl-annotate", note, "2030-01-03T00:00:00Z"), TIMELESS))
    assert annotated.by_hand(("spec", "extra"))
    helm = entry("helm", {"f:metadata": {"f:annotations": {".": {}, "f:c": {}}}}, "2030-01-04T00:00:00Z")
    mixed = Ownership(live(HELM, entry("kubectl-annotate", note, "2030-01-03T00:00:00Z"), helm))
    assert mixed.by_hand(("metadata", "annotations")) == (("metadata", "annotations", "a/b"),)
    assert mixed.by_hand(("metadata",)) == (("metadata", "annotations", "a/b"),)
    assert annotated.by_hand(("metadata", "annotations", "a/b"))
    assert not annotated.by_hand(("spec", "args"))
    created = Ownership(live(entry("kubectl-create", note)))
    assert not created.by_hand(("metadata", "annotations", "a/b"))
    applied = Ownership(live(entry("kubectl", note, operation="Apply")))
    assert applied.by_hand(("metadata", "annotations", "a/b"))
    kept = Ownership(live(HELM, entry("kubectl", {"f:metadata": {"f:annotations": {f"f:{LAST_APPLIED}": {}}}}, "3")))
    assert not kept.by_hand(("metadata", "annotations", LAST_APPLIED))


@pytest.mark.parametrize("fields", [None, "x", [None], [{"fieldsV1": None}], [{"fieldsV1": {"f:spec": {"k:{": {}}}}]])
def test_a_record_that_can_t_be_read_owns_nothing(fields: object) -> None:
    odd = {"metadata": {"managedFields": fields}, "spec": [{"name": "api"}]}
    assert Ownership(odd).owner(("spec", API)) is None
