"""Folders of blueprints: dropped in, broken, and the files that each is made of."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from conductor_core.adapters import hcl
from conductor_core.adapters.blueprint_files import FOLDER, BlueprintFolders
from conductor_core.adapters.yaml_documents import YamlDocuments
from conductor_core.errors import ConductorError, InputError, NotFoundError
from conductor_core.settings import PROJECT_ROOT

YAML = "title: Small\nversion: 1.0.0\ntier: dev\n"
TF = 'variable "environment" {}\nvariable "size" {\n  type = number\n}\nmodule "m" {\n  source = "../../modules/m"\n}\n'


def folders(root: Path) -> BlueprintFolders:
    return BlueprintFolders(
        lambda: root, YamlDocuments(), hcl.blocks, hcl.attributes, hcl.variable_lines, hcl.variable_texts
    )


@pytest.fixture
def root(tmp_path: Path) -> Path:
    write(tmp_path, f"{FOLDER}/small/blueprint.yaml", YAML)
    write(tmp_path, f"{FOLDER}/small/main.tf", TF)
    write(tmp_path, "infra/terraform/modules/m/main.tf", 'module "n" {\n  source = "../n"\n}\n')
    write(tmp_path, "infra/terraform/modules/n/main.tf", "locals {}\n")
    write(tmp_path, "infra/terraform/modules/other/main.tf", "locals {}\n")
    write(tmp_path, "infra/k8s/namespaces/a.yaml", "kind: Namespace\n")
    return tmp_path


def write(root: Path, name: str, text: str) -> Path:
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def test_the_shipped_blueprints_work_and_have_the_files_of_a_module() -> None:
    found = folders(PROJECT_ROOT).catalogue()
    assert found.broken == ()
    assert {"summit-local", "summit-dev", "summit-prod-multi-az"} <= set(found.blueprints)
    home = PROJECT_ROOT / "infra" / "terraform"
    for module in [*home.glob("blueprints/*"), *home.glob("modules/*")]:
        assert {"main.tf", "variables.tf", "outputs.tf"} <= {p.name for p in module.iterdir()}, module
        assert list(module.glob("tests/*.tftest.hcl")), module


def test_a_blueprint_that_is_dropped_in_appears_and_a_bad_one_is_named(root: Path) -> None:
    files = folders(root)
    assert set(files.catalogue().blueprints) == {"small"}
    write(root, f"{FOLDER}/dropped/blueprint.yaml", "title: D\nversion: 0.1.0\ntier: prod\n")
    write(root, f"{FOLDER}/dropped/main.tf", 'variable "environment" { type = string }\n')
    write(root, f"{FOLDER}/half/main.tf", "")
    found = files.catalogue()
    assert set(found.blueprints) == {"small", "dropped"}
    assert [(b.folder, b.problem.split(".")[0]) for b in found.broken] == [(f"{FOLDER}/half", "It has no blueprint")]


@pytest.mark.parametrize(
    ("file", "text", "told"),
    [
        ("blueprint.yaml", "title: [", "YAML"),
        ("blueprint.yaml", "title: T\nversion: one\ntier: dev\n", "version"),
        ("blueprint.yaml", YAML + "colour: red\n", "colour"),
        ("blueprint.yaml", YAML + "groups: [{title: A, parameters: [nope]}]\n", "nope"),
        ("blueprint.yaml", "- 1\n", "schema"),
        ("main.tf", 'variable "size" {}\n', "environment"),
        ("main.tf", 'variable "environment" {\n  type = strin\n}\n', "strin"),
        ("main.tf", "variable {", "Line 1"),
        ("other.tf", 'variable "size" {}\n', "two files"),
        ("main.tf", TF + 'variable "size" {}\n', "twice"),
    ],
)
def test_what_is_wrong_is_said(root: Path, file: str, text: str, told: str) -> None:
    write(root, f"{FOLDER}/small/{file}", text)
    (broken,) = folders(root).catalogue().broken
    assert told in broken.problem


def test_a_changed_file_is_read_again(root: Path) -> None:
    files = folders(root)
    before = files.catalogue().get("small")
    write(root, f"{FOLDER}/small/blueprint.yaml", YAML.replace("1.0.0", "1.1.0"))
    after = files.catalogue().get("small")
    assert (before.version, after.version) == ("1.0.0", "1.1.0")
    assert before.digest != after.digest


def test_sources_are_what_the_blueprint_reaches_and_nothing_else(root: Path) -> None:
    write(root, f"{FOLDER}/small/.terraform/x", "cache")
    write(root, f"{FOLDER}/small/terraform.tfstate", "{}")
    write(root, f"{FOLDER}/small/my.tfvars", "size = 1")
    files = folders(root)
    assert list(files.sources(files.catalogue().get("small"))) == [
        "infra/k8s/namespaces/a.yaml",
        f"{FOLDER}/small/blueprint.yaml",
        f"{FOLDER}/small/main.tf",
        "infra/terraform/modules/m/main.tf",
        "infra/terraform/modules/n/main.tf",
    ]


Spoil = Callable[[Path], object]
SPOILS: list[tuple[Spoil, str]] = [
    (lambda r: (r / f"{FOLDER}/small/link.tf").symlink_to("/etc/passwd"), "symbolic link"),
    (
        lambda r: write(r, "infra/terraform/modules/m/main.tf", 'module "x" {\n  source = "../../../../../x"\n}\n'),
        "isn't there",
    ),
    (lambda r: write(r, "infra/terraform/modules/m/main.tf", 'module "x" {\n  source = "../nope"\n}\n'), "isn't there"),
]


@pytest.mark.parametrize(("spoil", "told"), SPOILS)
def test_sources_that_lead_elsewhere_are_refused(root: Path, spoil: Spoil, told: str) -> None:
    files = folders(root)
    small = files.catalogue().get("small")
    spoil(root)
    with pytest.raises(InputError, match=told):
        files.sources(small)


@pytest.mark.parametrize("inner", ["../x", "/etc", "a/../../b", "nope"])
def test_paths_stay_inside(root: Path, inner: str) -> None:
    with pytest.raises((InputError, NotFoundError)):
        folders(root).path(inner)


def test_a_link_out_of_the_root_is_no_chart(root: Path) -> None:
    (root / "helm").symlink_to("/etc")
    with pytest.raises(ConductorError):
        folders(root).path("helm/passwd")
