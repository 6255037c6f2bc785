"""The add-ons of an environment: which Helm releases there will be, what they render to, and what there is of them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from conductor_core.domain import manifests
from conductor_core.domain.blueprints import Addon, Blueprint, filled
from conductor_core.domain.comparison import Pair
from conductor_core.domain.manifests import Identity, Object, hook_events
from conductor_core.domain.releases import Revision
from conductor_core.errors import InputError
from conductor_core.ports.blueprint_files import BlueprintFiles
from conductor_core.ports.cluster import Cluster
from conductor_core.ports.documents import Documents
from conductor_core.ports.helm import ChartRequest, Helm
from conductor_core.services.release_cluster import ReleaseCluster


@dataclass(frozen=True)
class Rendered:
    """The add-ons of one plan: objects by release, the difference with what Helm has, chart digests, the unknown.

    `log` is what helmfile said while it rendered, `helmfile` the digest of what it was made of; '' without one.
    """

    objects: Mapping[str, tuple[Object, ...]] = field(default_factory=dict)
    pairs: Mapping[Identity, Pair] = field(default_factory=dict)
    charts: Mapping[str, str] = field(default_factory=dict)
    unknown: tuple[str, ...] = ()
    log: str = ""
    helmfile: str = ""

    def beside(self, other: Rendered) -> Rendered:
        """Both together; what `other` has of the same counts."""
        return Rendered(
            {**self.objects, **other.objects},
            {**self.pairs, **other.pairs},
            {**self.charts, **other.charts},
            (*self.unknown, *other.unknown),
            self.log + other.log,
            other.helmfile or self.helmfile,
        )

    @property
    def all(self) -> tuple[Object, ...]:
        """Every object of every release."""
        return tuple(o for found in self.objects.values() for o in found)

    @property
    def text(self) -> str:
        """What there is of each, in short."""
        told = [f"{release}: {len(found)} objects" for release, found in self.objects.items()]
        return ", ".join([*told, *(f"{release}: known after the apply" for release in self.unknown)])

    @property
    def changes(self) -> int:
        """How many objects would be new, different or gone."""
        return sum(pair.old != pair.new for pair in self.pairs.values())


class Addons:
    """Reads and renders; nothing is changed."""

    def __init__(self, files: BlueprintFiles, helm: Helm, cluster: Cluster, documents: Documents) -> None:
        self._files, self._helm, self._documents = files, helm, documents
        self._releases = ReleaseCluster(cluster, documents)

    def requests(
        self, blueprint: Blueprint, environment: str, values: Mapping[str, Any], outputs: Mapping[str, Any]
    ) -> tuple[dict[str, ChartRequest], tuple[str, ...]]:
        """What to install, by release, in order; and the releases whose place is not known before the apply.

        Raises `InputError` for a reference to nothing, `NotFoundError` for a chart or values file that isn't there.
        """
        found: dict[str, ChartRequest] = {}
        unknown: list[str] = []
        for addon in blueprint.addons:
            wanted = filled(addon.when, environment, values, outputs)
            if wanted == "false":
                continue
            if wanted not in ("true", None):
                raise InputError(f"`when` of {addon.release} comes to {wanted!r}.", next="Let it be true or false.")
            request = None if wanted is None else self._request(addon, environment, values, outputs)
            if request is None:
                unknown.append(addon.release)
            else:
                found[addon.release] = request
        return found, tuple(unknown)

    def render(
        self, blueprint: Blueprint, environment: str, values: Mapping[str, Any], outputs: Mapping[str, Any]
    ) -> Rendered:
        """What the add-ons come to, beside what Helm has of them now."""
        requests, unknown = self.requests(blueprint, environment, values, outputs)
        objects: dict[str, tuple[Object, ...]] = {}
        pairs: dict[Identity, Pair] = {}
        for release, request in requests.items():
            made = self._helm.render(request)
            new = self._indexed(made.manifests, request.namespace)
            hooks = self._indexed(made.hooks, request.namespace)
            applied = self._releases.applied(request.namespace, release)
            old = self._indexed(applied.manifest, request.namespace) if applied else {}
            objects[release] = (*new.values(), *hooks.values())
            note = (f"add-on {release}",)
            pairs |= {i: Pair(old.get(i), new.get(i), 0, note) for i in sorted(old.keys() | new.keys())}
        charts = {
            addon.release: self.digest(addon) for addon in blueprint.addons if addon.release in (*requests, *unknown)
        }
        return Rendered(objects, pairs, charts, unknown)

    def digest(self, addon: Addon) -> str:
        """A digest of the files of its chart, of its values files, and of what the blueprint says of it.

        It needs no value that only the apply makes known, so that a release with one is bound to its approval too.
        Raises `NotFoundError`.
        """
        told = hashlib.sha256(repr((addon.release, addon.namespace, sorted(addon.sets.items()), addon.when)).encode())
        for name, path in self._sources(addon):
            told.update(f"{name}\0".encode() + hashlib.sha256(path.read_bytes()).digest())
        return f"sha256:{told.hexdigest()}"

    def _sources(self, addon: Addon) -> Iterator[tuple[str, Path]]:
        chart = self._files.path(addon.chart)
        for path in sorted(p for p in chart.rglob("*") if p.is_file()):
            yield path.relative_to(chart).as_posix(), path
        for at, file in enumerate(addon.values):
            yield f"values {at}", self._files.path(file)

    def history(self, request: ChartRequest) -> tuple[Revision, ...]:
        """The stored revisions of one add-on, oldest first."""
        return self._releases.history(request.namespace, request.release)

    def installed(self, namespaces: tuple[str, ...]) -> dict[str, str]:
        """Every release that is installed in these namespaces, with its namespace."""
        heads = [h for space in namespaces for h in self._releases.heads(space)]
        newest = {(h.namespace, h.name): h for h in sorted(heads, key=lambda h: h.revision)}
        return {h.name: h.namespace for h in newest.values() if h.status.value not in ("uninstalled", "uninstalling")}

    def _request(
        self, addon: Addon, environment: str, values: Mapping[str, Any], outputs: Mapping[str, Any]
    ) -> ChartRequest | None:
        namespace = filled(addon.namespace, environment, values, outputs)
        sets = {k: filled(text, environment, values, outputs) for k, text in addon.sets.items()}
        if namespace is None or None in sets.values():
            return None
        return ChartRequest(
            self._files.path(addon.chart),
            addon.release,
            namespace,
            tuple(self._files.path(file) for file in addon.values),
            {k: text for k, text in sets.items() if text is not None},
        )

    def _indexed(self, text: str, namespace: str) -> dict[Identity, Object]:
        loaded = manifests.flatten(self._documents.load_all(text, "An add-on's manifests"))
        kinds = self._releases.cluster_wide()
        return {manifests.identity_of(o, namespace, kinds): o for o in loaded if "test" not in hook_events(o)}
