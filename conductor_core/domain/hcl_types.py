"""Types of input variables, and what values they take (their text is read by `type_text`).

Rule: https://opentofu.org/docs/language/expressions/type-constraints/. A value is converted as OpenTofu converts it; an
attribute that an object does not declare is refused, where OpenTofu drops it without a word.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from conductor_core.errors import InputError

Kind = Literal["string", "number", "bool", "any", "list", "set", "map", "object", "tuple"]
PRIMITIVES = ("string", "number", "bool", "any")
COLLECTIONS = ("list", "set", "map")

_NUMBER = re.compile(r"-?\d+(\.\d+)?([eE][-+]?\d+)?")
_BOOLS = {"true": True, "false": False}


@dataclass(frozen=True)
class Attribute:
    """One attribute of an object type; `default` counts when `optional` and the attribute isn't given."""

    name: str
    type: Type
    optional: bool = False
    default: Any = None


@dataclass(frozen=True)
class Type:
    """A type constraint. `of`: element type of a collection; `attributes` of an object; `items` of a tuple."""

    kind: Kind
    of: Type | None = None
    attributes: tuple[Attribute, ...] = ()
    items: tuple[Type, ...] = ()

    @property
    def primitive(self) -> bool:
        """Whether its values are single texts, numbers or truths."""
        return self.kind in ("string", "number", "bool")

    def __str__(self) -> str:
        if self.kind in COLLECTIONS:
            return f"{self.kind}({self.of})"
        if self.kind == "tuple":
            return f"tuple([{', '.join(map(str, self.items))}])"
        if self.kind == "object":
            return "object({" + ", ".join(f"{a.name} = {_written(a)}" for a in self.attributes) + "})"
        return self.kind


ANY = Type("any")


def accept(wanted: Type, value: object, path: str) -> Any:
    """`value` as the type has it, with defaults of optional attributes; None stays None.

    Raises `InputError` that names the place (`path`, then keys and indexes) and what would fit.
    """
    if value is None or wanted.kind == "any":
        return value
    if wanted.kind in ("list", "set", "tuple"):
        return _sequence(wanted, value, path)
    if wanted.kind == "map":
        element = wanted.of or ANY
        return {key: accept(element, item, f"{path}.{key}") for key, item in _mapping(wanted, value, path).items()}
    if wanted.kind == "object":
        return _object(wanted, value, path)
    return _primitive(wanted, value, path)


def _primitive(wanted: Type, value: object, path: str) -> object:
    if wanted.kind == "string":
        if isinstance(value, bool):
            return "true" if value else "false"
        if isinstance(value, str | int | float):
            return value if isinstance(value, str) else _digits(value)
    elif wanted.kind == "bool":
        if isinstance(value, bool):
            return value
        if isinstance(value, str) and value in _BOOLS:
            return _BOOLS[value]
    elif type(value) in (int, float):
        return value
    elif isinstance(value, str) and _NUMBER.fullmatch(value.strip()):
        number = float(value)
        return int(number) if number.is_integer() and abs(number) < 2**53 else number
    raise _misfit(wanted, value, path)


def _sequence(wanted: Type, value: object, path: str) -> list[Any]:
    if not isinstance(value, list | tuple):
        raise _misfit(wanted, value, path)
    if wanted.kind == "tuple":
        if len(value) != len(wanted.items):
            raise InputError(
                f"{path} has {len(value)} entries.",
                why=f"It is {wanted}: {len(wanted.items)} entries.",
                next="Give exactly these.",
            )
        return [accept(t, item, f"{path}[{at}]") for at, (t, item) in enumerate(zip(wanted.items, value, strict=True))]
    found = [accept(wanted.of or ANY, item, f"{path}[{at}]") for at, item in enumerate(value)]
    if wanted.kind == "list":
        return found
    unique = {json.dumps(item, sort_keys=True): item for item in found}
    return [unique[key] for key in sorted(unique)]


def _object(wanted: Type, value: object, path: str) -> dict[str, Any]:
    given = _mapping(wanted, value, path)
    declared = {a.name: a for a in wanted.attributes}
    unknown = sorted(set(given) - set(declared))
    if unknown:
        raise InputError(
            f"{path} has no attribute {unknown[0]!r}.",
            why=f"It has: {', '.join(declared) or 'none'}.",
            next="Correct its name, or leave it out.",
        )
    out: dict[str, Any] = {}
    for name, attribute in declared.items():
        if given.get(name) is None:
            if not attribute.optional and name not in given:
                raise InputError(
                    f"{path} has no {name!r}.", why=f"It is required: {attribute.type}.", next=f"Give {path}.{name}."
                )
            out[name] = accept(attribute.type, attribute.default, f"{path}.{name}")
        else:
            out[name] = accept(attribute.type, given[name], f"{path}.{name}")
    return out


def _mapping(wanted: Type, value: object, path: str) -> Mapping[str, Any]:
    if not isinstance(value, Mapping) or not all(isinstance(k, str) for k in value):
        raise _misfit(wanted, value, path)
    return value


def _misfit(wanted: Type, value: object, path: str) -> InputError:
    shown = {bool: "a truth", int: "a number", float: "a number", str: "a text", list: "a list", dict: "a map"}
    got = shown.get(type(value), "something else")
    article = "an" if wanted.kind == "object" else "a"
    return InputError(f"{path} can't be {got}.", why=f"It is {wanted}.", next=f"Give {article} {wanted.kind}.")


def _digits(value: float) -> str:
    return str(int(value)) if float(value).is_integer() else repr(value)


def _written(attribute: Attribute) -> str:
    if not attribute.optional:
        return str(attribute.type)
    default = "" if attribute.default is None else f", {json.dumps(attribute.default, ensure_ascii=False)}"
    return f"optional({attribute.type}{default})"
