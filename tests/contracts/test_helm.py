"""The contract of `Helm`, on the fake and on the helm program with the local control plane."""

from __future__ import annotations

import hashlib
import re
import shutil
import subprocess
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from conductor_core.adapters.helm import HelmProgram
from conductor_core.adapters.kubernetes import KubernetesCluster
from conductor_core.adapters.system import SystemCommands
from conductor_core.adapters.yaml_documents import YamlDocuments
from conductor_core.domain import releases
from conductor_core.domain.chart_addresses import ChartAddress
from conductor_core.domain.manifests import Kind
from conductor_core.domain.releases import Revision
from conductor_core.errors import InputError, NotFoundError, ToolError
from conductor_core.ports.cluster import Cluster
from conductor_core.ports.helm import ChartRequest, Helm
from conductor_core.ports.post_renders import PostRender, digest_of
from tests.fakes.cluster import FakeCluster
from tests.fakes.helm import FakeHelm
from tests.real.conftest import plane  # noqa: F401  # a fixture: the real half of the contract asks for it by name
from tests.real.registry import running_registry

FAKE = {
    "conf.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: $release-conf}\ndata: {a: '$a', b: '$b'}\n",
    "hook.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: hook, annotations: {helm.sh/hook: pre-upgrade}}\n",
}
CRD = (
    "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\n"
    "metadata: {{name: {}.example.test}}\nspec: {{}}\n"
)
REAL = {
    "conf.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: {{ .Release.Name }}-conf}\n"
    "data: {a: {{ .Values.a | quote }}, b: {{ .Values.b | quote }}}\n",
    "hook.yaml": FAKE["hook.yaml"],
}


def loaded(text: str) -> list[dict[str, Any]]:
    return [d for d in YamlDocuments().load_all(text, "x") if isinstance(d, dict)]


@dataclass
class Bench:
    """Helm, the cluster it writes to, and a chart for it."""

    helm: Helm
    cluster: Cluster
    chart: Path
    templates: dict[str, str]

    def request(self, namespace: str, values: str = "", **sets: str) -> ChartRequest:
        file = self.chart.parent / "extra.yaml"
        file.write_text(values)
        return ChartRequest(self.chart, "shop", namespace, (file,) if values else (), sets, kube_version="v1.34.0")

    def history(self, namespace: str) -> tuple[Revision, ...]:
        secrets = self.cluster.objects(Kind("v1", "Secret"), namespace, releases.OWNED_BY_HELM)
        return releases.history(map(releases.decode, secrets))


@pytest.fixture(params=["fake", pytest.param("real", marks=pytest.mark.real)])
def bench(request: pytest.FixtureRequest, tmp_path: Path) -> Bench:
    chart = tmp_path / "shop"
    (chart / "templates").mkdir(parents=True)
    (chart / "Chart.yaml").write_text("apiVersion: v2\nname: shop\nversion: 1.2.3\nappVersion: 4.5.6\n")
    (chart / "values.yaml").write_text("a: one\nb: two\n")
    if request.param == "fake":
        cluster = FakeCluster()
        made = Bench(FakeHelm(cluster), cluster, chart, FAKE)
    else:
        real = request.getfixturevalue("plane")
        helm = HelmProgram(
            SystemCommands(),
            YamlDocuments(),
            str(real.bin / "helm"),
            real.kubeconfig,
            real.context,
            tmp_path / "w",
        )
        made = Bench(helm, KubernetesCluster(real.kubeconfig, real.context), chart, REAL)
    for name, text in made.templates.items():
        (chart / "templates" / name).write_text(text)
    return made


@pytest.fixture
def space() -> str:
    return f"contract-{uuid.uuid4().hex[:10]}"


def test_a_render_has_manifests_hooks_and_metadata_apart(bench: Bench, space: str) -> None:
    made = bench.helm.render(bench.request(space))
    assert (made.chart.name, made.chart.version, made.chart.app_version) == ("shop", "1.2.3", "4.5.6")
    assert ("shop-conf" in made.manifests, "shop-conf" in made.hooks) == (True, False)
    assert ("pre-upgrade" in made.manifests, "pre-upgrade" in made.hooks) == (False, True)
    assert made == bench.helm.render(bench.request(space))


def test_sets_beat_files_which_beat_the_chart(bench: Bench, space: str) -> None:
    made = bench.helm.render(bench.request(space, "a: file\nb: file\n", a="set, with=comma"))
    (conf,) = [d for d in YamlDocuments().load_all(made.manifests, "x") if isinstance(d, dict)]
    assert conf["data"] == {"a": "set, with=comma", "b": "file"}


def test_missing_files_are_named(bench: Bench, space: str) -> None:
    with pytest.raises(NotFoundError, match=r"gone\.yaml"):
        bench.helm.render(ChartRequest(bench.chart, "shop", space, (bench.chart / "gone.yaml",)))
    with pytest.raises(NotFoundError, match="nowhere"):
        bench.helm.render(ChartRequest(bench.chart / "nowhere", "shop", space))


BAD: list[Callable[[Bench], object]] = [
    lambda b: b.helm.render(ChartRequest(b.chart, "--post-renderer=x", "ns")),
    lambda b: b.helm.render(ChartRequest(b.chart, "shop", "-n")),
    lambda b: b.helm.render(ChartRequest(b.chart, "shop", "ns", sets={"a=b,c": "x"})),
    lambda b: b.helm.upgrade(ChartRequest(b.chart, "shop", "ns"), "op id"),
    lambda b: b.helm.rollback("--wait", "ns", 1, "op"),
    lambda b: b.helm.rollback("shop", "ns", 0, "op"),
]


@pytest.mark.parametrize("act", BAD)
def test_names_that_could_be_options_are_refused(bench: Bench, act: Callable[[Bench], object]) -> None:
    with pytest.raises(InputError):
        act(bench)


@pytest.fixture
def registry(bench: Bench, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[str]:
    """An OCI registry that has the bench's chart with a definition in it; gives the address of its folder."""
    (bench.chart / "crds").mkdir()
    (bench.chart / "crds" / "two.yaml").write_text(CRD.format("a") + "---\n" + CRD.format("b"))
    if isinstance(bench.helm, FakeHelm):
        unpacked = tmp_path / hashlib.sha256(b"x").hexdigest() / "shop"
        shutil.copytree(bench.chart, unpacked)
        bench.helm.packages["oci://127.0.0.1:5000/charts/shop:1.2.3"] = unpacked
        yield "oci://127.0.0.1:5000/charts"
        return
    helm = str(request.getfixturevalue("plane").bin / "helm")
    with running_registry(Path(helm).parent, tmp_path) as host:
        subprocess.run([helm, "package", str(bench.chart), "-d", str(tmp_path)], check=True, capture_output=True)
        push = [helm, "push", str(tmp_path / "shop-1.2.3.tgz"), f"oci://{host}/charts", "--plain-http"]
        subprocess.run(push, check=True, capture_output=True)
        yield f"oci://{host}/charts"


def test_a_chart_comes_from_a_registry_by_its_version(bench: Bench, registry: str, space: str) -> None:
    address = ChartAddress(registry, "shop", "1.2.3")
    chart = bench.helm.pull(address)
    assert bench.helm.pull(address) == chart
    assert re.fullmatch("[0-9a-f]{64}", chart.parent.name)
    made = bench.helm.render(replace(bench.request(space), chart=chart))
    assert [d["metadata"]["name"] for d in loaded(made.crds)] == ["a.example.test", "b.example.test"]
    assert [d["metadata"]["name"] for d in loaded(made.manifests)] == ["shop-conf"]
    assert [d["metadata"]["name"] for d in loaded(made.hooks)] == ["hook"]
    with pytest.raises(NotFoundError, match=r"has no oci://.*/shop:9\.9\.9"):
        bench.helm.pull(replace(address, version="9.9.9"))
    with pytest.raises(NotFoundError):
        bench.helm.pull(replace(address, chart="nothing"))


SCRIPT = """#!/bin/sh
test -z "$CONDUCTOR_ARGOCD_TOKEN" || exit 9
test "$1" = fail && { echo "no such overlay" >&2; exit 3; }
sed "s/b: .*/b: $1-$(cat extra)}/"
"""


def post(tmp_path: Path, *args: str) -> PostRender:
    """A post-renderer that puts its argument and a file of its folder into the ConfigMap."""
    program, folder = tmp_path / "overlay", tmp_path / "files"
    folder.mkdir(exist_ok=True)
    (folder / "extra").write_text("file")
    program.write_text(SCRIPT)
    program.chmod(0o755)
    return PostRender("overlay", program, args, folder, digest_of(program, args, folder))


def test_a_post_renderer_changes_manifests_and_nothing_else(
    bench: Bench, space: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CONDUCTOR_ARGOCD_TOKEN", "canary")
    (bench.chart / "crds").mkdir()
    (bench.chart / "crds" / "one.yaml").write_text(CRD.format("a"))
    asked = replace(bench.request(space), post=post(tmp_path, "prod"))
    made = bench.helm.render(asked)
    (conf,) = loaded(made.manifests)
    assert conf["data"] == {"a": "one", "b": "prod-file"}
    assert [d["metadata"]["name"] for d in loaded(made.hooks)] == ["hook"]
    assert [d["metadata"]["name"] for d in loaded(made.crds)] == ["a.example.test"]
    with pytest.raises(ToolError, match="post-renderer of shop failed") as failed:
        bench.helm.render(replace(asked, post=post(tmp_path, "fail")))
    assert "no such overlay" in failed.value.why


def test_what_is_installed_is_post_rendered(bench: Bench, space: str, tmp_path: Path) -> None:
    bench.helm.upgrade(replace(bench.request(space), post=post(tmp_path, "prod")), "op-1", create_namespace=True)
    (conf,) = loaded(bench.history(space)[0].manifest)
    assert conf["data"]["b"] == "prod-file"


def test_a_template_that_fails_says_which(bench: Bench, space: str) -> None:
    text = "a: $nothing\n" if bench.templates is FAKE else "a: {{ .Values.nothing.at.all }}\n"
    (bench.chart / "templates" / "bad.yaml").write_text(text)
    with pytest.raises(ToolError, match="isn't set") as caught:
        bench.helm.render(bench.request(space))
    assert "nothing" in caught.value.why


def test_a_release_lives_from_install_to_uninstall(bench: Bench, space: str) -> None:
    first = bench.helm.upgrade(bench.request(space), "op-1", create_namespace=True)
    second = bench.helm.upgrade(bench.request(space, a="new"), "op-2")
    third = bench.helm.rollback("shop", space, 1, "op-3")
    assert [o.revision for o in (first, second, third)] == [1, 2, 3]
    assert third.status == "deployed"
    history = bench.history(space)
    assert [(r.revision, r.made_by("op-1"), r.made_by("op-2")) for r in history] == [
        (1, True, False),
        (2, False, True),
        (3, False, False),
    ]
    assert history[2].description == "Rollback to 1"
    assert history[0].manifest == history[2].manifest != history[1].manifest
    bench.helm.uninstall("shop", space, "op-4")
    assert bench.history(space)[-1].status.value == "uninstalled"


def test_a_dry_run_writes_no_revision(bench: Bench, space: str) -> None:
    bench.helm.upgrade(bench.request(space), "op-1", create_namespace=True)
    bench.helm.upgrade(bench.request(space, a="new"), "op-2", dry_run=True)
    assert [r.revision for r in bench.history(space)] == [1]


def test_what_is_not_there_can_t_be_rolled_back(bench: Bench, space: str) -> None:
    bench.helm.upgrade(bench.request(space), "op-1", create_namespace=True)
    with pytest.raises(NotFoundError):
        bench.helm.rollback("shop", space, 9, "op-2")
    with pytest.raises(NotFoundError):
        bench.helm.rollback("ghost", space, 1, "op-2")
    with pytest.raises(NotFoundError):
        bench.helm.uninstall("ghost", space, "op-2")


def test_it_says_its_version(bench: Bench) -> None:
    assert bench.helm.version().startswith("3.")
