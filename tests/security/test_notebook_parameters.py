"""Security rule 16: parameter names and values are pasted as code by papermill, so only plain, declared ones pass."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from conductor_core.adapters.papermill_runs import PapermillRuns, literals
from conductor_core.domain.runbooks import Parameter
from conductor_core.errors import InputError
from conductor_core.ports.notebooks import Output
from tests.fakes.notebook_files import write_notebook

DECLARED = tuple(
    Parameter(kind, kind, default)
    for kind, default in (("str", ""), ("int", 0), ("float", 0.0), ("bool", False), ("list", []), ("dict", {}))
)


class Text(str):
    """A text that spells itself as code."""

    __slots__ = ()

    def encode(self, encoding: str = "utf-8", errors: str = "strict") -> Any:
        return b'"; import os; x = "'


class Number(int):
    """A number that spells itself as code."""

    def __str__(self) -> str:
        return "__import__('os').system('id')"

    __format__ = int.__format__


class Rows(list[object]):
    """A list by inheritance."""


class Map(dict[str, object]):
    """A dict by inheritance."""


HOSTILE: list[tuple[str, object]] = [
    ("str", Text("a")),
    ("str", 1),
    ("str", b"bytes"),
    ("str", None),
    ("str", "\ud800"),
    ("int", Number(1)),
    ("int", True),
    ("int", "1"),
    ("int", 10**5000),
    ("float", float("nan")),
    ("float", float("inf")),
    ("float", True),
    ("bool", 1),
    ("list", Rows()),
    ("list", (1,)),
    ("list", [Number(1)]),
    ("list", [Text("a")]),
    ("list", [{1: 2}]),
    ("list", [object()]),
    ("dict", Map()),
    ("dict", {Text("k"): 1}),
    ("dict", {"k": {"k": Number(1)}}),
    ("dict", {1: 1}),
    ("dict", {"k": "\udfff"}),
    ("x; import os", 1),
    ("str\nimport os\ny", "a"),
    ("__class__", "a"),
    ("", "a"),
]


@pytest.mark.parametrize(("name", "value"), HOSTILE, ids=range(len(HOSTILE)))
def test_a_hostile_name_or_value_is_refused(name: str, value: object) -> None:
    with pytest.raises(InputError) as caught:
        literals.checked(DECLARED, {name: value})
    assert "import os" not in caught.value.what + caught.value.why


def test_a_structure_that_is_too_deep_or_holds_itself_is_refused() -> None:
    endless: list[object] = []
    endless.append(endless)
    with pytest.raises(InputError):
        literals.checked(DECLARED, {"list": endless})


PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)  # fmt: skip


@settings(suppress_health_check=[HealthCheck.too_slow])  # it measures how loaded the machine is
@given(st.text(), st.lists(PLAIN, max_size=4), st.dictionaries(st.text(), PLAIN, max_size=4))
def test_every_plain_value_survives_being_pasted(text: str, rows: list[object], table: dict[str, object]) -> None:
    values = literals.checked(DECLARED, {"str": text, "list": rows, "dict": table})
    assert values == {"str": text, "list": rows, "dict": table}


@pytest.mark.parametrize(
    "code",
    ["x = 1\nimport os", "x = f()", "x.y = 1", "x = y = 1", "print(1)", "x: int = 1", "x = (", "x = [i for i in 'a']"],
)
def test_reading_back_finds_code_that_does_more_than_assign(code: str) -> None:
    assert literals.read_back(code) is None


def test_hostile_text_arrives_as_text_in_a_real_kernel(tmp_path: Path) -> None:
    hostile = '"; import os; os._exit(1) #\n\'\'\'"""\\\r\x00\u2028{x}\x1b'
    path = write_notebook(tmp_path / "n.ipynb", "print(ascii(text))", parameters='text: str = ""')
    told: list[Output] = []
    run = PapermillRuns().run(path, {"text": hostile}, {}, told.append, 60)
    assert run.error == ""
    assert ast.literal_eval("".join(o.text for o in told if o.kind == "output")) == hostile
