"""The helm program's command lines, failures and versions, on a program that says what the real one says."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from conductor_core.adapters.helm import HelmProgram
from conductor_core.adapters.yaml_documents import YamlDocuments
from conductor_core.errors import (
    ConductorError,
    ConfigurationError,
    ConflictError,
    InputError,
    NotFoundError,
    RefusedError,
    ToolError,
    TransientError,
    UnreachableError,
)
from conductor_core.ports.helm import ChartRequest
from tests.fakes.commands import Answer, Call, FakeCommands


class Program:
    """A helm that answers `version`, and `answer` to everything else."""

    def __init__(self, tmp_path: Path, answer: Answer, version: str = "v3.19.5") -> None:
        self.answer, self.told = answer, version
        self.commands = FakeCommands({"helm": self.run})
        self.helm = HelmProgram(self.commands, YamlDocuments(), "helm", Path("/k/config"), "lab", tmp_path / "work")
        self.chart = tmp_path / "charts" / "shop"
        (self.chart / "templates").mkdir(parents=True)
        (self.chart / "Chart.yaml").write_text("apiVersion: v2\nname: shop\nversion: 1.0.0\n")

    def run(self, call: Call) -> Answer:
        return Answer(self.told.encode()) if call.argv[1] == "version" else self.answer

    def request(self, **more: object) -> ChartRequest:
        return ChartRequest(self.chart, "shop", "shop-dev", **more)  # type: ignore[arg-type]  # tests give the right ones


UPGRADED = Answer(json.dumps({"version": 4, "info": {"status": "deployed", "notes": "token: canary-1"}}).encode())


def test_an_upgrade_is_one_list_of_arguments_with_everything_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HELM_NAMESPACE", "HELM_KUBECONTEXT", "HELM_DRIVER", "KUBECONFIG"):
        monkeypatch.setenv(name, "elsewhere")
    program = Program(tmp_path, UPGRADED)
    outcome = program.helm.upgrade(
        program.request(sets={"a.b": "1,2", "l": "{x,y}"}), "op-1", inherit_fds=[7], timeout=30
    )
    call = program.commands.calls[-1]
    assert call.argv[:3] == ("helm", "upgrade", "--install")
    assert call.argv[-3:] == ("--", "shop", str(program.chart))
    for flag in (
        "--kubeconfig=/k/config", "--kube-context=lab", "--namespace=shop-dev", "--timeout=30s", "--set=a.b=1\\,2",
        "--set=l={x,y}", "--description=conductor:op-1", "--labels=conductor-operation=op-1", "--reset-values",
    ):  # fmt: skip
        assert flag in call.argv
    assert not any("atomic" in a for a in call.argv)
    assert call.inherit_fds == (7,)
    assert call.env["HELM_DRIVER"] == "secret"
    assert Path(call.env["KUBECACHEDIR"]).is_relative_to(tmp_path), "what it caches lies in the data folder"
    assert not {"HELM_NAMESPACE", "HELM_KUBECONTEXT", "KUBECONFIG"} & set(call.env)
    assert (outcome.revision, outcome.status) == (4, "deployed")


def test_a_path_with_a_comma_is_one_values_file(tmp_path: Path) -> None:
    program = Program(tmp_path, UPGRADED)
    odd = tmp_path / 'a,"b.yaml'
    odd.write_text("x: 1\n")
    program.helm.upgrade(program.request(values=(odd,)), "op")
    assert '--values="' + str(odd).replace('"', '""') + '"' in program.commands.calls[-1].argv


SAYS: list[tuple[str, type[ConductorError], str]] = [
    ("Error: values don't meet the specifications of the schema(s) in the following chart(s):\nshop:\n"
     "- at '/api/replicas': minimum: got 0, want 1\n", ToolError, "api.replicas: minimum: got 0, want 1"),
    ("Error: chart requires kubeVersion: >=1.99 which is incompatible with v1.34.0", ToolError, "kubeVersion"),
    ('Error: can\'t get a valid version for 1 subchart(s): "lib" (repository "", version ">=2")', ToolError, "lib"),
    ('Error: Kubernetes cluster unreachable: Get "https://h:1/version": dial tcp: connect: connection refused',
     UnreachableError, "refused"),
    ('Error: Kubernetes cluster unreachable: context "zz" does not exist', ConfigurationError, "zz"),
    ("Error: UPGRADE FAILED: another operation (install/upgrade/rollback) is in progress", ConflictError, "another"),
    ("Error: release: not found", NotFoundError, "not found"),
    ("Error: release has no 99 version", NotFoundError, "99"),
    ("Error: UPGRADE FAILED: pre-upgrade hooks failed: 1 error occurred:\n\t* job x failed: BackoffLimitExceeded",
     ToolError, "BackoffLimitExceeded"),
    ('Error: Unable to continue with update: Service "x" in namespace "n" exists and cannot be imported into the '
     "current release: invalid ownership metadata", RefusedError, "ownership"),
    ("Error: open /x/values.yaml: no such file or directory", NotFoundError, "values.yaml"),
    ('Error: execution error at (shop/templates/a.yaml:1:6): image.tag is required\n\nUse --debug flag to render out '
     "invalid YAML", ToolError, "image.tag is required"),
    ("Error: YAML parse error on shop/templates/a.yaml: error converting YAML to JSON", ToolError, "a.yaml"),
    ("Error: something that nobody has seen", ToolError, "nobody has seen"),
]  # fmt: skip


@pytest.mark.parametrize(("stderr", "kind", "why"), SAYS)
def test_each_failure_has_its_meaning_and_a_way_out(
    tmp_path: Path, stderr: str, kind: type[ConductorError], why: str
) -> None:
    program = Program(tmp_path, Answer(stderr=f"W1124 some warning\n{stderr}".encode(), code=1))
    with pytest.raises(kind) as caught:
        program.helm.upgrade(program.request(), "op")
    assert why in caught.value.why
    assert "warning" not in caught.value.why
    assert "shop" in caught.value.what or "cluster" in caught.value.what or "context" in caught.value.what
    assert len(caught.value.next) > 10


def test_secrets_of_the_values_are_in_no_error_and_no_notes(tmp_path: Path) -> None:
    program = Program(tmp_path, Answer(stderr=b"Error: at '/db/password': 'canary-1' is too short: canary-2", code=1))
    (program.chart / "values.yaml").write_text("db: {password: canary-1}\n")
    with pytest.raises(ToolError) as caught:
        program.helm.render(program.request(sets={"api.token": "canary-2"}))
    assert "canary" not in str(caught.value)
    program.answer = UPGRADED
    assert "canary" not in program.helm.upgrade(program.request(), "op").notes


@pytest.mark.parametrize("version", ["v3.13.9", "v2.17.0", "v4.0.1", "nonsense", ""])
def test_an_unfit_helm_is_refused_before_it_acts(tmp_path: Path, version: str) -> None:
    program = Program(tmp_path, UPGRADED, version)
    with pytest.raises(ToolError) as caught:
        program.helm.upgrade(program.request(), "op")
    assert "3.14" in caught.value.next
    assert [c.argv[1] for c in program.commands.calls] == ["version"]


def test_no_context_means_no_act(tmp_path: Path) -> None:
    program = Program(tmp_path, UPGRADED)
    helm = HelmProgram(program.commands, YamlDocuments(), "helm", None, "", tmp_path)
    with pytest.raises(InputError, match="No cluster is chosen"):
        helm.upgrade(program.request(), "op")


def test_an_act_at_its_deadline_may_have_happened(tmp_path: Path) -> None:
    program = Program(tmp_path, Answer(seconds=500))
    with pytest.raises(TransientError):
        program.helm.upgrade(program.request(), "op", timeout=30)


def test_output_that_is_no_release_points_to_the_history(tmp_path: Path) -> None:
    program = Program(tmp_path, Answer(b"[1]"))
    with pytest.raises(ToolError) as caught:
        program.helm.upgrade(program.request(), "op")
    assert "history" in caught.value.next


def dependent(program: Program, repository: str) -> None:
    entry = f"dependencies: [{{name: lib, version: 1.x, repository: '{repository}'}}]\n"
    (program.chart / "Chart.yaml").write_text(f"apiVersion: v2\nname: shop\nversion: 1.0.0\n{entry}")


def test_dependencies_are_built_in_a_copy_once(tmp_path: Path) -> None:
    program = Program(tmp_path, Answer())
    dependent(program, "file://../lib")
    (program.chart.parent / "lib").mkdir()
    (program.chart.parent / "lib" / "Chart.yaml").write_text("name: lib\nversion: 1.0.0\n")
    for _ in range(2):
        program.helm.render(program.request())
    built = [c.argv for c in program.commands.calls if c.argv[1] == "dependency"]
    assert [a[1:3] for a in built] == [("dependency", "update")]
    assert Path(built[0][-1]).parent != program.chart.parent
    rendered = Path(program.commands.calls[-1].argv[-1])
    assert rendered.is_relative_to(tmp_path / "work")
    assert not (program.chart / "charts").exists()
    (program.chart.parent / "lib" / "Chart.yaml").write_text("name: lib\nversion: 1.0.1\n")
    program.helm.render(program.request())
    assert len([c for c in program.commands.calls if c.argv[1] == "dependency"]) == 2


def test_a_chart_with_its_dependencies_is_used_as_it_is(tmp_path: Path) -> None:
    program = Program(tmp_path, Answer())
    dependent(program, "https://charts.example.test")
    (program.chart / "charts" / "lib").mkdir(parents=True)
    program.helm.render(program.request())
    assert program.commands.calls[-1].argv[-1] == str(program.chart)


@pytest.mark.parametrize("repository", ["file://../../../etc", "http://plain.example.test", "git+ssh://x/y"])
def test_dependencies_from_elsewhere_are_refused(tmp_path: Path, repository: str) -> None:
    program = Program(tmp_path, Answer())
    dependent(program, repository)
    with pytest.raises(RefusedError):
        program.helm.render(program.request())
