"""Values of a blueprint between what a person types and what tofu takes: texts, lines, tables, HCL."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping
from typing import Any

from conductor_core.domain.hcl_types import Type
from conductor_core.domain.variables import Variable
from conductor_core.errors import ConductorError, InputError

NAME = "name"
"""The column of a table that is the key of its map."""


def drawn(variable: Variable) -> str:
    """How a variable is drawn: text, number, toggle, lines, table or json."""
    kind = variable.type
    if variable.sensitive or kind.kind == "string":
        return "text"
    if kind.kind in ("number", "bool"):
        return {"number": "number", "bool": "toggle"}[kind.kind]
    if kind.kind in ("list", "set") and kind.of is not None and kind.of.kind == "string":
        return "lines"
    if kind.kind == "map" and kind.of is not None and kind.of.kind == "object":
        return "table"
    return "json"


def shown(variable: Variable, value: Any) -> Any:
    """A value as its field shows it; None is an empty field."""
    match drawn(variable):
        case "text":
            return "" if value is None else str(value)
        case "lines":
            return "\n".join(map(str, value or []))
        case "json":
            return "" if value is None else json.dumps(value, indent=2, ensure_ascii=False)
        case "table":
            return rows(variable.type, value or {})
        case "toggle":
            return bool(value)
        case _:
            return value


def rows(kind: Type, value: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The rows of a table: the key, then the attributes; what is no single value is JSON."""
    attributes = kind.of.attributes if kind.of is not None else ()
    found = []
    for key, item in value.items():
        row: dict[str, Any] = {NAME: key}
        for attribute in attributes:
            cell = item.get(attribute.name) if isinstance(item, Mapping) else None
            row[attribute.name] = cell if attribute.type.primitive or cell is None else json.dumps(cell)
        found.append(row)
    return found


def typed(variable: Variable, raw: Any) -> Any:
    """What was typed as a value; None when nothing was. Raises `InputError` for bad JSON, or a key twice."""
    match drawn(variable):
        case "text":
            return str(raw).strip() if raw else None
        case "number":
            return int(raw) if isinstance(raw, float) and raw.is_integer() else raw
        case "lines":
            lines = [line.strip() for line in str(raw or "").splitlines()]
            return [line for line in lines if line] or None
        case "json":
            return _json(variable.name, raw)
        case "table":
            return table(variable, raw or [])
        case _:
            return raw


def table(variable: Variable, found: list[dict[str, Any]]) -> dict[str, Any]:
    """The map in a table's rows; empty cells are left to the defaults."""
    attributes = {a.name: a for a in (variable.type.of.attributes if variable.type.of else ())}
    out: dict[str, Any] = {}
    for row in found:
        key = str(row.get(NAME) or "").strip()
        cells = {k: v for k, v in row.items() if k in attributes and v not in (None, "") and v == v}
        if not key and not cells:
            continue
        if not key or key in out:
            raise InputError(
                f"A row of {variable.name} has no name." if not key else f"{variable.name} has {key!r} twice.",
                why="Each row has a name of its own.",
                next="Name it.",
            )
        out[key] = {
            k: _whole(v) if attributes[k].type.primitive else _json(f"{variable.name}.{key}.{k}", v)
            for k, v in cells.items()
        }
    return out


def given(variables: tuple[Variable, ...], values: Mapping[str, Any]) -> dict[str, Any]:
    """The values that are not left to their defaults."""
    return {v.name: values[v.name] for v in variables if _differs(v, values.get(v.name))}


def command(environment: str, blueprint: str, values: Mapping[str, Any]) -> str:
    """The command line that asks for the same."""
    parts = [f"conductor env request {environment or 'NAME'} --blueprint {blueprint}"]
    for name, value in values.items():
        text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        parts.append(f"--var {shlex.quote(f'{name}={text}')}")
    return " \\\n  ".join([*parts, "--reason 'why' --as requester --wait"])


def tfvars(values: Mapping[str, Any]) -> str:
    """The values as a tfvars file: JSON is HCL's own syntax for values but for the colon, which it takes too."""
    return "".join(f"{name} = {json.dumps(value, indent=2, ensure_ascii=False)}\n" for name, value in values.items())


def _differs(variable: Variable, value: Any) -> bool:
    if value is None or (value == {} and variable.required):
        return False
    return variable.required or value != _plain(variable)


def _plain(variable: Variable) -> Any:
    """The default as its own field would give it back."""
    if variable.default is None:
        return None
    try:
        return typed(variable, shown(variable, variable.default))
    except ConductorError:
        return variable.default


def _json(name: str, text: Any) -> Any:
    if not isinstance(text, str) or not text.strip():
        return None if isinstance(text, str) or text is None else text
    try:
        return json.loads(text)
    except ValueError as bad:
        raise InputError(
            f"{name} can't be read.", why=f"It is no JSON: {bad}.", next='Write ["a"] or {"b": 1}.'
        ) from bad


def _whole(value: Any) -> Any:
    return int(value) if isinstance(value, float) and value.is_integer() else value
