"""Each notebooks/<name>.py and its .ipynb say the same, and are thin: what is reviewed is what runs (style rule 14).

The pair is kept by `jupytext --sync notebooks/*.py`; this test says which one was forgotten.
"""

from __future__ import annotations

import ast
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import jupytext
import pytest

from conductor_core.adapters.papermill_runs import PapermillRuns
from conductor_core.adapters.runbook_files import RunbookFolder
from conductor_core.errors import InputError
from conductor_core.settings import PROJECT_ROOT

NOTEBOOKS = PROJECT_ROOT / "notebooks"
SAMPLE = "deploy_release"


def problems(folder: Path) -> list[str]:
    """Everything that is wrong with the notebooks in a folder."""
    names = {path.stem for path in (*folder.glob("*.py"), *folder.glob("*.ipynb"))}
    return [f"{name}: {problem}" for name in sorted(names) for problem in of_pair(folder, name)]


def of_pair(folder: Path, name: str) -> list[str]:
    script, notebook = folder / f"{name}.py", folder / f"{name}.ipynb"
    if not (script.is_file() and notebook.is_file()):
        return [f"has no pair: jupytext --sync notebooks/{name}.py"]
    document = json.loads(notebook.read_bytes())
    cells = document["cells"]
    found = []
    if cells_of(jupytext.read(script, fmt="py:percent")["cells"]) != cells_of(cells):
        found.append(f"the pair differs: jupytext --sync notebooks/{name}.py")
    if any(cell.get("outputs") or cell.get("execution_count") for cell in cells):
        found.append("has outputs: write it again with jupytext --to ipynb notebooks/<name>.py")
    return found + of_cells(cells) + of_parameters(notebook)


def cells_of(cells: list[dict[str, Any]]) -> list[tuple[str, str, list[str]]]:
    return [(c["cell_type"], "".join(c["source"]), c["metadata"].get("tags", [])) for c in cells]


def of_cells(cells: list[dict[str, Any]]) -> list[str]:
    found = []
    if not cells or cells[0]["cell_type"] != "markdown" or not "".join(cells[0]["source"]).startswith("# "):
        found.append("does not open with a title")
    code = [cell for cell in cells if cell["cell_type"] == "code"]
    if not code or code[0]["metadata"].get("tags") != ["parameters"]:
        found.append("its first code cell is not tagged parameters")
    for cell in code:
        for node in ast.walk(ast.parse("".join(cell["source"]))):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Lambda):
                found.append(f"is not thin: {type(node).__name__}")
    return found


def of_parameters(notebook: Path) -> list[str]:
    try:
        return [f"{p.name} has no help" for p in PapermillRuns().parameters(notebook) if not p.help]
    except InputError as bad:
        return [str(bad)]


def test_every_notebook_of_the_product_is_paired_and_thin() -> None:
    assert problems(NOTEBOOKS) == []
    assert len(list(NOTEBOOKS.glob("*.ipynb"))) >= 3


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    for suffix in ("py", "ipynb"):
        shutil.copy(NOTEBOOKS / f"{SAMPLE}.{suffix}", tmp_path)
    assert problems(tmp_path) == []
    return tmp_path


def test_the_runbook_that_the_docs_teach_works_as_it_is_written(tmp_path: Path) -> None:
    docs = (PROJECT_ROOT / "docs" / "runbooks.md").read_text(encoding="utf-8")
    section = docs[docs.index("## Write your own") :]
    text, code = (re.findall(rf"```{kind}\n(.*?)```", section, re.DOTALL)[0] for kind in ("yaml", "python"))
    for path, content in (("runbooks/hello.yaml", text), ("notebooks/hello.py", code)):
        (tmp_path / path).parent.mkdir()
        (tmp_path / path).write_text(content, encoding="utf-8")
    shutil.copy(PROJECT_ROOT / "pyproject.toml", tmp_path)
    argv = [sys.executable, "-m", "jupytext", "--sync", "notebooks/hello.py"]
    own = os.environ | {"JUPYTER_DATA_DIR": str(tmp_path)}
    subprocess.run(argv, cwd=tmp_path, env=own, check=True, capture_output=True)
    found = RunbookFolder(tmp_path / "runbooks", tmp_path / "notebooks", PapermillRuns().parameters).catalogue()
    assert not found.broken
    assert [(r.name, r.parameters[0].name) for r in found.runbooks.values()] == [("hello", "who")]
    assert not problems(tmp_path / "notebooks")


def test_a_lost_pair_is_found(copy: Path) -> None:
    (copy / f"{SAMPLE}.py").unlink()
    assert "has no pair" in problems(copy)[0]


def test_a_changed_half_is_found(copy: Path) -> None:
    script = copy / f"{SAMPLE}.py"
    script.write_text(script.read_text() + "\n# %%\nrun.perform('more')\n")
    assert "the pair differs" in problems(copy)[0]


@pytest.mark.parametrize(
    ("change", "word"),
    [
        (lambda cells: cells[-1].update(outputs=[{"output_type": "stream"}]), "has outputs"),
        (lambda cells: cells[-1].update(execution_count=3), "has outputs"),
        (lambda cells: cells[-1].update(source="def f():\n    pass"), "not thin: FunctionDef"),
        (lambda cells: cells[-1].update(source="f = lambda: 1"), "not thin: Lambda"),
        (lambda cells: cells[1]["metadata"].update(tags=[]), "not tagged parameters"),
        (lambda cells: cells[1].update(source="release: str = ''"), "release has no help"),
        (lambda cells: cells[1].update(source="import os"), "parameters cell"),
        (lambda cells: cells.pop(0), "does not open with a title"),
    ],
)
def test_a_notebook_that_breaks_a_rule_is_found(copy: Path, change: Any, word: str) -> None:
    notebook = copy / f"{SAMPLE}.ipynb"
    document = json.loads(notebook.read_bytes())
    change(document["cells"])
    notebook.write_text(json.dumps(document))
    assert any(word in problem for problem in problems(copy))
