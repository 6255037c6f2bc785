"""Input variables of a blueprint, as `variables.tf` declares them, and the values that a person gives them.

Rule: https://opentofu.org/docs/language/values/variables/. Conditions of validations are texts here: OpenTofu evaluates
them (`ports.tofu.Tofu.check`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from conductor_core.domain import hcl_types, type_text
from conductor_core.domain.hcl_types import ANY, Type
from conductor_core.errors import InputError

REFERENCE = "secret://"
"""How the value of a sensitive variable begins: the name of a secret, never the secret (security, rule 16)."""


@dataclass(frozen=True)
class Validation:
    """One `validation` block: the condition as HCL text, and the sentence for whoever breaks it."""

    condition: str
    message: str


@dataclass(frozen=True)
class Variable:
    """One `variable` block. `required`: it has no default. `line` in its file, from 1."""

    name: str
    type: Type = ANY
    default: Any = None
    required: bool = True
    description: str = ""
    sensitive: bool = False
    nullable: bool = True
    validations: tuple[Validation, ...] = ()
    file: str = ""
    line: int = 0


def declared(blocks: Mapping[str, Any], file: str, lines: Mapping[str, int]) -> list[Variable]:
    """The variables in the parsed `variable` blocks of one file, in the order of `lines`.

    Raises `InputError` for a name given twice, labels that are not one name, and a type that can't be read.
    """
    known = sorted(blocks, key=lambda name: lines.get(name, 0))
    return [_variable(name, blocks[name], file, lines.get(name, 0)) for name in known]


def _variable(name: str, block: Any, file: str, line: int) -> Variable:
    if isinstance(block, list):
        raise InputError(
            f"The variable {name} is declared twice.", why=f"{file} has it {len(block)} times.", next="Keep one."
        )
    if not isinstance(block, Mapping):
        raise InputError(f"The variable {name} has no body.", why=f"In {file}.", next='Write variable "NAME" { }.')
    wanted = type_text.parse(str(block["type"])) if "type" in block else ANY
    default = block.get("default")
    if default is not None:
        default = hcl_types.accept(wanted, default, f"The default of {name}")
    return Variable(
        name=name,
        type=wanted,
        default=default,
        required="default" not in block,
        description=" ".join(str(block.get("description", "")).split()),
        sensitive=block.get("sensitive") is True,
        nullable=block.get("nullable") is not False,
        validations=tuple(_validation(v) for v in _blocks(block.get("validation"))),
        file=file,
        line=line,
    )


def _validation(block: Mapping[str, Any]) -> Validation:
    return Validation(str(block.get("condition", "")), str(block.get("error_message", "")))


def _blocks(found: Any) -> list[Mapping[str, Any]]:
    return [found] if isinstance(found, Mapping) else list(found or ())


def accept(variables: Iterable[Variable], given: Mapping[str, object]) -> dict[str, Any]:
    """The given values by declared type; what isn't given is left to its default.

    Raises `InputError` for an unknown name, a wrong type, a missing required value, a null where none may be, and a
    sensitive value that is no reference `secret://NAME`.
    """
    known = {v.name: v for v in variables}
    unknown = sorted(set(given) - set(known))
    if unknown:
        raise InputError(
            f"The blueprint has no variable {unknown[0]!r}.",
            why=f"It declares: {', '.join(known) or 'none'}.",
            next="Correct its name, or leave it out.",
        )
    out: dict[str, Any] = {}
    for name, variable in known.items():
        if name not in given:
            if variable.required:
                raise InputError(
                    f"The variable {name} has no value.",
                    why=f"It has no default. {variable.description}".strip(),
                    next=f"Give {name}, as {variable.type}.",
                )
            continue
        out[name] = _value(variable, given[name])
    return out


def _value(variable: Variable, value: object) -> Any:
    if value is None and not variable.nullable:
        raise InputError(
            f"The variable {variable.name} can't be null.",
            why="It is declared with nullable = false.",
            next="Give a value, or leave it out for its default.",
        )
    if variable.sensitive and value not in (None, "") and not is_reference(value):
        raise InputError(
            f"The variable {variable.name} is sensitive: its value can't be given in the open.",
            why="What is given here is recorded with the Change.",
            next="Give secret://NAME, and keep the value where `docs/environments.md` says.",
        )
    return value if is_reference(value) else hcl_types.accept(variable.type, value, variable.name)


def is_reference(value: object) -> bool:
    """Whether a value is `secret://NAME`."""
    return isinstance(value, str) and value.startswith(REFERENCE)


def references(values: object) -> set[str]:
    """The names of all secrets that values refer to."""
    if isinstance(values, Mapping):
        return set().union(*(references(v) for v in values.values()))
    if isinstance(values, list):
        return set().union(*(references(v) for v in values))
    return {str(values)[len(REFERENCE) :]} if is_reference(values) else set()


def resolved(values: Any, secrets: Mapping[str, str]) -> Any:
    """The values with each reference replaced by its secret."""
    if isinstance(values, Mapping):
        return {k: resolved(v, secrets) for k, v in values.items()}
    if isinstance(values, list):
        return [resolved(v, secrets) for v in values]
    return secrets[str(values)[len(REFERENCE) :]] if is_reference(values) else values
