"""Charts rendered: of the operations repository at a commit, of registries and repositories, and of folders here."""

from __future__ import annotations

import hashlib
import os
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath

from conductor_core.domain import channels, chart_addresses, difference, manifests, names, post_renderers
from conductor_core.domain.channels import Channel, ReleaseSpec
from conductor_core.domain.manifests import Identity, Object
from conductor_core.domain.references import Ref
from conductor_core.errors import (
    AccessDeniedError,
    ConfigurationError,
    NotFoundError,
    RefusedError,
    StateError,
    UnreachableError,
)
from conductor_core.ports.documents import Documents
from conductor_core.ports.helm import ChartRequest, Helm, Rendered
from conductor_core.ports.post_renders import PostRender, digest_of
from conductor_core.ports.repository import Repository
from conductor_core.services.release_cluster import ReleaseCluster

DEFAULT_KUBE_VERSION = "v1.34.0"
"""What charts are rendered for when no cluster says otherwise."""
CHART_CONTENT = "chart content"
"""The fact of a plan that names the bytes of a fetched chart."""
_RENDERS_KEPT = 64
_LOOKUPS = "Its templates use lookup, which finds nothing here; Helm asks the cluster when it deploys."

_Objects = Mapping[Identity, Object]
_Made = tuple[Rendered, _Objects, _Objects, _Objects]
"""What helm printed, and the objects, hooks and definitions in it."""


@dataclass(frozen=True)
class Render:
    """What a release's chart makes: the commit of its values ('' without a channel), the request that Helm was given,
    its output, parsed, and remarks. `source`: the chart's address or folder, '' for the operations repository.
    `crds`: what the chart has in `crds/`, which Helm creates at the first install and leaves alone from then on.
    """

    release: str
    channel: str
    commit: str
    request: ChartRequest
    output: Rendered
    objects: Mapping[Identity, Object]
    hooks: Mapping[Identity, Object]
    notes: tuple[str, ...] = ()
    source: str = ""
    crds: Mapping[Identity, Object] = field(default_factory=dict)

    @property
    def content(self) -> str:
        """Names the bytes of a fetched chart; its address alone may stand for others tomorrow."""
        return content_of(self.request)

    @property
    def everything(self) -> dict[Identity, Object]:
        """Objects, hooks and definitions."""
        return {**self.crds, **self.objects, **self.hooks}

    def is_what(self, installed: Mapping[Identity, Object]) -> bool:
        """Whether these are the objects that it makes; raises `StateError` when templates that ask the cluster leave
        that open.
        """
        same = difference.same(*({str(i): o for i, o in side.items()} for side in (self.objects, installed)))
        if not same and self.output.looks_up:
            raise StateError(
                "It isn't known whether it is in step: its templates use lookup.",
                why="They find nothing here, and Helm asked the cluster when it deployed.",
                next="Compare live with channel, and see whether what differs comes from them.",
            )
        return same


def post_told(request: ChartRequest) -> dict[str, str]:
    """The fact of a plan that binds the post-renderer; none when there is none."""
    return {post_renderers.FACT: f"{request.post.name} {request.post.digest}"} if request.post else {}


def content_of(request: ChartRequest) -> str:
    """The digest in the path of a fetched chart; see `Helm.pull`."""
    return request.chart.parent.name


@dataclass(frozen=True)
class ChartPlaces:
    """Where charts may come from beside the operations repository: `sources` are URLs by name (see
    `chart_addresses.sources`), `folders` are roots on this machine. `post_renderers` are the allowed programs by name.
    """

    sources: Callable[[], Mapping[str, str]]
    folders: Callable[[], tuple[Path, ...]]
    post_renderers: Callable[[], Mapping[str, tuple[str, ...]]] = dict


NOWHERE = ChartPlaces(dict, tuple)


class ReleaseRenders:
    """Renders, kept by what they are made from. `used` gives the addresses of the charts that channels use already."""

    def __init__(
        self,
        repository: Repository,
        helm: Helm,
        cluster: ReleaseCluster,
        documents: Documents,
        places: ChartPlaces,
        used: Callable[[], Iterable[str]],
    ) -> None:
        self._repository, self._helm, self._cluster, self._documents = repository, helm, cluster, documents
        self._places, self._used = places, used
        self._lock = threading.Lock()
        self._rendered: OrderedDict[object, _Made] = OrderedDict()

    def of(self, spec: ReleaseSpec, channel: Channel, commit: str, sets: Mapping[str, str]) -> Render:
        """The channel's chart with its values at a commit. Raises `NotFoundError`, and Helm's errors."""
        chart = channel.chart or spec.chart
        made = self._rendered_with(self.request(spec, channel, commit, sets), channel.name, commit)
        return replace(made, source=chart if channels.remote(chart) else "")

    def of_chart(
        self,
        release: str,
        ref: Ref,
        where: tuple[ReleaseSpec, Channel] | None,
        commit: str,
        sets: Mapping[str, str],
        anywhere: bool,
    ) -> Render:
        """A chart that the reference names, with the values that the channel `where` has at a commit, else with its
        own. Raises `RefusedError` for a place that charts may not come from, `NotFoundError`, and Helm's errors.
        """
        chart = self._pulled(ref.point) if ref.kind == "chart" else self._folder(ref.point, anywhere)
        if where is None:
            request = ChartRequest(chart, names.release_name(release), "default", (), dict(sets))
            return replace(self._rendered_with(request, "", "", chart), source=str(ref))
        spec, channel = where
        inside = channel.chart or spec.chart
        values = tuple(_own(chart, inside, path) or self._repository.export(commit, path) for path in channel.values)
        post = self._post(spec, channel, commit)
        request = ChartRequest(chart, spec.name, channel.namespace, values, dict(sets), post=post)
        made = self._rendered_with(request, channel.name, commit, chart)
        return replace(made, source=ref.point)

    def request(self, spec: ReleaseSpec, channel: Channel, commit: str, sets: Mapping[str, str]) -> ChartRequest:
        """What Helm is given to install a channel at a commit; raises `NotFoundError` for what is missing."""
        chart = channel.chart or spec.chart
        values = tuple(self._repository.export(commit, path) for path in channel.values)
        found = self._pulled(chart) if channels.remote(chart) else self._committed(chart, commit)
        post = self._post(spec, channel, commit)
        return ChartRequest(found, spec.name, channel.namespace, values, dict(sets), post=post)

    def _post(self, spec: ReleaseSpec, channel: Channel, commit: str) -> PostRender | None:
        """The channel's post-renderer, its files as they are at the commit. Raises `RefusedError` when it isn't
        allowed, `ConfigurationError` when its program isn't there.
        """
        wanted = channel.post
        if wanted is None:
            return None
        where = f"{spec.name}/{channel.name}"
        program, *args = post_renderers.command(wanted, self._places.post_renderers(), where)
        folder = self._repository.export(commit, wanted.folder) if wanted.folder else None
        if not os.access(program, os.X_OK) or not Path(program).is_file():
            raise ConfigurationError(
                f"The post-renderer {wanted.name} of {where} is missing.",
                why=f"{program} is no program that can be run on this machine.",
                next="Install it there, or correct CONDUCTOR_POST_RENDERERS.",
            )
        digest = digest_of(Path(program), tuple(args), folder)
        return PostRender(wanted.name, Path(program), tuple(args), folder, digest)

    def _committed(self, path: str, commit: str) -> Path:
        folder, _, name = path.rpartition("/")
        chart = self._repository.export(commit, folder) / name if folder else self._repository.export(commit, path)
        if not chart.is_dir():
            self._repository.export(commit, path)  # says what is missing
        return chart

    def _pulled(self, text: str) -> Path:
        address = chart_addresses.parse(text)
        return self._helm.pull(chart_addresses.located(address, self._places.sources(), self._used()))

    def _folder(self, text: str, anywhere: bool) -> Path:
        folder = Path(text).expanduser() if anywhere else Path(text)
        folder = folder.resolve()
        roots = [root.resolve() for root in self._places.folders()]
        if not anywhere and not any(folder.is_relative_to(root) for root in roots):
            raise RefusedError(
                f"The folder {text[:120]} is not read from here.",
                why=f"Folders that may be: {', '.join(map(str, roots)) or 'none is set'}.",
                next="Add it to CONDUCTOR_CHART_FOLDERS, or use `conductor release diff` on the machine that has it.",
            )
        if not (folder / "Chart.yaml").is_file():
            raise NotFoundError(
                f"There is no chart in {text[:120]}.", why="It has no Chart.yaml.", next="Name the folder of a chart."
            )
        if not anywhere and any(path.is_symlink() for path in folder.rglob("*")):
            raise RefusedError(
                f"The folder {text[:120]} has symbolic links.",
                why="They could lead out of the folders that may be read.",
                next="Replace them by copies.",
            )
        return folder

    def _rendered_with(self, request: ChartRequest, channel: str, commit: str, own: Path | None = None) -> Render:
        """`own`: a folder that may change between two calls."""
        notes: tuple[str, ...] = ()
        try:
            version, apis = self._cluster.capabilities()
            cluster_wide = self._cluster.cluster_wide()
        except (UnreachableError, ConfigurationError, AccessDeniedError) as bad:
            version, apis, cluster_wide = DEFAULT_KUBE_VERSION, (), manifests.CLUSTER_WIDE
            notes = (f"Rendered for Kubernetes {version}: the cluster wasn't asked. {bad.what}",)
        request = replace(request, kube_version=version, api_versions=apis)
        content = _digest(own, request.values) if own is not None else ""
        output, objects, hooks, crds = self._made(request, content, cluster_wide)
        notes += (_LOOKUPS,) if output.looks_up else ()
        return Render(request.release, channel, commit, request, output, objects, hooks, notes, crds=crds)

    def _made(self, request: ChartRequest, content: str, cluster_wide: frozenset[tuple[str, str]]) -> _Made:
        """A render and its objects, kept by what it is made from: copies of equal content have equal paths."""
        key = (repr(replace(request, sets={})), tuple(sorted(request.sets.items())), content, cluster_wide)
        with self._lock:
            if key in self._rendered:
                self._rendered.move_to_end(key)
                return self._rendered[key]
        output = self._helm.render(request)
        told = f"The output of {request.release}"
        streams = (output.manifests, output.hooks, output.crds)
        parsed = output.parsed or tuple(self._documents.load_all(text, told) for text in streams)
        objects, hooks, crds = (manifests.indexed(docs, request.namespace, cluster_wide) for docs in parsed)
        with self._lock:
            self._rendered[key] = made = (output, objects, hooks, crds)
            while len(self._rendered) > _RENDERS_KEPT:
                self._rendered.popitem(last=False)
        return made


def _own(chart: Path, inside: str, path: str) -> Path | None:
    """The chart's own copy of a values file that lies in its folder, such as an overlay that is being edited."""
    if channels.remote(inside) or not PurePosixPath(path).is_relative_to(inside):
        return None
    found = chart / PurePosixPath(path).relative_to(inside)
    return found if found.is_file() else None


def _digest(chart: Path, values: tuple[Path, ...]) -> str:
    digest = hashlib.sha256()
    for file in sorted({*(p for p in chart.rglob("*") if p.is_file()), *values}):
        digest.update(f"{file}\0{hashlib.sha256(file.read_bytes()).hexdigest()}\n".encode("utf-8", "surrogateescape"))
    return digest.hexdigest()
