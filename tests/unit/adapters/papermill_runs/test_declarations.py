"""The parameters cell: what is read from it, and what is refused with the line."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from conductor_core.adapters.papermill_runs import PapermillRuns
from conductor_core.domain.runbooks import Parameter
from conductor_core.errors import InputError
from tests.fakes.notebook_files import write_notebook


def read(tmp_path: Path, source: str) -> tuple[Parameter, ...]:
    return PapermillRuns().parameters(write_notebook(tmp_path / "n.ipynb", parameters=source))


def test_a_notebook_without_the_cell_has_no_parameters(tmp_path: Path) -> None:
    assert PapermillRuns().parameters(write_notebook(tmp_path / "n.ipynb", "print(1)")) == ()


def test_every_type_with_its_default(tmp_path: Path) -> None:
    source = "\n".join(
        [
            "# The form of this runbook.",
            's: str = "a"  # Text',
            "i: int = -3  # Number",
            "f: float = 1  # A whole number is a fine float",
            "b: bool = True",
            'l: list = [1, "x", None]  # List',
            "d: dict = {",
            '    "a": [1.5],',
            "}  # Map",
        ]
    )
    found = {p.name: p for p in read(tmp_path, source)}
    assert [p.default for p in found.values()] == ["a", -3, 1.0, True, [1, "x", None], {"a": [1.5]}]
    assert type(found["f"].default) is float
    assert [p.help for p in found.values()] == ["Text", "Number", "A whole number is a fine float", "", "List", "Map"]


def test_marks_at_the_end_of_the_help(tmp_path: Path) -> None:
    source = (
        'tier: str = "dev"  # Which tier [see docs]. [required] [one of: dev, staging , prod] [pattern: [a-z]{2,}[^]]*]'
    )
    assert read(tmp_path, source) == (
        Parameter("tier", "str", "dev", "Which tier [see docs].", True, ("dev", "staging", "prod"), "[a-z]{2,}[^]]*"),
    )


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("a: str = 'x'\nimport os", "line 2"),
        ("a = 1", "not the declaration"),
        ("a: str", "not the declaration"),
        ("x.y: str = 'a'", "not the declaration"),
        ("a: int = len('x')", "not a literal"),
        ("a: str = f'{1}'", "not a literal"),
        ("a: int = True", "not a plain int"),
        ("a: bool = 1", "not a plain bool"),
        ("a: float = 1e999", "not a plain float"),
        ("a: dict = {1: 2}", "not a plain dict"),
        ("a: list = [b'x']", "not a plain list"),
        ("a: bytes = b'x'", "has the type bytes"),
        ("a: list[str] = []", "not the declaration"),
        ("A: str = 'x'", "not a name of lower-case"),
        ("__import__: str = 'x'", "not a name of lower-case"),
        ("a: str = 'x'\na: str = 'y'", "more than once"),
        ("a: str = 'x#y'  # help", "keep `=` and `#`"),
        ("a: str = 'a=b'  # help", "keep `=`"),
        ("a: str = 'x'  # help with a = b", "keep `=`"),
        ("a: str = 'x'  # help [required] and more", "not closed"),
        ("a: int = 1  # help [one of: 1, 2]", "Only text"),
        ("a: str = 'x'  # help [one of: y, z]", "not one of its choices"),
        ("a: str = 'x'  # help [one of: ]", "choices of a are empty"),
        ("a: str = 'x'  # help [pattern: [0-9]+]", "doesn't match its pattern"),
        ("a: str = ''  # help [pattern: (]", "no regular expression"),
        ("a: str = ", "not Python"),
    ],
)
def test_anything_else_is_refused_with_what_to_write(tmp_path: Path, source: str, words: str) -> None:
    with pytest.raises(InputError, match=re.escape(words)) as caught:
        read(tmp_path, source)
    assert "name: type = default  # help" in caught.value.next


def test_two_parameters_cells_are_refused(tmp_path: Path) -> None:
    path = write_notebook(tmp_path / "n.ipynb", "print(1)", parameters="a: int = 1")
    path.write_text(path.read_text().replace('"tags": []', '"tags": ["parameters"]'))
    with pytest.raises(InputError, match="2 cells"):
        PapermillRuns().parameters(path)


def test_a_path_with_braces_is_a_path(tmp_path: Path) -> None:
    path = write_notebook(tmp_path / "{run_uuid}{0.__class__}.ipynb", parameters="a: int = 1")
    assert [p.name for p in PapermillRuns().parameters(path)] == ["a"]
