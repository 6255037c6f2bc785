"""Where each value of a chart comes from: the layer that set it, its line, and the layers that it overrides.

Layers are laid over one another as Helm merges values: https://helm.sh/docs/chart_template_guide/values_files/
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

Path = tuple[str, ...]


@dataclass(frozen=True)
class Layer:
    """One layer of values. `name` is a file's path or words; `lines` gives the line (from 1) of each path of keys."""

    name: str
    values: Mapping[str, Any]
    lines: Mapping[Path, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Origin:
    """A layer that has a value for a path; `line` is 0 where the layer is no file."""

    layer: str
    line: int
    value: Any

    def __str__(self) -> str:
        return f"{self.layer}:{self.line}" if self.line else self.layer


@dataclass(frozen=True)
class Sourced:
    """One value of the merged tree: a scalar, a list or an empty map. `overrides`: what it beats, strongest first."""

    path: Path
    value: Any
    origin: Origin
    overrides: tuple[Origin, ...] = ()

    @property
    def name(self) -> str:
        """The path as --set writes it."""
        return ".".join(part.replace(".", "\\.") for part in self.path)

    def as_json(self) -> dict[str, Any]:
        """Plain JSON."""
        return {
            "path": self.name,
            "value": self.value,
            "layer": self.origin.layer,
            "line": self.origin.line or None,
            "overrides": [{"layer": o.layer, "line": o.line or None, "value": o.value} for o in self.overrides],
        }


def sources(layers: Sequence[Layer]) -> tuple[Sourced, ...]:
    """Every value of the layers merged, later ones win, sorted by path; null takes a value away."""
    found: dict[Path, Sourced] = {}
    for layer in layers:
        for path, value in _leaves(layer.values, ()):
            empty = isinstance(value, Mapping)
            if empty and any(known[: len(path)] == path and known != path for known in found):
                continue  # an empty map laid over a map changes nothing
            beaten = [found.pop(known) for known in sorted(found) if _beats(path, known)]
            if value is not None:
                over = [origin for old in beaten for origin in (old.origin, *old.overrides)]
                found[path] = Sourced(path, value, Origin(layer.name, _line(layer, path), value), tuple(over))
    return tuple(found[path] for path in sorted(found))


def _leaves(values: Mapping[str, Any], at: Path) -> Iterator[tuple[Path, Any]]:
    for key, value in values.items():
        path = (*at, str(key))
        if isinstance(value, Mapping) and value:
            yield from _leaves(value, path)
        else:
            yield path, value


def _beats(path: Path, known: Path) -> bool:
    """Whether a value at `path` takes the place of the one at `known`: there, below it, or above it."""
    return known[: len(path)] == path or path[: len(known)] == known


def _line(layer: Layer, path: Path) -> int:
    return next((layer.lines[path[:n]] for n in range(len(path), 0, -1) if path[:n] in layer.lines), 0)
