"""Which versions work together: declared ranges, sets that passed together, and the smallest safe set for a wish.

Ranges are comma-separated comparisons of semantic versions (`>=1.4.0, <2.0.0`), all of which must hold. A set that
passed validation together is safe whatever the ranges say; a version that no entry covers is undeclared, and said so.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, product

from conductor_core.errors import InputError

_VERSION = re.compile(r"v?(\d+)(?:\.(\d+))?(?:\.(\d+))?(?:-([0-9A-Za-z.-]+))?(?:\+[0-9A-Za-z.-]+)?")
_COMPARISON = re.compile(r"(>=|<=|>|<|=)?\s*(\S+)")
MOST_TRIED = 200_000
"""Sets that the solver looks at before it gives up."""

Versions = Mapping[str, str]
Key = tuple[int, int, int, int, tuple[tuple[int, int, str], ...]]


@dataclass(frozen=True)
class Component:
    """Where the version of a component stands: a value of a release."""

    name: str
    release: str
    value: str


@dataclass(frozen=True)
class Need:
    """A component at a version in `versions` needs the others in the given ranges."""

    component: str
    versions: str
    needs: tuple[tuple[str, str], ...]
    because: str


@dataclass(frozen=True)
class Matrix:
    """The declared compatibility."""

    components: tuple[Component, ...]
    requires: tuple[Need, ...]


@dataclass(frozen=True)
class Answer:
    """What the solver found: whether the wish alone is safe; what it breaks; the smallest set that works."""

    wish: dict[str, str]
    safe: bool
    breaks: tuple[str, ...]
    versions: dict[str, str] | None
    changes: dict[str, str]
    why: tuple[str, ...]


def parse(document: object, source: str) -> Matrix:
    """The matrix in a parsed `compatibility.yaml`; raises `InputError` that names the entry which can't be used."""
    fields = document if isinstance(document, Mapping) else {}
    declared, needs = fields.get("components"), fields.get("requires") or []
    if not isinstance(declared, Mapping) or not declared or not isinstance(needs, list):
        raise InputError(f"{source} is no compatibility file.", why="It has no mapping `components`.")
    components = []
    for name, entry in declared.items():
        if not isinstance(entry, Mapping) or not entry.get("release") or not entry.get("value"):
            raise InputError(f"The component {name} of {source} can't be used.", why="It needs `release` and `value`.")
        components.append(Component(str(name), str(entry["release"]), str(entry["value"])))
    return Matrix(tuple(components), tuple(_need(at, entry, source) for at, entry in enumerate(needs, 1)))


def holds(version: str, ranges: str) -> bool:
    """Whether a version lies in the ranges; raises `InputError` for one that is no semantic version."""
    for part in filter(None, (p.strip() for p in ranges.split(","))):
        found = _COMPARISON.fullmatch(part)
        if found is None:
            raise InputError(f"The range {ranges!r} can't be read.", why=part, next="Write >=1.4.0, <2.0.0.")
        left, right, sign = key(version), key(found[2]), found[1] or "="
        order = (left > right) - (left < right)
        if order not in {">=": (0, 1), "<=": (0, -1), ">": (1,), "<": (-1,), "=": (0,)}[sign]:
            return False
    return True


def key(version: str) -> Key:
    """What semantic versions are ordered by; raises `InputError` for anything else."""
    found = _VERSION.fullmatch(version.strip())
    if found is None:
        raise InputError(f"{version!r} is no semantic version.", why="It looks like 1.4.2 or 1.4.2-rc.1.")
    numbers = tuple(int(n or 0) for n in found.groups()[:3])
    parts = found[4].split(".") if found[4] else []
    rest = tuple((0, int(p), "") if p.isdigit() else (1, 0, p) for p in parts)
    return numbers[0], numbers[1], numbers[2], 0 if rest else 1, rest


def conflicts(matrix: Matrix, versions: Versions) -> tuple[str, ...]:
    """What would not work in a set, each as a sentence with its reason; components that are missing are not judged."""
    out: list[str] = []
    for need in matrix.requires:
        mine = versions.get(need.component, "")
        if not mine or not holds(mine, need.versions):
            continue
        for other, ranges in need.needs:
            theirs = versions.get(other, "")
            if theirs and not holds(theirs, ranges):
                told = f"{need.component} {mine} needs {other} {ranges}, and it is {theirs}. {need.because}"
                out.append(told.strip())
    return tuple(out)


def undeclared(matrix: Matrix, versions: Versions) -> tuple[str, ...]:
    """Components with entries of their own, none of which covers their version."""
    own = {need.component for need in matrix.requires}
    return tuple(
        name
        for name, version in sorted(versions.items())
        if name in own and not any(n.component == name and holds(version, n.versions) for n in matrix.requires)
    )


def solve(
    matrix: Matrix,
    running: Versions,
    wish: Versions,
    available: Mapping[str, Sequence[str]],
    learned: Iterable[Versions] = (),
) -> Answer:
    """The smallest safe set that has the wished versions: as few other components as possible change, and by as
    little as possible. `available`: the versions that each component can be brought to; `learned`: sets that passed
    validation together.
    """
    together = [dict(s) for s in learned]
    target = {**running, **wish}
    breaks = () if _passed(target, together) else conflicts(matrix, target)
    notes = [f"No entry covers {name} {target[name]}." for name in undeclared(matrix, target)]
    if not breaks:
        reason = "This set passed validation together." if _passed(target, together) else "Every declared range holds."
        return Answer(dict(wish), True, (), dict(target), dict(wish), (reason, *notes))
    others = [name for name in running if name not in wish]
    tried = 0
    for size in range(1, len(others) + 1):
        best: tuple[int, dict[str, str]] | None = None
        for chosen in combinations(others, size):
            choices = [[v for v in _nearest(running[n], available.get(n, ())) if v != running[n]] for n in chosen]
            for versions in product(*choices):
                tried += 1
                if tried > MOST_TRIED:
                    break
                moved = dict(zip(chosen, versions, strict=True))
                whole = {**target, **moved}
                if _passed(whole, together) or not conflicts(matrix, whole):
                    cost = sum(_nearest(running[n], available.get(n, ())).index(v) for n, v in moved.items())
                    if best is None or cost < best[0]:
                        best = (cost, moved)
        if best is not None:
            moved = best[1]
            told = ", ".join(f"{n} {running[n]} → {v}" for n, v in moved.items())
            why = (f"The smallest safe set also changes {told}.", *notes)
            return Answer(dict(wish), False, breaks, {**target, **moved}, {**wish, **moved}, why)
    return Answer(dict(wish), False, breaks, None, {}, ("No set of the available versions works.", *notes))


def _passed(versions: Versions, together: Iterable[Versions]) -> bool:
    return any(all(s.get(name) == version for name, version in versions.items()) for s in together)


def _nearest(running: str, versions: Sequence[str]) -> list[str]:
    """The versions by distance from the running one, in steps of their order."""
    ordered = sorted({*versions, running}, key=key)
    at = ordered.index(running)
    return sorted(ordered, key=lambda v: abs(ordered.index(v) - at))


def _need(at: int, entry: object, source: str) -> Need:
    if not isinstance(entry, Mapping) or not isinstance(entry.get("needs"), Mapping) or not entry.get("component"):
        raise InputError(f"Entry {at} of `requires` in {source} can't be used.", why="It needs component and needs.")
    needs = tuple((str(name), str(ranges)) for name, ranges in entry["needs"].items())
    found = Need(str(entry["component"]), str(entry.get("versions", "")), needs, str(entry.get("because", "")))
    for ranges in (found.versions, *(r for _, r in needs)):
        holds("0.0.0", ranges)
    return found
