"""Runbook files: every problem is named with its file, line and what to write; changes are seen."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import pytest

from conductor_core.adapters.papermill_runs import PapermillRuns
from conductor_core.adapters.runbook_files import BYTE_CAP, RunbookFolder
from conductor_core.domain.runbooks import DEFAULT_APPROVALS, Parameter
from conductor_core.errors import ConfigurationError
from conductor_core.settings import PROJECT_ROOT
from tests.fakes.notebook_files import write_notebook

GOOD = """\
title: Deploy {release} to {channel}
purpose: Deploys a release.
notebook: deploy
plan: release_deploy
target: release/{release}@{channel}
tier: "{channel}"
"""
PARAMETERS = 'release: str = ""  # Which\nchannel: str = "dev"  # Where\nsets: dict = {}  # Values'


class Folder:
    """A folder of runbooks whose reads of notebooks are counted."""

    def __init__(self, root: Path) -> None:
        self.runbooks, self.notebooks = root / "runbooks", root / "notebooks"
        self.runbooks.mkdir()
        self.notebooks.mkdir()
        write_notebook(self.notebooks / "deploy.ipynb", parameters=PARAMETERS)
        self.reads = 0
        self.files = RunbookFolder(self.runbooks, self.notebooks, self.parameters)

    def parameters(self, notebook: Path) -> Sequence[Parameter]:
        self.reads += 1
        return PapermillRuns().parameters(notebook)

    def write(self, text: str | bytes, name: str = "deploy.yaml") -> Path:
        path = self.runbooks / name
        path.write_bytes(text.encode() if isinstance(text, str) else text)
        return path

    def problem(self, name: str = "deploy.yaml") -> str:
        found = self.files.catalogue()
        assert found.runbooks == {}
        assert [b.file for b in found.broken] == [name]
        return found.broken[0].problem


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path)


def test_the_least_that_a_file_needs(folder: Folder) -> None:
    folder.write(GOOD)
    found = folder.files.catalogue()
    assert found.broken == ()
    runbook = found.runbooks["deploy"]
    assert runbook.approvals == DEFAULT_APPROVALS
    assert runbook.approvals is not DEFAULT_APPROVALS
    assert (runbook.gates, runbook.timeout, runbook.level) == (("policy",), 900, 1)
    assert [p.name for p in runbook.parameters] == ["release", "channel", "sets"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", ["no fields", "key: value"]),
        ("- a\n- b\n", ["no fields"]),
        ("title: [", ["Line ", "not YAML"]),
        (GOOD + "timeout: &a [*a]\n", ["Line 7", "timeout"]),
        (GOOD + "title: Again\n", ["Line 7", "title is there twice"]),
        (GOOD + "owner: me\n", ["Line 7", "`owner` is no field", "rollback"]),
        (GOOD + "timeout: soon\n", ["Line 7", "`timeout` can't be 'soon'", "Write `timeout: 900`", "whole seconds"]),
        (GOOD + "timeout: 0\n", ["Line 7", "timeout"]),
        (GOOD + "approvals:\n  dev: 0\n  prod: many\n", ["Line 9", "approvals", "'many'"]),
        (GOOD + "approvals: {prod: -1}\n", ["approvals"]),
        (GOOD + "gates: []\n", ["Line 7", "gates"]),
        (GOOD + "gates:\n  - policy\n  - No Gate\n", ["Line 9", "'No Gate'"]),
        (GOOD + "links: ['javascript:alert(1)']\n", ["links"]),
        (GOOD + "level: true\n", ["level"]),
        (GOOD + "rollback: nothing\n", ["`rollback` names nothing", "deploy"]),
        (GOOD + "name: other\n", ["Line 7", "Write `name: deploy`"]),
        (GOOD.replace("purpose", "porpoise"), ["`purpose` is missing", "`porpoise` is no field"]),
        (GOOD.replace("notebook: deploy", "notebook: ../deploy"), ["Line 3", "notebook"]),
        (GOOD.replace("notebook: deploy", "notebook: missing"), ["jupytext --sync notebooks/missing.py"]),
        (GOOD.replace("title: Deploy", "title: !!python/object/apply:os.system ['id'] #"), ["Line 1", "not YAML"]),
        (GOOD + "approvals: !!python/name:os.system\n", ["Line 7", "not YAML"]),
        (GOOD.replace("{channel}\"", "{tier}\""), ["Line 6", "`tier` has {tier}", "channel, release"]),
        (GOOD.replace("@{channel}", "@{sets}"), ["Line 5", "{sets}"]),
        (GOOD.replace("@{channel}", "@{channel.__class__}"), ["Line 5", "{channel.__class__}"]),
        (GOOD.replace("@{channel}", "@{channel[0]}"), ["{channel[0]}"]),
        (GOOD.replace("@{channel}", "@{channel!r}"), ["{channel!r}"]),
        (GOOD.replace("@{channel}", "@{channel:>9999999999}"), ["{channel:>9999999999}"]),
        (GOOD.replace("@{channel}", "@{channel:{release}}"), ["{channel:{release}}"]),
        (GOOD.replace("@{channel}", "@{}"), ["has {}"]),
        (GOOD.replace("@{channel}", "@{0}"), ["has {0}"]),
        (GOOD.replace("@{channel}", "@{channel"), ["Line 5", "not a format"]),
        (GOOD.replace("@{channel}", "@{{channel}}").replace("{release}@", "{x}@"), ["{x}"]),
    ],
)  # fmt: skip
def test_a_problem_names_its_line_and_what_to_write(folder: Folder, text: str, words: list[str]) -> None:
    folder.write(text)
    problem = folder.problem()
    for word in words:
        assert word in problem
    assert any(act in problem for act in ("Write", "Mend", "Make", "Keep"))


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"title: \xff\n", "UTF-8"),
        (b"a: " + b"[" * 30_000, "not YAML"),
        (b"# " + b"x" * BYTE_CAP, "64 KiB"),
        (b"a: &a [x]\nb: [" + b"*a," * 11 + b"]\n", "11 aliases"),
        (b"? [a, b]\n: 1\n", "unhashable key"),
        (b"1: 2\n", "no field"),
        (b"a: \x00", "not YAML"),
    ],
)
def test_hostile_yaml_is_a_problem_of_that_file(folder: Folder, data: bytes, words: str) -> None:
    folder.write(data)
    assert words in folder.problem()


@pytest.mark.parametrize("name", ["Deploy.yaml", "deploy.yml", "1.yaml", "a b.yaml"])
def test_a_name_that_cannot_be_a_runbook_s(folder: Folder, name: str) -> None:
    folder.write(GOOD, name)
    assert "Its name" in folder.problem(name)


def test_a_notebook_whose_cell_is_bad_breaks_its_runbook_only(folder: Folder) -> None:
    write_notebook(folder.notebooks / "bad.ipynb", parameters="import os")
    folder.write(GOOD)
    folder.write(GOOD.replace("notebook: deploy", "notebook: bad"), "bad.yaml")
    found = folder.files.catalogue()
    assert set(found.runbooks) == {"deploy"}
    assert "The parameters cell of bad.ipynb can't be used, line 1." in found.broken[0].problem


def test_a_notebook_outside_the_folder_is_not_followed(folder: Folder, tmp_path: Path) -> None:
    outside = write_notebook(tmp_path / "outside.ipynb", parameters=PARAMETERS)
    (folder.notebooks / "link.ipynb").symlink_to(outside)
    folder.write(GOOD.replace("notebook: deploy", "notebook: link"))
    assert "link.ipynb is no file" in folder.problem()


def test_braces_that_are_escaped_stay(folder: Folder) -> None:
    folder.write(GOOD.replace("Deploy {release}", "Deploy {{it}} {release}"))
    assert folder.files.catalogue().runbooks["deploy"].title.format(release="a", channel="b") == "Deploy {it} a to b"


def test_nothing_is_read_twice_until_it_changes(folder: Folder) -> None:
    path = folder.write(GOOD)
    first = folder.files.catalogue().runbooks["deploy"]
    assert folder.files.catalogue().runbooks["deploy"] is first
    assert folder.reads == 1

    folder.write(GOOD.replace("Deploys a", "Installs a"))
    second = folder.files.catalogue().runbooks["deploy"]
    assert second.purpose == "Installs a release."
    assert second.digest != first.digest

    write_notebook(folder.notebooks / "deploy.ipynb", "print(1)", parameters=PARAMETERS)
    third = folder.files.catalogue().runbooks["deploy"]
    assert third.digest != second.digest

    os.utime(path, ns=(1, 1))
    assert folder.files.catalogue().runbooks["deploy"].digest == third.digest
    assert folder.reads == 4

    path.unlink()
    assert folder.files.catalogue().runbooks == {}


def test_a_broken_one_works_once_it_or_its_notebook_is_mended(folder: Folder) -> None:
    folder.write(GOOD.replace("notebook: deploy", "notebook: later"))
    assert "later.ipynb" in folder.problem()
    write_notebook(folder.notebooks / "later.ipynb", parameters="import os")
    assert "line 1" in folder.problem()
    write_notebook(folder.notebooks / "later.ipynb", parameters=PARAMETERS)
    assert set(folder.files.catalogue().runbooks) == {"deploy"}


def test_no_folder_is_an_empty_catalogue_and_a_lost_schema_is_an_error(tmp_path: Path) -> None:
    files = RunbookFolder(tmp_path / "none", tmp_path, PapermillRuns().parameters)
    assert files.catalogue().runbooks == {}
    with pytest.raises(ConfigurationError, match="schema"):
        RunbookFolder(tmp_path, tmp_path, PapermillRuns().parameters, tmp_path / "lost.json")


def test_every_runbook_of_the_product_works() -> None:
    found = RunbookFolder(PROJECT_ROOT / "runbooks", PROJECT_ROOT / "notebooks", PapermillRuns().parameters).catalogue()
    assert found.broken == ()
    assert {"deploy_release", "rollback_release", "validate_release"} <= set(found.runbooks)
