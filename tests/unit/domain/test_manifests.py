"""What identifies a manifest, and sets of them without duplicates."""

from __future__ import annotations

from typing import Any

import pytest

from conductor_core.domain.manifests import (
    Identity,
    Kind,
    defined_kinds,
    flatten,
    hook_events,
    identity_of,
    indexed,
    kind_of,
    placed,
)
from conductor_core.errors import InputError


def made(api: str, kind: str, name: str, **metadata: Any) -> dict[str, Any]:
    return {"apiVersion": api, "kind": kind, "metadata": {"name": name, **metadata}}


def test_the_version_is_no_part_of_the_identity() -> None:
    old, new = made("apps/v1beta1", "Deployment", "x"), made("apps/v1", "Deployment", "x")
    assert identity_of(old, "ns") == identity_of(new, "ns") == Identity("apps", "Deployment", "ns", "x")


def test_cluster_wide_kinds_have_no_namespace_and_others_take_the_default() -> None:
    assert identity_of(made("v1", "Namespace", "x", namespace="odd"), "ns").namespace == ""
    assert identity_of(made("v1", "Pod", "x"), "ns").namespace == "ns"
    assert identity_of(made("v1", "Pod", "x", namespace="own"), "ns").namespace == "own"
    own = frozenset({("own.test", "Planet")})
    assert identity_of(made("own.test/v1", "Planet", "x"), "ns", own).namespace == ""


def test_identities_read_well() -> None:
    assert str(Identity("apps", "Deployment", "ns", "x")) == "Deployment.apps ns/x"
    assert str(Identity("", "Node", "", "n")) == "Node n"
    assert (Kind("apps/v1", "X").group, Kind("apps/v1", "X").version, Kind("v1", "X").group) == ("apps", "v1", "")


@pytest.mark.parametrize(
    "bad",
    [{}, {"kind": "Pod"}, {"apiVersion": 1, "kind": "Pod"}, {"apiVersion": "v1", "kind": ""}],
)
def test_a_manifest_without_a_kind_is_ours_to_refuse(bad: dict[str, Any]) -> None:
    with pytest.raises(InputError, match="no apiVersion or no kind"):
        kind_of(bad)


@pytest.mark.parametrize("metadata", [None, [], {}, {"name": 1}, {"generateName": "x-"}])
def test_a_manifest_without_a_name_too(metadata: Any) -> None:
    with pytest.raises(InputError, match="no name"):
        identity_of({"apiVersion": "v1", "kind": "Pod", "metadata": metadata}, "ns")


def test_lists_are_opened_and_empty_documents_left_out() -> None:
    pods = {"apiVersion": "v1", "kind": "List", "items": [made("v1", "Pod", "a"), made("v1", "Pod", "b")]}
    assert [m["metadata"]["name"] for m in flatten([None, {}, pods, made("v1", "Pod", "c")])] == ["a", "b", "c"]
    with pytest.raises(InputError, match="Document 1"):
        flatten(["text"])


def test_every_duplicate_is_named() -> None:
    with pytest.raises(InputError) as caught:
        indexed([made("v1", "Pod", "a"), made("v1", "Pod", "a"), made("v1", "Pod", "b"), made("v1", "Pod", "b")], "ns")
    assert "Pod ns/a, Pod ns/b" in caught.value.why


def test_an_index_is_in_order() -> None:
    assert [i.name for i in indexed([made("v1", "Pod", "b"), made("v1", "Pod", "a")], "ns")] == ["a", "b"]


@pytest.mark.parametrize(
    ("annotations", "events"),
    [(None, ()), ({}, ()), ({"helm.sh/hook": "pre-install, pre-upgrade"}, ("pre-install", "pre-upgrade"))],
)
def test_hooks(annotations: Any, events: tuple[str, ...]) -> None:
    assert hook_events(made("batch/v1", "Job", "x", annotations=annotations)) == events


def test_each_manifest_says_where_it_is_as_the_server_wants_it() -> None:
    inside, wide = made("v1", "Pod", "a"), made("v1", "Namespace", "n")
    found = placed(indexed([inside, wide, made("v1", "Pod", "b", namespace="other")], "ns"))
    assert [o["metadata"].get("namespace") for o in found] == [None, "ns", "other"]
    assert "namespace" not in inside["metadata"], "what was rendered stays as it is"


def test_the_kinds_that_definitions_define() -> None:
    spec = {"group": "shop.test", "names": {"kind": "Cart"}}
    versions = [{"name": "v1", "served": True}, {"name": "v0", "served": False}]
    definition = made("apiextensions.k8s.io/v1", "CustomResourceDefinition", "carts.shop.test")
    definition["spec"] = {**spec, "versions": versions}
    assert defined_kinds([definition, made("v1", "Pod", "a")]) == {Kind("shop.test/v1", "Cart")}
