"""Runbooks: what a YAML file in `runbooks/` declares, checked, and what its parameters accept (security rule 16)."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from conductor_core.errors import InputError

PARAMETER_NAME = re.compile(r"[a-z][a-z0-9_]{0,63}")
TYPES: dict[str, type] = {"str": str, "int": int, "float": float, "bool": bool, "list": list, "dict": dict}


@dataclass(frozen=True)
class Parameter:
    """One parameter of a notebook, from its tagged cell: `name: type = default  # help`."""

    name: str
    type: str
    default: object
    help: str = ""
    required: bool = False
    choices: tuple[str, ...] = ()
    pattern: str = ""
    """Regular expression that the whole of a text must match; empty: any text."""


@dataclass(frozen=True)
class Runbook:
    """A declared runbook. `approvals` maps a tier (or `default`) to how many people must approve.

    `title` and `target` are formats over the parameters; `plan` names a plan function; `timeout` is in seconds;
    `digest` names the bytes of YAML and notebook.
    """

    name: str
    title: str
    purpose: str
    notebook: str
    plan: str
    target: str
    tier: str
    parameters: tuple[Parameter, ...]
    gates: tuple[str, ...] = ("policy",)
    approvals: dict[str, int] = field(default_factory=dict)
    timeout: int = 900
    rollback: str = ""
    level: int = 1
    links: tuple[str, ...] = ()
    digest: str = ""
    emergency: bool = False
    """Whether it acts before anybody has approved; it takes the break-glass role, and approval comes afterwards."""

    def approvals_for(self, tier: str) -> int:
        """How many approvals a target of that tier needs; an unknown tier needs as many as the strictest one."""
        strictest = max(self.approvals.values(), default=2)
        return self.approvals.get(tier, self.approvals.get("default", strictest))


@dataclass(frozen=True)
class BrokenRunbook:
    """A runbook file that can't be used, and why; the others work."""

    file: str
    problem: str


DEFAULT_APPROVALS: dict[str, int] = {"dev": 0, "staging": 1, "prod": 2}


def accept(runbook: Runbook, given: Mapping[str, object]) -> dict[str, object]:
    """The full parameters of one run: `given` checked by declared name and type, the rest from the defaults.

    Raises `InputError` for an unknown name, a wrong type (subclasses count as wrong), a missing required value, a value
    out of its choices or pattern.
    """
    known = {p.name: p for p in runbook.parameters}
    unknown = sorted(set(given) - set(known))
    if unknown:
        raise InputError(
            f"Runbook {runbook.name} has no parameter {unknown[0]!r}.",
            why=f"It declares: {', '.join(known) or 'none'}.",
            next=f"Run `conductor runbook show {runbook.name}` for the parameters.",
        )
    return {name: _value(runbook, p, given) for name, p in known.items()}


def _value(runbook: Runbook, parameter: Parameter, given: Mapping[str, object]) -> object:
    value = given.get(parameter.name, parameter.default)
    problem = _problem(parameter, value)
    if parameter.required and value in ("", None, [], {}):
        problem = "a value is required"
    if problem:
        raise InputError(
            f"Parameter {parameter.name} of runbook {runbook.name} can't be {value!r}.",
            why=f"{problem[0].upper()}{problem[1:]}.",
            next=parameter.help or f"Give a {parameter.type}.",
        )
    return value


def _problem(parameter: Parameter, value: object) -> str:
    wanted = TYPES.get(parameter.type)
    if wanted is None:
        return f"its declared type {parameter.type!r} is none of {', '.join(TYPES)}"
    if type(value) is not wanted and not (wanted is float and type(value) is int):
        return f"it is declared as {parameter.type}, and this is a {type(value).__name__}"
    if not _plain(value):
        return "it holds something other than plain text, numbers, lists and maps"
    if parameter.choices and value not in parameter.choices and (parameter.required or value != ""):
        return f"it must be one of {', '.join(parameter.choices)}"
    if parameter.pattern and isinstance(value, str) and value and not re.fullmatch(parameter.pattern, value):
        return f"it must match {parameter.pattern}"
    return ""


def _plain(value: object, depth: int = 0) -> bool:
    if depth > 16:
        return False
    if value is None or type(value) in (str, int, bool):
        return True
    if type(value) is float:
        return math.isfinite(value)
    if type(value) is list:
        return all(_plain(item, depth + 1) for item in value)
    if type(value) is dict:
        return all(type(k) is str and _plain(v, depth + 1) for k, v in value.items())
    return False
