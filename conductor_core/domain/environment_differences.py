"""In what two environments differ (feature E9)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from conductor_core.domain.environments import Environment


@dataclass(frozen=True)
class Difference:
    """One parameter or output in which two environments differ; None where it isn't there."""

    name: str
    left: Any
    right: Any


def differences(left: Environment, right: Environment) -> tuple[Difference, ...]:
    """In what two environments differ: blueprint, version, tier, then parameters and outputs by dotted path."""
    rows = [(n, getattr(left, n), getattr(right, n)) for n in ("blueprint", "version", "tier", "state", "health")]
    for word in ("parameters", "outputs"):
        a, b = flat(getattr(left, word), word), flat(getattr(right, word), word)
        rows += [(key, a.get(key), b.get(key)) for key in sorted(a.keys() | b.keys())]
    return tuple(Difference(*row) for row in rows if row[1] != row[2])


def flat(values: Mapping[str, Any], path: str) -> dict[str, Any]:
    """The leaves of values by dotted path; a map or list without entries is a leaf."""
    return {k: v for key, item in values.items() for k, v in _leaves(item, f"{path}.{key}").items()}


def _leaves(value: Any, path: str) -> dict[str, Any]:
    if isinstance(value, Mapping) and value:
        return flat(value, path)
    if isinstance(value, list) and value:
        return {k: v for at, item in enumerate(value) for k, v in _leaves(item, f"{path}[{at}]").items()}
    return {path: value}
