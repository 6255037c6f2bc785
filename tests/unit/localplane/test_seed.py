"""The seeding tasks refuse what they don't know; their manifests are what the plane promises."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from conductor_core.errors import ToolError, UnreachableError
from conductor_core.localplane import layout as layouts
from conductor_core.localplane import seed
from conductor_core.localplane.programs import LOCAL_INFRA
from conductor_core.settings import Settings


def test_an_unknown_task_fails(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert seed.main("other", str(tmp_path), str(tmp_path), str(tmp_path), "") == 1
    assert "There is no task other." in capsys.readouterr().err


def test_an_argocd_that_does_not_answer(tmp_path: Path) -> None:
    layout = layouts.of(Settings(home=tmp_path))
    layout.make()
    layouts.write_private(layout.token_file, "kept")
    with pytest.raises(UnreachableError, match="gives no token"):
        seed.access(layout, tmp_path, "http://127.0.0.1:1")


def test_a_kubectl_that_fails_is_told_with_its_words(tmp_path: Path) -> None:
    program = tmp_path / "kubectl"
    program.write_text("#!/bin/sh\necho no such server >&2\nexit 1\n")
    program.chmod(0o755)
    kubectl = seed.Kubectl(program, layouts.of(Settings(home=tmp_path)))
    with pytest.raises(ToolError) as said:
        kubectl("get", "nodes")
    assert said.value.why == "no such server"
    assert kubectl("get", "nodes", may_fail=True) == ""


def test_two_pools_of_three_nodes_with_capacity() -> None:
    nodes = list(yaml.safe_load_all((LOCAL_INFRA / "seed" / "nodes.yaml").read_text()))
    pools = [n["metadata"]["labels"]["conductor.summit/pool"] for n in nodes]
    assert sorted(pools) == ["general"] * 3 + ["memory"] * 3
    assert all(n["status"]["allocatable"]["cpu"].endswith("m") for n in nodes)


def test_the_simulator_may_only_read_pods() -> None:
    role = next(yaml.safe_load_all((LOCAL_INFRA / "seed" / "access.yaml").read_text()))
    assert role["rules"] == [{"apiGroups": [""], "resources": ["pods"], "verbs": ["get", "list", "watch"]}]


def test_every_stage_documents_itself() -> None:
    text = (LOCAL_INFRA / "kwok" / "stages.yaml").read_text()
    head = text.partition("apiVersion")[0]
    for stage in yaml.safe_load_all(text):
        assert stage["metadata"]["name"] in head
