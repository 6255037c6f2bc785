"""The tree of errors: as drawn, each with what, why and next."""

from __future__ import annotations

import inspect
import re

import pytest

from conductor_core import errors
from conductor_core.errors import ConductorError, InputError, RefusedError, TerminalError, TransientError

ALL = [kind for _, kind in inspect.getmembers(errors, inspect.isclass) if issubclass(kind, ConductorError)]


def drawn() -> dict[str, str]:
    """Each class of the drawing with the one that it hangs on."""
    parents: dict[str, str] = {}
    branch: list[str] = []
    for line in (errors.__doc__ or "").splitlines():
        found = re.match(r"^    ([│ ├└─]*)(\w+Error)\b", line)
        if found:
            depth = len(found[1]) // 4
            branch[depth:] = [found[2]]
            parents[found[2]] = branch[depth - 1] if depth else "Exception"
    return parents


def test_the_drawing_is_the_tree() -> None:
    assert drawn() == {kind.__name__: kind.__bases__[0].__name__ for kind in ALL}


@pytest.mark.parametrize("kind", ALL)
def test_each_says_what_why_and_next(kind: type[ConductorError]) -> None:
    full = kind("It broke.", why="A cause.", next="Mend it.")
    assert full.diagnostics().as_dict() == {"what": "It broke.", "why": "A cause.", "next": "Mend it."}
    assert str(full) == "It broke. A cause."
    assert all(kind("It broke.").diagnostics().as_dict().values())


@pytest.mark.parametrize("kind", ALL)
def test_each_has_an_exit_code_and_a_status(kind: type[ConductorError]) -> None:
    assert 1 <= kind.exit_code <= 5
    assert 400 <= kind.http_status <= 599
    assert kind.__doc__


def test_as_text_a_cause_is_told_only_when_it_is_known() -> None:
    assert str(InputError("It is wrong.", why="It is 3.")) == "It is wrong. It is 3."
    assert str(InputError("It is wrong.")) == "It is wrong."


def test_whether_to_retry_is_the_type() -> None:
    assert not [kind for kind in ALL if issubclass(kind, TransientError) and issubclass(kind, TerminalError)]
    assert {kind.exit_code for kind in ALL if issubclass(kind, TransientError)} == {5}
    assert not any(issubclass(kind, TransientError | TerminalError) for kind in ALL if issubclass(kind, RefusedError))
