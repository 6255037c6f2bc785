"""The contract of `Cluster`, on the fake and on the API server of the local control plane."""

from __future__ import annotations

import base64
import uuid
from typing import Any

import pytest

from conductor_core.adapters.kubernetes import KubernetesCluster
from conductor_core.domain.manifests import Kind
from conductor_core.errors import InputError, NotFoundError
from conductor_core.ports.cluster import Cluster
from tests.fakes.cluster import FakeCluster
from tests.real.conftest import plane  # noqa: F401  # a fixture: the real half of the contract asks for it by name

CONFIG, SECRET, NAMESPACE = Kind("v1", "ConfigMap"), Kind("v1", "Secret"), Kind("v1", "Namespace")


@pytest.fixture(params=["fake", pytest.param("real", marks=pytest.mark.real)])
def cluster(request: pytest.FixtureRequest) -> Cluster:
    if request.param == "fake":
        return FakeCluster()
    real = request.getfixturevalue("plane")
    return KubernetesCluster(real.kubeconfig, real.context)


@pytest.fixture
def space(cluster: Cluster) -> str:
    """A namespace of this test's own."""
    name = f"contract-{uuid.uuid4().hex[:10]}"
    cluster.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}, dry_run=False)
    return name


def config(space: str, name: str = "one", **labels: str) -> dict[str, Any]:
    metadata = {"name": name, "namespace": space, "labels": labels}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": {"a": "1"}}


def test_it_says_who_it_is(cluster: Cluster) -> None:
    told = cluster.version()
    assert told.version.startswith("v1.")
    assert told.server.startswith("https://")
    assert told.context


def test_kinds_tell_which_have_a_namespace(cluster: Cluster) -> None:
    kinds = cluster.kinds()
    assert (kinds[CONFIG].namespaced, kinds[CONFIG].plural) == (True, "configmaps")
    assert not kinds[NAMESPACE].namespaced


def test_a_dry_run_stores_nothing(cluster: Cluster, space: str) -> None:
    shown = cluster.apply(config(space), dry_run=True)
    assert shown["data"] == {"a": "1"}
    assert cluster.get(CONFIG, space, "one") is None


def test_apply_twice_is_once(cluster: Cluster, space: str) -> None:
    cluster.apply(config(space), dry_run=False)
    cluster.apply(config(space) | {"data": {"a": "2"}}, dry_run=False)
    found = cluster.get(CONFIG, space, "one")
    assert found is not None
    assert found["data"] == {"a": "2"}
    assert (found["apiVersion"], found["kind"]) == ("v1", "ConfigMap")


def test_lists_are_of_one_namespace_and_selected_by_labels(cluster: Cluster, space: str) -> None:
    for name, tier in (("a", "web"), ("b", "web"), ("c", "db")):
        cluster.apply(config(space, name, tier=tier), dry_run=False)
    listed = cluster.objects(CONFIG, space, "tier=web")
    assert sorted(o["metadata"]["name"] for o in listed) == ["a", "b"]
    assert {(o["apiVersion"], o["kind"]) for o in listed} == {("v1", "ConfigMap")}
    everywhere = cluster.objects(CONFIG, "", "tier=db")
    assert (space, "c") in {(o["metadata"]["namespace"], o["metadata"]["name"]) for o in everywhere}


def test_metadata_alone_has_labels_and_no_data(cluster: Cluster, space: str) -> None:
    data = {"k": base64.b64encode(b"v").decode()}
    metadata = {"name": "s", "namespace": space, "labels": {"owner": "contract"}}
    cluster.apply({"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "data": data}, dry_run=False)
    (found,) = cluster.objects(SECRET, space, "owner=contract", metadata_only=True)
    assert (found["metadata"]["labels"]["owner"], found["kind"], "data" in found) == ("contract", "Secret", False)


def test_what_is_not_there_is_none_and_empty(cluster: Cluster, space: str) -> None:
    ghost = Kind("ghost.test/v1", "Ghost")
    assert cluster.get(CONFIG, space, "ghost") is None
    assert cluster.get(ghost, space, "x") is None
    assert cluster.objects(ghost, space) == ()
    assert cluster.objects(CONFIG, "no-such-namespace", "x=y") == ()


def test_what_can_t_be_applied_is_refused(cluster: Cluster, space: str) -> None:
    with pytest.raises(InputError):
        cluster.apply({"apiVersion": "ghost.test/v1", "kind": "Ghost", "metadata": {"name": "x"}}, dry_run=True)
    with pytest.raises(InputError):
        cluster.apply({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "x"}}, dry_run=True)
    with pytest.raises(NotFoundError):
        cluster.apply(config("no-such-namespace"), dry_run=True)


def test_the_log_of_a_missing_pod(cluster: Cluster, space: str) -> None:
    with pytest.raises(NotFoundError):
        cluster.logs(space, "ghost")
