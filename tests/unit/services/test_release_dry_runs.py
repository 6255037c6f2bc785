"""What the API server says of a change stands in place of the prediction, and each difference of the two is named."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from conductor_core.domain.comparison import Pair
from conductor_core.domain.manifests import Identity, Kind
from conductor_core.errors import RefusedError, UnreachableError
from conductor_core.ports.cluster import Object
from conductor_core.services.release_dry_runs import DryRuns
from conductor_core.services.release_sides import against
from tests.fakes.cluster import FakeCluster
from tests.fakes.object_patches import FakePatches

MAP = Identity("", "ConfigMap", "shop", "settings")
LIVE = {
    "apiVersion": "v1",
    "kind": "ConfigMap",
    "metadata": {"name": "settings", "namespace": "shop", "uid": "u", "resourceVersion": "4"},
    "data": {"level": "info", "old": "x", "hand": "made"},
}


def manifest(**data: str) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "settings"}, "data": data}


class Admitting(FakePatches):
    """Changes what it is sent, as admission does."""

    def patch(self, kind: Kind, namespace: str, name: str, body: object, **more: Any) -> Object:
        answer = copy.deepcopy(super().patch(kind, namespace, name, body, **more))
        answer["data"] |= {"level": answer["data"]["level"].upper(), "injected": "yes"}
        return answer


class Refusing(FakePatches):
    """Admits nothing."""

    def patch(self, kind: Kind, namespace: str, name: str, body: object, **more: Any) -> Object:
        raise RefusedError("admission webhook denied it", why="It must not.")


@pytest.fixture
def cluster() -> FakeCluster:
    made = FakeCluster()
    made.put(LIVE, {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop"}})
    return made


def asked(patches: FakePatches, wanted: dict[str, Any], *, all_fields: bool = False) -> Pair:
    pair = against(LIVE, wanted, manifest(level="info", old="x"), all_fields=all_fields)
    found = DryRuns(patches.cluster, patches).confirmed({MAP: pair}, {MAP: wanted}, all_fields=all_fields)
    return found[MAP]


@pytest.mark.parametrize("all_fields", [False, True])
def test_what_the_server_would_store_confirms_the_prediction(cluster: FakeCluster, all_fields: bool) -> None:
    pair = asked(FakePatches(cluster), manifest(level="debug", more="y"), all_fields=all_fields)
    assert (pair.confirmed, pair.notes) == (True, ())
    assert pair.new is not None
    hand = {"hand": "made"} if all_fields else {}
    assert pair.new["data"] == {"level": "debug", "more": "y", **hand}
    assert cluster.get(Kind("v1", "ConfigMap"), "shop", "settings") == LIVE


def test_what_admission_changes_is_shown_and_named(cluster: FakeCluster) -> None:
    pair = asked(Admitting(cluster), manifest(level="debug"))
    assert pair.confirmed is False
    assert pair.notes == ("The server would store it otherwise than predicted: /data/level.",)
    assert pair.new is not None
    assert pair.new["data"] == {"level": "DEBUG"}


def test_a_refusal_is_a_risk_and_the_prediction_stays(cluster: FakeCluster) -> None:
    pair = asked(Refusing(cluster), manifest(level="debug"))
    assert pair.confirmed is False
    assert pair.notes == ("Risk: the server refuses it. admission webhook denied it It must not.",)
    assert pair.new is not None
    assert pair.new["data"] == {"level": "debug"}


def test_what_is_new_is_created_dry_and_what_can_t_be_asked_yet_is_said(cluster: FakeCluster) -> None:
    wanted, dry = manifest(level="debug"), DryRuns(cluster, FakePatches(cluster))
    for namespace, confirmed in (("shop", True), ("elsewhere", None)):
        place = Identity("", "ConfigMap", namespace, "other")
        named = {**wanted, "metadata": {"name": "other"}}
        pair = dry.confirmed({place: Pair(None, named, live="old")}, {place: named}, all_fields=False)[place]
        assert pair.confirmed is confirmed
        assert [note.startswith("The server can't be asked yet") for note in pair.notes] == [True] * (not confirmed)
    assert [r for r in cluster.requests if r.startswith("apply")] == ["apply ConfigMap other dry_run=True"] * 2


def test_only_what_differs_is_asked_and_silence_goes_through(cluster: FakeCluster) -> None:
    patches = FakePatches(cluster)
    assert asked(patches, manifest(level="info", old="x")).confirmed is None
    cluster.failure = UnreachableError("no answer")
    with pytest.raises(UnreachableError):
        DryRuns(cluster, patches).confirmed({MAP: Pair(None, LIVE, live="old")}, {MAP: LIVE}, all_fields=False)


class Moving(FakePatches):
    """Its cluster goes on meanwhile."""

    def patch(self, kind: Kind, namespace: str, name: str, body: object, **more: Any) -> Object:
        answer = copy.deepcopy(super().patch(kind, namespace, name, body, **more))
        answer["metadata"]["resourceVersion"] = "9"
        answer["status"] = {"ready": 3}
        return answer


def test_what_moves_on_meanwhile_is_no_part_of_the_change(cluster: FakeCluster) -> None:
    live = {**LIVE, "status": {"ready": 2}}
    cluster.put(live)
    pair = against(live, manifest(level="debug"), None, all_fields=True)
    wanted = {MAP: manifest(level="debug")}
    new = DryRuns(cluster, Moving(cluster)).confirmed({MAP: pair}, wanted, all_fields=True)[MAP].new
    assert new is not None
    assert (new["metadata"]["resourceVersion"], new["status"]) == ("4", {"ready": 2})
    assert new["data"]["level"] == "debug"
