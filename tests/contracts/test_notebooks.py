"""What every `Notebooks` keeps to, asked of the fake and of papermill with a real kernel."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from conductor_core.adapters.papermill_runs import PapermillRuns
from conductor_core.domain.runbooks import Parameter
from conductor_core.errors import InputError
from conductor_core.ports.notebooks import Notebooks, Output
from tests.fakes.notebook_files import write_notebook
from tests.fakes.notebooks import FakeNotebooks

PARAMETERS = 'release: str = ""  # Which release. [required]\ncount: int = 3  # How many\ntags: list = ["a"]  # Tags'


@pytest.fixture(params=["fake", "papermill"])
def notebooks(request: pytest.FixtureRequest, tmp_path: Path) -> Notebooks:
    return FakeNotebooks() if request.param == "fake" else PapermillRuns(tmp_path / "run")


def test_it_reads_the_declared_parameters_in_order(notebooks: Notebooks, tmp_path: Path) -> None:
    path = write_notebook(tmp_path / "n.ipynb", parameters=PARAMETERS)
    assert notebooks.parameters(path) == (
        Parameter("release", "str", "", "Which release.", required=True),
        Parameter("count", "int", 3, "How many"),
        Parameter("tags", "list", ["a"], "Tags"),
    )


@pytest.mark.parametrize("text", ["", "no json", "[]", '{"cells": 3}'])
def test_a_notebook_that_cannot_be_read_is_an_input_error(notebooks: Notebooks, tmp_path: Path, text: str) -> None:
    path = tmp_path / "n.ipynb"
    path.write_text(text)
    with pytest.raises(InputError):
        notebooks.parameters(path)
    with pytest.raises(InputError):
        notebooks.parameters(tmp_path / "missing.ipynb")


def test_it_runs_with_defaults_and_given_values_and_tells_each_cell(notebooks: Notebooks, tmp_path: Path) -> None:
    path = write_notebook(
        tmp_path / "n.ipynb", "doubled = count * 2\nprint(release)", "print(doubled, tags)", parameters=PARAMETERS
    )
    told: list[Output] = []
    run = notebooks.run(path, {"release": "intelgraph", "count": 21}, {}, told.append, 60)
    assert run.error == ""
    said = "".join(o.text for o in told if o.kind == "output")
    assert said == "intelgraph\n42 ['a']\n"
    starts = [o.cell for o in told if o.kind == "cell"]
    assert starts == list(range(told[0].cells))
    assert [o.cell for o in told] == sorted(o.cell for o in told)
    document = json.loads(run.notebook)
    outputs = [out for cell in document["cells"] for out in cell.get("outputs", [])]
    assert ["".join(out["text"]) for out in outputs] == ["intelgraph\n", "42 ['a']\n"]


def test_the_file_itself_stays_as_it_was(notebooks: Notebooks, tmp_path: Path) -> None:
    path = write_notebook(tmp_path / "n.ipynb", "print(1)")
    before = path.read_bytes()
    notebooks.run(path, {}, {}, lambda _: None, 60)
    assert path.read_bytes() == before


def test_a_failing_cell_is_a_result_and_ends_the_run(notebooks: Notebooks, tmp_path: Path) -> None:
    path = write_notebook(tmp_path / "n.ipynb", "print('one')", "raise RuntimeError('helm said no')", "print('three')")
    told: list[Output] = []
    run = notebooks.run(path, {}, {}, told.append, 60)
    assert run.error == "RuntimeError: helm said no"
    assert "three" not in "".join(o.text for o in told)
    assert b"helm said no" in run.notebook


def test_an_undeclared_parameter_is_refused_before_anything_runs(notebooks: Notebooks, tmp_path: Path) -> None:
    path = write_notebook(tmp_path / "n.ipynb", "print('ran')", parameters=PARAMETERS)
    told: list[Output] = []
    with pytest.raises(InputError):
        notebooks.run(path, {"release": "a", "other": 1}, {}, told.append, 60)
    assert told == []


def test_the_page_shows_what_was_said_and_escapes_it(notebooks: Notebooks, tmp_path: Path) -> None:
    path = write_notebook(tmp_path / "n.ipynb", "print('<script>alert(1)</script> shown')")
    page = notebooks.page(notebooks.run(path, {}, {}, lambda _: None, 60).notebook)
    assert "<script" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt; shown" in page
    with pytest.raises(InputError):
        notebooks.page(b"no notebook")
