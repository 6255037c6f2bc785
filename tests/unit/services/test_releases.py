"""Releases read through fakes: references, channels, comparisons in every direction, the matrix, and errors with a
way out.
"""

from __future__ import annotations

import base64
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from conductor_core.adapters.yaml_documents import YamlDocuments
from conductor_core.domain import comparison, pipelines
from conductor_core.domain.managed_fields import LAST_APPLIED
from conductor_core.domain.manifests import Kind
from conductor_core.errors import ConfigurationError, InputError, NotFoundError, RefusedError, UnreachableError
from conductor_core.ports.helm import ChartRequest
from conductor_core.ports.post_renders import PostRender, digest_of
from conductor_core.services.release_dry_runs import DryRuns
from conductor_core.services.release_renders import ChartPlaces, post_told
from conductor_core.services.releases import ReleaseReader
from tests.fakes.cluster import FakeCluster, release_secret
from tests.fakes.helm import FakeHelm
from tests.fakes.object_patches import FakePatches
from tests.fakes.repository import FakeRepository

CHANNELS = """
releases:
  shop:
    chart: helm/shop
    channels:
      dev: {branch: dev, namespace: shop-dev, values: [helm/shop/values-dev.yaml], tier: dev}
      staging: {branch: main, namespace: shop-staging, values: [helm/shop/values-staging.yaml], tier: staging}
  broken:
    chart: helm/broken
    channels: {dev: {branch: dev, namespace: NOT_VALID, values: [], tier: dev}}
"""
DEPLOYMENT = """apiVersion: apps/v1
kind: Deployment
metadata: {name: $release, namespace: $namespace}
spec:
  replicas: $replicas
  template: {spec: {containers: [{name: api, image: "shop:$image_tag"}]}}
"""
SECRET = "apiVersion: v1\nkind: Secret\nmetadata: {name: $release-db}\nstringData: {password: $password}\n"
HOOK = "apiVersion: v1\nkind: Pod\nmetadata: {name: migrate, annotations: {helm.sh/hook: pre-upgrade}}\n"
DEV_ONLY = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: $release-debug}\ndata: {level: debug}\n"
FILES: dict[str, bytes | None] = {
    "channels.yaml": CHANNELS.encode(),
    "helm/shop/Chart.yaml": b"name: shop\nversion: 1.0.0\nappVersion: 1.4.2\n",
    "helm/shop/values.yaml": b"replicas: 2\nimage_tag: 1.4.2\npassword: canary-one\n",
    "helm/shop/values-dev.yaml": b"replicas: 1\n",
    "helm/shop/values-staging.yaml": b"replicas: 3\n",
    "helm/shop/templates/deployment.yaml": DEPLOYMENT.encode(),
    "helm/shop/templates/secret.yaml": SECRET.encode(),
    "helm/shop/templates/hook.yaml": HOOK.encode(),
}


NEW_CHART = FILES | {"helm/shop/Chart.yaml": b"name: shop\nversion: 2.0.0\nappVersion: 2.0.0\n"}
CRD = """apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: carts.shop.test}
spec: {a: 1}
"""
PUBLISHED = "oci://r.example.com/charts/shop:2.0.0"


class World:
    """A repository, a cluster and Helm, and the reader over them."""

    def __init__(self, folder: Path) -> None:
        self.repository = FakeRepository(folder)
        self.repository.push("main", FILES)
        self.repository.push("dev", FILES | {"helm/shop/templates/debug.yaml": DEV_ONLY.encode()})
        self.cluster = FakeCluster()
        self.helm = FakeHelm(self.cluster)
        self.post_renderers: dict[str, tuple[str, ...]] = {}
        self.far: list[dict[str, Any]] = []
        self.documents = YamlDocuments()
        self.reader = ReleaseReader(
            self.repository,
            self.helm,
            self.cluster,
            self.documents,
            mask_key=b"k" * 32,
            fresh_seconds=-1,
            charts=ChartPlaces(
                lambda: {"shop": "oci://r.example.com/charts"}, lambda: (folder / "mine",), lambda: self.post_renderers
            ),
            dry_runs=DryRuns(self.cluster, FakePatches(self.cluster)),
            elsewhere=lambda: tuple(map(pipelines.application, self.far)),
        )
        self.folder = folder

    def publish(self, folder: str = "mine", crd: str = CRD) -> Path:
        """A chart with a definition, in the registry and on this machine."""
        chart = self.folder / folder / "shop"
        for path, data in NEW_CHART.items():
            if path.startswith("helm/shop/"):
                file = chart / path.removeprefix("helm/shop/")
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_bytes(data or b"")
        (chart / "crds").mkdir(exist_ok=True)
        (chart / "crds" / "carts.yaml").write_text(crd)
        self.helm.packages[PUBLISHED] = chart
        return chart

    def deploy(self, channel: str = "staging", sets: dict[str, str] | None = None) -> None:
        """What a deploy leaves: a revision, and its objects as the server would hold them."""
        request: ChartRequest = self.reader.chart_request("shop", channel, sets=sets)
        self.helm.upgrade(request, "op-1")
        for m in self.documents.load_all(self.helm.render(request).manifests, "x"):
            self.cluster.put(stored(json.loads(json.dumps(m)), request.namespace))

    def edit(self, channel: str, kind: str, name: str, change: Any) -> None:
        """Change a live object by hand."""
        key = next(k for k in self.cluster.store if k[0].kind == kind and k[2] == name and channel in k[1])
        change(self.cluster.store[key])


def stored(manifest: dict[str, Any], namespace: str) -> dict[str, Any]:
    """A manifest as the server holds it: namespace, defaults, status, encoded secrets."""
    owner = {"meta.helm.sh/release-name": "shop", "meta.helm.sh/release-namespace": namespace}
    manifest["metadata"] |= {
        "namespace": namespace,
        "uid": "u",
        "resourceVersion": "5",
        "generation": 1,
        "annotations": owner,
    }
    if manifest["kind"] == "Secret":
        texts = manifest.pop("stringData")
        manifest["data"] = {k: base64.b64encode(v.encode()).decode() for k, v in texts.items()}
    if manifest["kind"] == "Deployment":
        count = manifest["spec"]["replicas"]
        manifest["spec"]["strategy"] = {"type": "RollingUpdate"}
        manifest["status"] = {
            "observedGeneration": 1, "replicas": count, "updatedReplicas": count, "availableReplicas": count,
        }  # fmt: skip
    return manifest


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def summary(world: World, old: str, new: str, **more: Any) -> list[tuple[str, str, list[str]]]:
    compared = world.reader.compare("shop", old, new, **more)
    return [
        (r.standing, f"{r.identity.kind}/{r.identity.name}", [f.pointer for f in r.fields])
        for r in compared.resources
        if r.standing != "unchanged"
    ]


def test_the_catalogue_names_what_it_leaves_out(world: World) -> None:
    catalogue = world.reader.catalogue()
    assert [r.name for r in catalogue.releases] == ["shop"]
    assert [(p.where, "NOT_VALID" in p.why) for p in catalogue.problems] == [("broken", True)]
    with pytest.raises(NotFoundError, match="broken can't be used"):
        catalogue.release("broken")


def test_an_unknown_channel_lists_the_known_ones(world: World) -> None:
    with pytest.raises(NotFoundError) as caught:
        world.reader.compare("shop", "channel:dev", "channel:nowhere")
    assert "dev, staging" in caught.value.why


def test_two_channels_are_compared_across_their_namespaces(world: World) -> None:
    assert summary(world, "channel:dev", "channel:staging") == [
        ("removed", "ConfigMap/shop-debug", []),
        ("changed", "Deployment/shop", ["/spec/replicas"]),
    ]


def test_the_same_channel_is_the_same(world: World) -> None:
    compared = world.reader.compare("shop", "channel:dev", "channel:dev")
    assert compared.same
    assert compared.count("unchanged") == 4


def test_a_first_deploy_adds_everything_but_hooks(world: World) -> None:
    assert summary(world, "live:staging", "channel:staging") == [
        ("added", "Secret/shop-db", []),
        ("added", "Deployment/shop", []),
    ]


def test_a_hook_that_comes_changes_or_goes_is_told_beside_what_ran_last(world: World) -> None:
    world.deploy()
    other = HOOK.replace("pre-upgrade", "post-upgrade")
    world.repository.push("main", {"helm/shop/templates/hook.yaml": other.encode()})
    compared = world.reader.compare("shop", "live:staging", "channel:staging", confirm=True)
    (changed,) = [r for r in compared.resources if r.fields]
    assert (str(changed.identity.kind), changed.identity.name, changed.confirmed) == ("Pod", "migrate", None)
    assert "A hook: it runs at post-upgrade and isn't kept." in changed.notes
    world.repository.push("main", {"helm/shop/templates/hook.yaml": HOOK.replace("migrate", "check").encode()})
    found = summary(world, "live:staging", "channel:staging")
    assert [(standing, name) for standing, name, _ in found] == [("added", "Pod/check"), ("removed", "Pod/migrate")]
    compared = world.reader.compare("shop", "live:staging", "channel:staging")
    assert any("Risk: a new hook runs at pre-upgrade" in note for r in compared.resources for note in r.notes)
    world.repository.push("main", {"helm/shop/templates/hook.yaml": HOOK.replace("pre-upgrade", "test").encode()})
    world.deploy()
    world.repository.push("main", {"helm/shop/templates/hook.yaml": None})
    assert summary(world, "live:staging", "channel:staging") == []


def test_after_a_deploy_nothing_would_change(world: World) -> None:
    world.deploy()
    assert summary(world, "live:staging", "channel:staging") == []
    assert summary(world, "channel:staging", "live:staging") == []


def test_sets_apply_to_the_side_that_is_asked_for(world: World) -> None:
    world.deploy()
    assert summary(world, "live:staging", "channel:staging", sets={"image.tag": "1.5.0"}) == [
        ("changed", "Deployment/shop", ["/spec/template/spec/containers/name=api/image"])
    ]


def test_a_hand_made_change_of_a_release_s_field_is_seen_and_others_are_not(world: World) -> None:
    world.deploy()
    world.edit("staging", "Deployment", "shop", lambda o: o["spec"].update(replicas=9, minReadySeconds=3))
    assert summary(world, "live:staging", "channel:staging") == [("changed", "Deployment/shop", ["/spec/replicas"])]
    (changed,) = [r for r in world.reader.compare("shop", "live:staging", "channel:staging").resources if r.fields]
    assert (changed.fields[0].old, changed.fields[0].new) == (9, 3)
    assert changed.left_out >= 2


HELM: dict[str, Any] = {"f:spec": {"f:strategy": {}, "f:template": {}}}


def wrote(manager: str, fields: dict[str, Any], day: int, **more: str) -> dict[str, Any]:
    when = {"operation": "Update", "time": f"2030-01-0{day}T00:00:00Z"}
    return {"manager": manager, "fieldsV1": fields, **when, **more}


def test_who_made_each_difference_is_told_and_what_was_set_by_hand_stays(world: World) -> None:
    world.deploy()
    world.repository.push("main", {"helm/shop/values.yaml": b"replicas: 2\nimage_tag: 1.5.0\npassword: canary-one\n"})
    hand: dict[str, Any] = {"f:spec": {"f:minReadySeconds": {}}}
    status: dict[str, Any] = {"f:spec": {"f:revisionHistoryLimit": {}}}

    def edited(o: dict[str, Any]) -> None:
        o["spec"].update(replicas=9, minReadySeconds=3, revisionHistoryLimit=2)
        scaled = wrote("kubectl", {"f:spec": {"f:replicas": {}}}, 2, subresource="scale")
        o["metadata"]["managedFields"] = [
            wrote("helm", HELM, 1), scaled, wrote("kubectl-edit", hand, 3), wrote("autoscaler", status, 3),
        ]  # fmt: skip

    world.edit("staging", "Deployment", "shop", edited)
    compared = world.reader.compare("shop", "live:staging", "channel:staging")
    assert compared.basis == "prediction"
    (changed,) = [r for r in compared.resources if r.fields]
    told = [(f.pointer, f.by, f.owner, f.at) for f in changed.fields]
    assert told == [
        ("/spec/replicas", "cluster", "kubectl (scale)", "2030-01-02T00:00:00Z"),
        ("/spec/template/spec/containers/name=api/image", "us", "", ""),
    ]
    kept = [(k.pointer, k.value, k.owner) for k in changed.kept]
    assert kept == [("/spec/minReadySeconds", 3, "kubectl-edit")]
    back = world.reader.compare("shop", "channel:staging", "live:staging")
    assert [f.by for r in back.resources for f in r.fields] == ["cluster", "us"]

    whole = world.reader.compare("shop", "live:staging", "channel:staging", all_fields=True)
    (all_of_it,) = [r for r in whole.resources if r.fields]
    assert [f.pointer for f in all_of_it.fields] == [f.pointer for f in changed.fields]
    assert {"/spec/minReadySeconds", "/spec/revisionHistoryLimit", "/spec/strategy", "/metadata/uid", "/status"} <= {
        k.pointer for k in all_of_it.kept
    }
    assert all_of_it.new is not None
    assert (all_of_it.new["spec"]["replicas"], all_of_it.new["spec"]["revisionHistoryLimit"]) == (3, 2)
    assert (all_of_it.left_out, "managedFields" in all_of_it.new["metadata"]) == (0, False)


def test_a_field_that_both_sides_have_moved_shows_what_was_applied(world: World) -> None:
    world.deploy()
    world.repository.push("main", {"helm/shop/values-staging.yaml": b"replicas: 5\n"})
    world.edit("staging", "Deployment", "shop", lambda o: o["spec"].update(replicas=9))
    compared = world.reader.compare("shop", "live:staging", "channel:staging")
    assert [(f.by, f.old, f.base, f.new) for r in compared.resources for f in r.fields] == [("both", 9, 3, 5)]
    told = compared.as_json()["resources"][-1]["fields"][0]
    assert (told["by"], told["base"]) == ("both", 3)


@pytest.mark.parametrize("sides", [("live:staging", "channel:staging"), ("channel:staging", "live:staging")])
def test_a_comparison_is_confirmed_by_the_server(world: World, sides: tuple[str, str]) -> None:
    world.deploy()
    world.repository.push("main", {"helm/shop/values-staging.yaml": b"replicas: 5\n"})
    compared = world.reader.compare("shop", *sides, confirm=True)
    assert (compared.basis, [r.confirmed for r in compared.resources if r.fields]) == ("server", [True])
    assert comparison.from_json(json.loads(json.dumps(compared.as_json()))) == compared
    assert world.reader.compare("shop", "channel:staging", "channel:dev", confirm=True).basis == ""


def test_what_argo_cd_has_applied_is_the_base_where_helm_has_none(world: World) -> None:
    mark = {"argocd.argoproj.io/tracking-id": "shop:apps/Deployment:x/shop"}
    place: dict[str, Any] = {"name": "shop", "namespace": "shop-staging", "annotations": mark}
    spec = {"replicas": 3, "paused": True}
    applied = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": place, "spec": spec}
    place = {**place, "annotations": {**mark, LAST_APPLIED: json.dumps(applied)}}
    world.cluster.put(
        {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": place, "spec": {"replicas": 8, "paused": True}}
    )
    compared = world.reader.compare("shop", "live:staging", "channel:staging")
    assert compared.old.title == "staging, live (by the Argo CD Application shop)"
    (changed,) = [r for r in compared.resources if r.standing == "changed"]
    assert [(f.op, f.pointer, f.by) for f in changed.fields] == [
        ("removed", "/spec/paused", "us"),
        ("changed", "/spec/replicas", "cluster"),
        ("added", "/spec/template", "us"),
    ]
    assert not any("refuse to take it over" in note for note in changed.notes)


def test_an_object_that_the_branch_no_longer_has_is_removed(world: World) -> None:
    world.deploy("dev")
    world.repository.push("dev", {"helm/shop/templates/debug.yaml": None})
    assert summary(world, "live:dev", "channel:dev") == [("removed", "ConfigMap/shop-debug", [])]


def test_an_object_deleted_by_hand_comes_back_with_a_note(world: World) -> None:
    world.deploy()
    del world.cluster.store[(Kind("apps/v1", "Deployment"), "shop-staging", "shop")]
    compared = world.reader.compare("shop", "live:staging", "channel:staging")
    (added,) = [r for r in compared.resources if r.standing == "added"]
    assert "the cluster doesn't" in added.notes[0]


def test_an_object_of_somebody_else_is_pointed_out(world: World) -> None:
    world.cluster.put(
        {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "shop", "namespace": "shop-staging"}}
    )
    compared = world.reader.compare("shop", "live:staging", "channel:staging")
    assert any("Helm will refuse" in note for r in compared.resources for note in r.notes)


def test_two_live_channels_are_compared_by_what_their_releases_set(world: World) -> None:
    world.deploy("dev")
    world.deploy("staging", {"image.tag": "1.5.0"})
    assert summary(world, "live:dev", "live:staging") == [
        ("removed", "ConfigMap/shop-debug", []),
        ("changed", "Deployment/shop", ["/spec/replicas", "/spec/template/spec/containers/name=api/image"]),
    ]


def test_revisions_and_commits_are_states_as_well(world: World) -> None:
    world.deploy()
    before = world.repository.resolve("main")
    world.repository.push("main", {"helm/shop/values-staging.yaml": b"replicas: 5\n"})
    world.deploy()
    change = [("changed", "Deployment/shop", ["/spec/replicas"])]
    assert summary(world, "revision:staging/1", "revision:2") == change
    assert summary(world, f"commit:{before[:10]}/staging", "channel:staging") == change
    assert summary(world, f"commit:{before}", "commit:" + before + "/staging") == []
    with pytest.raises(NotFoundError) as caught:
        world.reader.compare("shop", "revision:staging/9", "live:staging")
    assert "1, 2" in caught.value.why


@pytest.mark.parametrize(
    "ref", ["", "staging", "channel:", "revision:staging/x", "commit:zz/staging", "live:../x", "what:x"]
)
def test_bad_references_show_the_forms(world: World, ref: str) -> None:
    with pytest.raises(InputError) as caught:
        world.reader.compare("shop", ref, "channel:staging")
    assert "channel:staging" in caught.value.next or "name" in caught.value.what


def test_a_missing_overlay_is_named(world: World) -> None:
    world.repository.push("main", {"helm/shop/values-staging.yaml": None})
    with pytest.raises(NotFoundError, match=r"values-staging\.yaml"):
        world.reader.compare("shop", "channel:dev", "channel:staging")


def test_channels_are_compared_without_a_cluster_and_say_so(world: World) -> None:
    world.cluster.failure = UnreachableError("The cluster did not answer.")
    compared = world.reader.compare("shop", "channel:dev", "channel:staging")
    assert compared.count("changed") == 1
    assert "wasn't asked" in compared.old.notes[0]
    with pytest.raises(UnreachableError):
        world.reader.compare("shop", "live:staging", "channel:staging")


def test_secrets_never_leave_the_comparison_and_their_change_does(world: World) -> None:
    world.deploy()
    world.repository.push("main", {"helm/shop/values.yaml": b"replicas: 2\nimage_tag: 1.4.2\npassword: canary-two\n"})
    compared = world.reader.compare("shop", "live:staging", "channel:staging")
    text = json.dumps(compared.as_json(), ensure_ascii=False)
    assert "•••• (changed)" in text
    for value in ("canary-one", "canary-two"):
        assert value not in text
        assert base64.b64encode(value.encode()).decode() not in text
    (changed,) = [r for r in compared.resources if r.standing == "changed"]
    assert [(x.kind, x.text.strip()) for x in world.reader.lines(changed) if x.kind in ("added", "removed")] == [
        ("removed", "password: ••••"),
        ("added", "password: •••• (changed)"),
    ]
    assert "canary" not in json.dumps(world.reader.masked(world.reader.render("shop", "channel:staging").objects))


def test_a_comparison_is_the_same_bytes_every_time(world: World) -> None:
    world.deploy()
    first, second = (world.reader.compare("shop", "live:staging", "channel:dev").as_json() for _ in range(2))
    assert json.dumps(first) == json.dumps(second)


def test_live_objects_are_listed_once_a_kind_and_namespace(world: World) -> None:
    world.repository.push(
        "main", {f"helm/shop/templates/c{n}.yaml": DEV_ONLY.replace("debug}", f"c{n}}}").encode() for n in range(20)}
    )
    world.deploy()
    world.cluster.requests.clear()
    assert summary(world, "live:staging", "channel:staging") == []
    assert sum("ConfigMap" in r for r in world.cluster.requests) == 1


def test_the_version_is_asked_for_when_the_kinds_are_new(world: World) -> None:
    for _ in range(2):
        world.reader.compare("shop", "channel:dev", "channel:staging")
    assert world.cluster.requests == ["version"]
    world.cluster.served = dict(world.cluster.served)
    world.reader.compare("shop", "channel:dev", "channel:staging")
    assert world.cluster.requests == ["version", "version"]


def test_an_equal_render_is_asked_from_helm_once(world: World) -> None:
    for _ in range(3):
        world.reader.compare("shop", "channel:dev", "channel:staging")
    assert len(world.helm.renders) == 2


def test_the_matrix_shows_every_cell_and_foreign_releases(world: World) -> None:
    world.deploy()
    world.cluster.put(release_secret("other", "theirs", 7, "", status="pending-upgrade"))
    rows = world.reader.inventory().rows
    told = [(r.release, r.channel, r.revision, r.status, r.health, r.in_step) for r in rows]
    assert told == [
        ("shop", "dev", 0, "", "", None),
        ("shop", "staging", 1, "deployed", "healthy", True),
        ("theirs", "", 7, "pending-upgrade", "healthy", None),
    ]
    assert (rows[1].app_version, rows[1].updated is not None, rows[2].foreign) == ("1.4.2", True, True)
    assert json.loads(json.dumps(world.reader.inventory().as_json()))["problems"][0]["where"] == "broken"


APPLICATION: dict[str, Any] = {
    "apiVersion": "argoproj.io/v1alpha1",
    "kind": "Application",
    "metadata": {"name": "shop-dev", "namespace": "argocd"},
    "spec": {"destination": {"namespace": "shop-dev"}, "source": {"path": "helm/shop"}},
    "status": {
        "sync": {"status": "Synced", "revision": "b" * 40},
        "health": {"status": "Healthy"},
        "history": [{"id": 1, "revision": "a" * 40}, {"id": 2, "revision": "b" * 40}],
    },
}


def test_the_matrix_says_what_argo_cd_installs(world: World) -> None:
    world.deploy()
    world.cluster.put(APPLICATION)
    rows = {r.channel: r for r in world.reader.inventory().rows}
    dev, staging = rows["dev"], rows["staging"]
    assert (dev.application, dev.installed, dev.revision, dev.reason) == ("shop-dev", True, 0, "")
    assert (dev.health, dev.in_step, dev.status) == ("healthy", True, "Synced")
    assert (dev.version, dev.earlier) == ("b" * 12, "a" * 40)
    assert (staging.application, staging.revision) == ("", 1)
    assert dev.as_json()["application"] == "shop-dev"
    assert world.cluster.requests.count("list Application ") == 1


def test_the_matrix_says_what_an_argo_cd_elsewhere_installs_here(world: World) -> None:
    world.far = [APPLICATION | {"spec": APPLICATION["spec"] | {"destination": where | {"namespace": "shop-dev"}}}
                 for where in ({}, {"server": world.cluster.address})]  # fmt: skip
    world.far[1]["metadata"] = {"name": "far-shop", "namespace": "argocd"}
    assert world.reader.inventory().rows[0].application == "far-shop"
    world.far.pop()
    assert world.reader.inventory().rows[0].application == "", "its own cluster is not this one"


def test_the_matrix_tells_a_cell_that_fell_out_of_step_and_one_that_is_unwell(world: World) -> None:
    world.deploy()
    world.edit("staging", "Deployment", "shop", lambda o: o["status"].update(availableReplicas=0))
    world.repository.push("main", {"helm/shop/values-staging.yaml": b"replicas: 5\n"})
    row = world.reader.inventory().rows[1]
    assert (row.health, row.in_step) == ("progressing", False)
    assert "0 of 3" in row.reason
    other = {"name": "api", "image": "x:1"}
    world.edit("staging", "Deployment", "shop", lambda o: o["spec"]["template"]["spec"].update(containers=[other]))
    row = world.reader.inventory(check_step=False).rows[1]
    assert (row.health, row.version) == ("degraded", "1.4.2")
    assert row.reason.startswith("Deployment shop: It has api 1 and not 1.4.2: ")
    del world.cluster.store[(Kind("apps/v1", "Deployment"), "shop-staging", "shop")]
    assert world.reader.inventory(check_step=False).rows[1].health == "missing"


def test_the_matrix_without_a_cluster_has_its_rows_and_a_note(world: World) -> None:
    world.cluster.failure = UnreachableError("The cluster did not answer.")
    inventory = world.reader.inventory()
    assert [r.revision for r in inventory.rows] == [0, 0]
    assert "did not answer" in inventory.notes[0]


def test_one_unreadable_release_costs_only_its_own_row(world: World) -> None:
    world.deploy()
    bad = release_secret("other", "bad", 1, "") | {"data": {"release": "bm90IGd6aXA="}}
    world.cluster.put(bad, release_secret("other", "odd", 1, "a: [", status="deployed"))
    inventory = world.reader.inventory()
    assert [(r.release, r.health) for r in inventory.rows if r.revision] == [("shop", "healthy"), ("odd", "")]
    assert len(inventory.notes) == 2


def test_history_is_oldest_first_with_values_and_manifests(world: World) -> None:
    world.deploy()
    world.deploy(sets={"image.tag": "1.5.0"})
    world.helm.rollback("shop", "shop-staging", 1, "op-9")
    history = world.reader.history("shop", "staging")
    assert [(r.revision, r.status.value, r.description) for r in history] == [
        (1, "superseded", "conductor:op-1"),
        (2, "superseded", "conductor:op-1"),
        (3, "deployed", "Rollback to 1"),
    ]
    assert history[0].manifest == history[2].manifest
    assert world.reader.history("shop", "dev") == ()


def test_an_uninstalled_release_has_no_live_side(world: World) -> None:
    world.deploy()
    world.helm.uninstall("shop", "shop-staging", "op-2")
    assert world.reader.manifests("shop", "staging") == ()


def test_a_published_chart_is_compared_with_what_runs_and_its_definitions_are_named(world: World) -> None:
    world.deploy()
    world.publish()
    compared = world.reader.compare("shop", "live:staging", f"{PUBLISHED}#staging")
    told = {r.identity.kind: r for r in compared.resources if r.standing != "unchanged"}
    assert set(told) == {"CustomResourceDefinition"}
    assert "first install only" in told["CustomResourceDefinition"].notes[0]
    assert PUBLISHED in compared.new.title
    (standing,) = world.documents.load_all(CRD.replace("a: 1", "a: 0"), "x")
    world.cluster.put(json.loads(json.dumps(standing)))
    compared = world.reader.compare("shop", "live:staging", f"{PUBLISHED}#staging")
    (crd,) = [r for r in compared.resources if r.standing == "changed"]
    assert [f.pointer for f in crd.fields] == ["/spec/a"]
    assert not any("refuse to take it over" in note for note in crd.notes)


def test_two_charts_are_compared_with_their_own_values(world: World) -> None:
    chart = world.publish()
    other = world.publish("others")
    (other / "values.yaml").write_text("replicas: 9\nimage_tag: 1.4.2\npassword: canary-one\n")
    world.helm.packages["oci://r.example.com/charts/shop:3.0.0"] = other
    compared = world.reader.compare("shop", f"folder:{chart}", "shop/shop@3.0.0")
    assert [f.pointer for r in compared.resources for f in r.fields] == ["/spec/replicas"]


def test_a_folder_s_own_overlays_count_and_it_is_read_anew_each_time(world: World) -> None:
    world.deploy()
    chart = world.publish(crd="")
    assert world.reader.compare("shop", "live:staging", f"folder:{chart}").same
    (chart / "values-staging.yaml").write_text("replicas: 7\n")
    compared = world.reader.compare("shop", "live:staging", f"folder:{chart}")
    assert [f.new for r in compared.resources for f in r.fields] == [7]


def test_a_form_reads_no_folder_and_asks_no_host_that_it_may_not(world: World, tmp_path: Path) -> None:
    elsewhere = world.publish("elsewhere")
    with pytest.raises(RefusedError, match="not read from here"):
        world.reader.compare("shop", "channel:dev", f"folder:{elsewhere}")
    assert world.reader.compare("shop", "channel:dev", f"folder:{elsewhere}", anywhere=True).resources
    inside = world.publish()
    (inside / "templates" / "way-out.yaml").symlink_to("/etc/hostname")
    with pytest.raises(RefusedError, match="symbolic links"):
        world.reader.compare("shop", "channel:dev", f"folder:{inside}")
    with pytest.raises(RefusedError, match="not taken from"):
        world.reader.compare("shop", "channel:dev", "oci://169.254.169.254/x/shop:1.0.0")
    with pytest.raises(NotFoundError, match="no chart in"):
        world.reader.compare("shop", "channel:dev", f"folder:{tmp_path}", anywhere=True)


def test_a_channel_may_be_made_from_a_published_chart(world: World) -> None:
    world.publish(crd="")
    text = CHANNELS.replace("tier: staging}", f"tier: staging, chart: '{PUBLISHED}'}}")
    world.repository.push("main", FILES | {"channels.yaml": text.encode()})
    made = world.reader.render("shop", "channel:staging")
    assert (made.source, made.output.chart.version) == (PUBLISHED, "2.0.0")
    assert made.content == made.request.chart.parent.name
    world.deploy()
    assert world.reader.compare("shop", "live:staging", "channel:staging").same


def with_overlay(world: World) -> Path:
    """Staging is rendered through a post-renderer that is allowed; gives its program."""
    program = world.folder / "overlay"
    program.write_text("#!/bin/sh\nsed s/shop:1/mirror.test\\\\/shop:1/\n")
    program.chmod(0o755)
    told = CHANNELS.replace("values-staging.yaml], tier: staging}", "values-staging.yaml], tier: staging, "
                            "post_renderer: {name: overlay, folder: overlays}}")  # fmt: skip
    files = FILES | {"channels.yaml": told.encode(), "overlays/note.txt": b"one"}
    world.repository.push("main", files)
    world.repository.push("dev", files)
    world.reader.refresh()
    return program


def test_a_declared_post_renderer_is_part_of_every_render(world: World) -> None:
    program = with_overlay(world)
    with pytest.raises(RefusedError, match="overlay of shop/staging is not allowed"):
        world.reader.render("shop", "channel:staging")
    world.post_renderers["overlay"] = (str(program),)
    compared = world.reader.compare("shop", "channel:dev", "channel:staging")
    changed = next(r for r in compared.resources if r.identity.kind == "Deployment")
    assert "mirror.test/shop:1.4.2" in [f.new for f in changed.fields]
    first = post_told(world.reader.chart_request("shop", "staging"))
    assert first["post-renderer"].startswith("overlay ")
    program.write_text(program.read_text() + "# another\n")
    assert post_told(world.reader.chart_request("shop", "staging")) != first
    program.unlink()
    with pytest.raises(ConfigurationError, match="overlay of shop/staging is missing"):
        world.reader.render("shop", "channel:staging")


def test_a_release_that_others_post_rendered_says_so(world: World) -> None:
    world.deploy("dev")
    assert world.reader.compare("shop", "live:dev", "channel:dev").old.notes == ()
    strips = world.folder / "strips"
    strips.write_text("#!/bin/sh\ngrep -v '^# Source'\n")
    strips.chmod(0o755)
    post = PostRender("strips", strips, (), None, digest_of(strips, (), None))
    world.helm.upgrade(replace(world.reader.chart_request("shop", "dev"), post=post), "op-2")
    for ref in ("live:dev", "revision:dev/2"):
        assert "through a post-renderer" in world.reader.compare("shop", ref, "channel:dev").old.notes[-1]
    with_overlay(world)
    told = CHANNELS.replace("values-dev.yaml], tier: dev}", "values-dev.yaml], tier: dev, post_renderer: strips}")
    world.repository.push("main", FILES | {"channels.yaml": told.encode()})
    world.reader.refresh()
    world.post_renderers["strips"] = (str(strips),)
    assert world.reader.compare("shop", "live:dev", "channel:dev").old.notes == (), "the channel declares it"


def test_templates_that_ask_the_cluster_are_told_for_they_find_nothing_here(world: World) -> None:
    asks = b'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n# {{ lookup "v1" }}\n'
    world.repository.push("dev", {"helm/shop/templates/asks.yaml": asks})
    notes = world.reader.compare("shop", "channel:staging", "channel:dev").new.notes
    assert [n for n in notes if "lookup" in n]
    assert not world.reader.compare("shop", "channel:staging", "channel:staging").new.notes
    world.deploy("dev")
    assert world.reader.inventory().rows[0].in_step is True
    world.repository.push("dev", {"helm/shop/values-dev.yaml": b"replicas: 4\n"})
    world.reader.refresh()
    row = world.reader.inventory().rows[0]
    assert row.in_step is None
    assert "its templates use lookup" in row.reason


def test_what_the_server_can_not_be_asked_about_is_not_confirmed(world: World) -> None:
    found = world.reader.compare("shop", "live:staging", "channel:staging", confirm=True)
    assert found.answers == (0, 0, found.count("added"))
    world.cluster.put({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop-staging"}})
    found = world.reader.compare("shop", "live:staging", "channel:staging", confirm=True)
    assert found.answers == (found.count("added"), 0, 0)


def test_a_release_whose_last_deploy_failed_says_so_though_its_objects_are_well(world: World) -> None:
    world.deploy()
    world.cluster.put(release_secret("shop-staging", "shop", 2, "", status="failed", description="hook\n\tfailed"))
    row = world.reader.inventory().rows[1]
    assert (row.status, row.in_step, row.reason) == ("failed", None, "Revision 2 failed: hook failed")
