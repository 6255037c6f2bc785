"""The steps of a progressive sync across a pipeline's Applications, as a person edits them, and who is in which.

Rule: https://argo-cd.readthedocs.io/en/stable/operator-manual/applicationset/Progressive-Syncs/. A step takes the
Applications whose labels match all of its expressions; an Application that no step takes is synced by nobody.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from conductor_core.domain.fields import listing, mapping
from conductor_core.domain.pipelines import Application
from conductor_core.errors import InputError

STRATEGY = ("spec", "strategy")
OPERATORS = {"in": "In", "notin": "NotIn"}
_EXPRESSION = re.compile(r"(\S+)\s+(in|notin)\s+(.+)", re.IGNORECASE)
_KEY = re.compile(r"([a-z0-9]([-a-z0-9.]*[a-z0-9])?/)?[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?")
_VALUE = re.compile(r"[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?")
_MOST = 50


@dataclass(frozen=True)
class SyncStep:
    """One step: label key, operator (In, NotIn) and values of each expression. `at_a_time`: how many Applications are
    synced at once, as a whole number or percent; '' is all, 0 none by itself.
    """

    selects: tuple[tuple[str, str, tuple[str, ...]], ...]
    at_a_time: str = ""

    @property
    def text(self) -> str:
        """Its expressions, as `parsed` reads them."""
        told = (f"{key} {operator.lower()} {', '.join(values)}" for key, operator, values in self.selects)
        return " and ".join(told)

    def takes(self, labels: Mapping[str, str]) -> bool:
        """Whether an Application with these labels belongs to it; a label that is missing is not in any list."""
        return all((labels.get(key) in values) is (operator == "In") for key, operator, values in self.selects)

    def as_spec(self) -> dict[str, Any]:
        """The step as `spec.strategy.rollingSync.steps` has it."""
        found: dict[str, Any] = {
            "matchExpressions": [{"key": k, "operator": o, "values": list(v)} for k, o, v in self.selects]
        }
        if self.at_a_time:
            found["maxUpdate"] = self.at_a_time if self.at_a_time.endswith("%") else int(self.at_a_time)
        return found


@dataclass(frozen=True)
class Placed:
    """Which Applications each step takes, by name, and which none does."""

    steps: tuple[tuple[str, ...], ...]
    left_out: tuple[str, ...]


def parsed(text: str, at_a_time: str = "") -> SyncStep:
    """A step from words such as `env in staging, prod and tier notin gold`; raises `InputError`."""
    found = []
    for part in re.split(r"\s+and\s+", text.strip(), flags=re.IGNORECASE):
        told = _EXPRESSION.fullmatch(part.strip())
        if told is None:
            raise _bad(f"{part.strip()!r} selects nothing", "Write LABEL in VALUE, VALUE; join several by `and`.")
        values = tuple(v.strip() for v in told.group(3).split(",") if v.strip())
        found.append((told.group(1), OPERATORS[told.group(2).lower()], values))
    return _checked(SyncStep(tuple(found), at_a_time.strip()))


def steps_of(raw: object) -> tuple[SyncStep, ...]:
    """The steps as the spec has them; an empty list is no progressive sync. Raises `InputError`."""
    if not isinstance(raw, list) or len(raw) > _MOST:
        raise _bad(f"{str(raw)[:80]!r} is no list of at most {_MOST} steps", "Give a list of steps.")
    return tuple(_checked(_step(mapping(step))) for step in raw)


def placed(steps: Sequence[SyncStep], applications: Iterable[Application]) -> Placed:
    """Who is synced when. Raises `InputError` when two steps take one Application, which Argo CD refuses to order, or
    when a step takes none.
    """
    taken: list[list[str]] = [[] for _ in steps]
    left = []
    for application in applications:
        mine = [at for at, step in enumerate(steps) if step.takes(dict(application.labels))]
        if len(mine) > 1:
            both = " and ".join(str(at + 1) for at in mine[:2])
            raise _bad(f"steps {both} both take {application.name}", "Let each Application belong to one step.")
        if mine:
            taken[mine[0]].append(application.name)
        else:
            left.append(application.name)
    for at, names in enumerate(taken):
        if not names and (left or any(taken)):
            raise _bad(f"step {at + 1} ({steps[at].text}) takes no Application", "Look at the Applications' labels.")
    return Placed(tuple(map(tuple, taken)), tuple(left) if steps else ())


def _step(raw: Mapping[str, Any]) -> SyncStep:
    expressions = [mapping(e) for e in listing(raw.get("matchExpressions"))]
    found = tuple((str(e.get("key", "")), str(e.get("operator", "In")), _texts(e.get("values"))) for e in expressions)
    most = raw.get("maxUpdate")
    return SyncStep(found, "" if most is None else str(most))


def _texts(raw: object) -> tuple[str, ...]:
    return tuple(str(v) for v in raw) if isinstance(raw, list) else ()


def _checked(step: SyncStep) -> SyncStep:
    if not step.selects:
        raise _bad("a step selects nothing", "Give it at least one expression.")
    for key, operator, values in step.selects:
        if operator not in OPERATORS.values():
            raise _bad(f"{operator!r} is no operator", "Use In or NotIn.")
        if not _KEY.fullmatch(key) or len(key) > 317:
            raise _bad(f"{key!r} is no label key", "Name a label that the Applications carry.")
        if not values or not all(_VALUE.fullmatch(v) and len(v) <= 63 for v in values):
            raise _bad(f"{', '.join(values) or 'nothing'!r} are no label values", "Separate values by commas.")
    if step.at_a_time and not re.fullmatch(r"\d{1,4}|(100|\d{1,2})%", step.at_a_time):
        raise _bad(
            f"{step.at_a_time!r} is no number of Applications", "Write a whole number, or a percent such as 25%."
        )
    return step


def _bad(why: str, next: str) -> InputError:
    return InputError("These steps of a progressive sync can't be used.", why=f"{why[0].upper()}{why[1:]}.", next=next)
