"""Lets only plain values through to papermill, which pastes names and values into code (security rule 16).

Two walls: exact types (a subclass can spell itself as code), and a round trip that parses what papermill would paste
and finds exactly the same names and values in it.
"""

from __future__ import annotations

import ast
import math
from collections.abc import Iterable, Mapping

from papermill.translators import translate_parameters

from conductor_core.domain.runbooks import TYPES, Parameter
from conductor_core.errors import InputError

DEPTH_CAP = 16
INTEGER_CAP = 2**63


def is_plain(value: object, depth: int = 0) -> bool:
    """True for text, whole numbers of 64 bits, finite numbers, booleans, None, lists and maps of these; no subclass."""
    if depth > DEPTH_CAP:
        return False
    if type(value) is str:
        return not any(0xD800 <= ord(c) <= 0xDFFF for c in value)
    if type(value) is int:
        return -INTEGER_CAP <= value < INTEGER_CAP
    if type(value) is float:
        return math.isfinite(value)
    if type(value) is list:
        return all(is_plain(item, depth + 1) for item in value)
    if type(value) is dict:
        return all(type(k) is str and is_plain(k) and is_plain(v, depth + 1) for k, v in value.items())
    return value is None or type(value) is bool


def checked(declared: Iterable[Parameter], given: Mapping[str, object]) -> dict[str, object]:
    """`given` as papermill may have it: declared names only, each of its declared type.

    Raises `InputError` that names the parameter and never shows the value.
    """
    types = {p.name: p.type for p in declared}
    values: dict[str, object] = {}
    for name, value in given.items():
        if type(name) is not str or name not in types:
            raise _refused(name, f"The notebook declares: {', '.join(types) or 'none'}.")
        wanted = TYPES[types[name]]
        if wanted is float and type(value) is int and is_plain(value):
            value = float(value)
        if type(value) is not wanted or not is_plain(value):
            raise _refused(name, f"It is declared as {types[name]}, and this is not a plain {types[name]}.")
        values[name] = value
    pasted = read_back(translate_parameters("python3", "python", values, "Parameters"))
    if pasted != values:
        raise _refused(next(iter(values)), "Its value would not survive being written as code.")
    return values


def read_back(code: str) -> dict[str, object] | None:
    """The names and values that `code` assigns; None when it does anything else."""
    found: dict[str, object] = {}
    try:
        for statement in ast.parse(code).body:
            match statement:
                case ast.Assign(targets=[ast.Name(id=name)], value=value):
                    found[name] = ast.literal_eval(value)
                case _:
                    return None
    except (SyntaxError, ValueError, TypeError, MemoryError, RecursionError):
        return None
    return found


def _refused(name: object, why: str) -> InputError:
    shown = name if type(name) is str and name.isidentifier() else "with that name"
    return InputError(
        f"Parameter {shown} can't be given to the notebook.",
        why=why,
        next="Give the parameters that the runbook's form asks for, as plain values.",
    )
