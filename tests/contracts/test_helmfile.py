"""The port `Helmfile`: one suite on the fake and on helmfile itself, built from its module when it isn't yet."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from conductor_core.adapters.helmfile import HelmfileProgram
from conductor_core.adapters.system import SystemCommands
from conductor_core.errors import ConductorError, InputError, StateError, ToolError
from conductor_core.localplane.build import build
from conductor_core.localplane.layout import Endpoints
from conductor_core.ports.helmfile import Helmfile, HelmfileRelease, HelmfileRequest
from conductor_core.settings import Settings
from tests.fakes.cluster import FakeCluster
from tests.fakes.helm import FakeHelm
from tests.fakes.helmfile import FakeHelmfile
from tests.real.conftest import kubectl, namespace, plane

pytestmark = pytest.mark.timeout(1800)  # its first test builds helmfile, where nobody has yet

__all__ = ["kubectl", "namespace", "plane"]

REAL = """environments:
  dev:
    values: [{deep: {size: 1}}]
---
releases:
  - name: stall
    chart: ./shop
    namespace: '{{ .Values.space }}'
    labels: {tier: front}
    values: [{size: '{{ .Values.deep.size }}'}]
  - name: cellar
    chart: ./shop
    namespace: '{{ .Values.space }}'
    installed: {{ eq .Environment.Name "prod" }}
"""
FAKE = "releases:\n  - {name: stall, chart: shop, namespace: '{space}'}\n"
MAP = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: SIZE, namespace: SPACE}\ndata: {size: 'MANY'}\n"


@dataclass
class Bench:
    """A helmfile with its request, and how a release is looked at."""

    helmfile: Helmfile
    request: HelmfileRequest


def write(root: Path, name: str, text: str) -> None:
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


@pytest.fixture(params=["fake", pytest.param("real", marks=[pytest.mark.real, pytest.mark.slow])])
def bench(request: pytest.FixtureRequest, tmp_path: Path) -> Bench:
    folder = tmp_path / "helm"
    write(folder, "shop/values.yaml", "size: 1\n")
    if request.param == "fake":
        cluster = FakeCluster()
        cluster.put({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "some-space"}})
        write(folder, "helmfile.yaml", FAKE)
        write(folder, "shop/Chart.yaml", "name: shop\nversion: 1.0.0\n")
        write(folder, "shop/templates/m.yaml", MAP.replace("SIZE", "${release}").replace("MANY", "7"))
        asked = HelmfileRequest(folder, "helmfile.yaml", "dev", {"space": "some-space"})
        return Bench(FakeHelmfile(FakeHelm(cluster)), asked)
    ends: Endpoints = request.getfixturevalue("plane")
    space: str = request.getfixturevalue("namespace")
    built = build(Settings(), only=["helmfile"])
    write(folder, "helmfile.yaml.gotmpl", REAL)
    write(folder, "shop/Chart.yaml", "apiVersion: v2\nname: shop\nversion: 1.0.0\n")
    text = MAP.replace("SIZE", "{{ .Release.Name }}").replace("SPACE", "{{ .Release.Namespace }}")
    write(folder, "shop/templates/m.yaml", text.replace("MANY", "{{ .Values.size }}"))
    program = HelmfileProgram(
        SystemCommands(), str(built.path("helmfile")), str(ends.bin / "helm"), ends.kubeconfig, ends.context, tmp_path
    )
    values = {"space": space, "deep.size": 7}
    return Bench(program, HelmfileRequest(folder, "helmfile.yaml.gotmpl", "dev", values, ()))


def test_it_renders_the_releases_of_an_environment_the_same_each_time(bench: Bench) -> None:
    made = bench.helmfile.render(bench.request)
    [(release, text)] = made.manifests.items()
    assert release == HelmfileRelease("stall", str(bench.request.values["space"]))
    assert "name: stall" in text
    assert "7" in text
    assert "stall" in made.log
    assert str(bench.request.folder.parent) not in made.log
    assert made.digest == bench.helmfile.digest(bench.request.folder)
    assert bench.helmfile.render(bench.request) == made
    assert bench.helmfile.version().startswith("helmfile 1.")


def test_it_syncs_only_what_was_approved(bench: Bench) -> None:
    said: list[str] = []
    approved = replace(bench.request, digest=bench.helmfile.digest(bench.request.folder))
    [release] = bench.helmfile.sync(approved, "chg-1", say=said.append)
    assert release.name == "stall"
    assert any("stall" in line for line in said)
    write(bench.request.folder, "shop/values.yaml", "size: 2\n")
    with pytest.raises(StateError, match="has changed since it was approved"):
        bench.helmfile.sync(approved, "chg-2", say=said.append)


@pytest.mark.parametrize(
    ("change", "error", "told"),
    [
        ({"file": "nowhere.yaml"}, ConductorError, "nowhere.yaml"),
        ({"environment": "--help"}, InputError, "environment of a helmfile"),
        ({"selectors": ("--set=a",)}, InputError, "chooses no release"),
        ({"values": {"a": 1, "a.b": 2}}, InputError, "no map"),
    ],
)
def test_what_can_be_no_request_is_refused(
    tmp_path: Path, change: dict[str, Any], error: type[ConductorError], told: str
) -> None:
    write(tmp_path, "helm/helmfile.yaml", FAKE)
    program = HelmfileProgram(SystemCommands(), "helmfile-is-not-there", "helm", None, "", tmp_path / "work")
    request = replace(HelmfileRequest(tmp_path / "helm", "helmfile.yaml", "dev"), **change)
    with pytest.raises(error, match=told):
        program.render(request)
    with pytest.raises(ToolError):
        program.version()


def test_a_link_is_refused_and_a_sync_needs_a_cluster(tmp_path: Path) -> None:
    write(tmp_path, "helm/helmfile.yaml", FAKE)
    (tmp_path / "helm" / "link").symlink_to("/etc")
    program = HelmfileProgram(SystemCommands(), "helmfile-is-not-there", "helm", None, "", tmp_path / "work")
    request = HelmfileRequest(tmp_path / "helm", "helmfile.yaml", "dev")
    with pytest.raises(InputError, match="symbolic link"):
        program.render(request)
    with pytest.raises(InputError, match="No cluster"):
        program.sync(request, "chg-1", say=print)


@pytest.mark.real
@pytest.mark.slow
def test_a_helmfile_that_runs_programs_or_is_wrong_is_refused_in_its_words(
    request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    plane: Endpoints = request.getfixturevalue("plane")
    folder, built = tmp_path / "helm", build(Settings(), only=["helmfile"])
    program = HelmfileProgram(
        SystemCommands(), str(built.path("helmfile")), str(plane.bin / "helm"), None, "", tmp_path / "work"
    )
    asked = HelmfileRequest(folder, "helmfile.yaml.gotmpl", "default")
    acting = 'releases: {{ exec "touch" (list "touched") }}\n'
    cases = {
        acting: "insecure function calls are disabled",
        "releases: [{name: a, namespace: b, chart: ./no}]\n": "./no",
    }
    for text, told in cases.items():
        write(folder, asked.file, text)
        with pytest.raises(ToolError) as refused:
            program.render(asked)
        assert told in refused.value.why
        assert str(tmp_path) not in refused.value.why
