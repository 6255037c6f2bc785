"""What every `RunbookFiles` keeps to, asked of the fake and of the folder."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from conductor_core.adapters.papermill_runs import PapermillRuns
from conductor_core.adapters.runbook_files import RunbookFolder
from conductor_core.domain.runbooks import BrokenRunbook, Parameter, Runbook
from conductor_core.errors import NotFoundError
from conductor_core.ports.runbook_files import RunbookFiles
from tests.fakes.notebook_files import write_notebook
from tests.fakes.runbook_files import FakeRunbookFiles

DEPLOY = Runbook(
    name="deploy",
    title="Deploy {release}",
    purpose="Deploys.",
    notebook="deploy",
    plan="release_deploy",
    target="release/{release}",
    tier="{release}",
    parameters=(Parameter("release", "str", "", "Which release.", required=True),),
    gates=("policy", "calendar"),
    approvals={"dev": 0, "default": 2},
    timeout=60,
    rollback="deploy",
    level=2,
    links=("https://example.com/docs",),
)

Make = Callable[[list[Runbook]], RunbookFiles]


@pytest.fixture(params=["fake", "folder"])
def make(request: pytest.FixtureRequest, tmp_path: Path) -> Make:
    runbooks, notebooks = tmp_path / "runbooks", tmp_path / "notebooks"
    runbooks.mkdir()
    notebooks.mkdir()

    def of(declared: list[Runbook]) -> RunbookFiles:
        for runbook in declared:
            write_notebook(
                notebooks / f"{runbook.notebook}.ipynb", parameters='release: str = ""  # Which release. [required]'
            )
            write(runbooks / f"{runbook.name}.yaml", runbook)
        (runbooks / "broken.yaml").write_text("title: [")
        broken = [BrokenRunbook("broken.yaml", "It is not YAML.")]
        if request.param == "fake":
            return FakeRunbookFiles(declared, notebooks, broken)
        return RunbookFolder(runbooks, notebooks, PapermillRuns().parameters)

    return of


def write(path: Path, runbook: Runbook) -> None:
    skipped = {"name", "parameters", "digest"}
    fields = {k: v for k, v in vars(runbook).items() if k not in skipped}
    path.write_text(yaml.safe_dump({k: list(v) if isinstance(v, tuple) else v for k, v in fields.items()}))


def test_every_field_arrives_and_a_bad_file_is_named(make: Make) -> None:
    found = make([DEPLOY]).catalogue()
    assert {name: replace(r, digest="") for name, r in found.runbooks.items()} == {"deploy": DEPLOY}
    assert [b.file for b in found.broken] == ["broken.yaml"]
    assert found.broken[0].problem


def test_the_notebook_is_a_file_in_its_folder(make: Make) -> None:
    files = make([DEPLOY])
    assert files.notebook(files.catalogue().runbooks["deploy"]).name == "deploy.ipynb"
    for name in ("missing", "../runbooks/deploy", "/etc/passwd"):
        with pytest.raises(NotFoundError):
            files.notebook(replace(DEPLOY, notebook=name))


def test_the_catalogue_that_was_given_is_the_caller_s(make: Make) -> None:
    files = make([DEPLOY])
    files.catalogue().runbooks.clear()
    assert set(files.catalogue().runbooks) == {"deploy"}
