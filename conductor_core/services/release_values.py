"""The values of a state of a release, each with the file and line that it comes from, secrets hidden."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from conductor_core.domain import references
from conductor_core.domain import values as trees
from conductor_core.domain.masking import Masker, secrets_in_values, show
from conductor_core.domain.value_sources import Layer, Sourced, sources
from conductor_core.errors import InputError, NotFoundError
from conductor_core.ports.documents import Documents
from conductor_core.services.releases import ReleaseReader

BY_HAND = "set by hand"


class ReleaseValues:
    """Reads values; changes nothing. `mask_key`: see `ReleaseReader`."""

    def __init__(self, reader: ReleaseReader, documents: Documents, mask_key: bytes) -> None:
        self._reader, self._documents, self._mask_key = reader, documents, mask_key

    def of(self, release: str, ref: str, sets: Mapping[str, str] | None = None) -> tuple[Sourced, ...]:
        """Every value of `channel:C`, `commit:SHA/C`, `tag:T/C` or `revision:C/N`, sorted by path.

        Raises `InputError` for another reference, `NotFoundError`, and the ports' errors.
        """
        found = references.parse(ref)
        if found.kind == "revision":
            layers = self._stored(release, found.channel, int(found.point))
        elif found.kind == "live" or not (found.channel or found.kind == "chart"):
            raise InputError(
                f"{ref} has no values.",
                why="Live objects keep none." if found.kind == "live" else "It names no channel.",
                next="Write channel:NAME, or revision:NAME/N for those that a revision was given.",
            )
        else:
            layers = self._written(release, ref, sets or {})
        known = set().union(*(secrets_in_values(layer.values) for layer in layers))
        masker = Masker(self._mask_key, known)
        return sources([Layer(x.name, show(masker.hide_values(x.values)), x.lines) for x in layers])

    def _written(self, release: str, ref: str, sets: Mapping[str, str]) -> list[Layer]:
        made = self._reader.render(release, ref, sets)
        spec, channel = self._reader.channel(release, made.channel) if made.channel else (None, None)
        own = made.request.chart / "values.yaml"
        place = made.source or (spec.chart if spec else "")
        files = [(f"{place}/values.yaml", own)] if own.is_file() else []
        files += list(zip(channel.values if channel else (), made.request.values, strict=True))
        layers = [self._layer(name, path.read_bytes()) for name, path in files]
        return [*layers, Layer(BY_HAND, trees.from_sets(sets))] if sets else layers

    def _layer(self, name: str, data: bytes) -> Layer:
        values = self._documents.load(data, name)
        return Layer(name, values if isinstance(values, dict) else {}, self._documents.lines(data, name))

    def _stored(self, release: str, channel: str, number: int) -> list[Layer]:
        found = next((r for r in self._reader.history(release, channel) if r.revision == number), None)
        if found is None:
            raise NotFoundError(
                f"{release} in {channel} has no revision {number}.",
                why="Helm keeps only what was installed here, and of that the newest revisions.",
                next=f"Choose one of `conductor release history {release} --channel {channel}`.",
            )
        return [
            Layer(f"chart {found.chart} {found.chart_version}", found.defaults),
            Layer(f"given to revision {number}", found.values),
        ]


def as_tree(found: tuple[Sourced, ...]) -> dict[str, Any]:
    """The merged tree again."""
    tree: dict[str, Any] = {}
    for one in found:
        branch = tree
        for part in one.path[:-1]:
            branch = branch.setdefault(part, {})
        branch[one.path[-1]] = one.value
    return tree
