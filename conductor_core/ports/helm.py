"""Port of Helm: what a chart renders to, and the acts that change a release."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from conductor_core.domain.chart_addresses import ChartAddress
from conductor_core.ports.post_renders import PostRender


@dataclass(frozen=True)
class ChartRequest:
    """What to render or install: a chart folder, the release's name and namespace, and what fills the values.

    `values`: files, later ones win. `sets`: `--set` keys and values, both as text; a comma in a value is part of it.
    `kube_version` and `api_versions` are what the chart sees as `.Capabilities` when rendered without a cluster;
    empty: Helm's own. `post`: the post-renderer that changes the manifests, but no hooks and no `crds/`.
    """

    chart: Path
    release: str
    namespace: str
    values: tuple[Path, ...] = ()
    sets: Mapping[str, str] = field(default_factory=dict)
    kube_version: str = ""
    api_versions: tuple[str, ...] = ()
    post: PostRender | None = None


@dataclass(frozen=True)
class ChartInfo:
    """The name, version and appVersion in a chart's `Chart.yaml`."""

    name: str
    version: str
    app_version: str = ""


@dataclass(frozen=True)
class Rendered:
    """A chart's output: `manifests`, `hooks` (run, not kept) and `crds` (created at the first install only) are YAML
    streams, `chart` its metadata. `parsed`: the documents of the three streams, where they are known already; else ().
    `looks_up`: its templates ask the cluster (`lookup`); rendered without one, they find nothing.
    """

    chart: ChartInfo
    manifests: str
    hooks: str = ""
    crds: str = ""
    parsed: tuple[tuple[object, ...], ...] = field(default=(), compare=False, repr=False)
    looks_up: bool = False


@dataclass(frozen=True)
class HelmOutcome:
    """What an act left: the revision that it made, its status in Helm's words, and Helm's notes for the person."""

    release: str
    namespace: str
    revision: int
    status: str
    notes: str = ""


class Helm(Protocol):
    """Helm on one explicit kubeconfig context. No act is retried by the port: a crashed or timed-out act may have
    happened, so whoever called *observes* the release (its stored revisions) before anything else.

    Errors of every method: `ToolError` when Helm says no, with what it means (schema violation with the path, unknown
    value, version constraint, missing file ...), `UnreachableError` when the cluster does not answer, `InputError`
    for a name that can't be one, `ConflictError` when another act on the release is pending, `TransientError` when
    Helm was killed at the deadline. Secrets in values never appear in an error.
    """

    def version(self) -> str:
        """Helm's version, for example `3.19.5`; raises `ToolError` when it is missing, older than 3.14, or not Helm
        3.
        """
        ...

    def render(self, request: ChartRequest) -> Rendered:
        """The chart's manifests, without asking a cluster; dependencies are built in a copy. Equal input gives equal
        output, unless the chart itself draws random values. Raises `NotFoundError` for a missing chart or values
        file.
        """
        ...

    def pull(self, address: ChartAddress) -> Path:
        """The folder of an unpacked chart from a registry or repository (its `source` is a URL). Its parent's name is a
        digest of the content, so equal content gives the same path; an address is asked for again after a minute.

        Raises `NotFoundError` for a chart or version that isn't there, `ConfigurationError` when the registry wants a
        login, `UnreachableError`, `RefusedError` for a package that is too big or isn't one chart.
        """
        ...

    def upgrade(
        self,
        request: ChartRequest,
        operation_id: str,
        *,
        create_namespace: bool = False,
        timeout: float = 300.0,
        inherit_fds: Sequence[int] = (),
        dry_run: bool = False,
    ) -> HelmOutcome:
        """Install or upgrade the release. The new revision's description is
        `domain.releases.description_for(operation_id)`, so that it can be recognised after a crash. Nothing is rolled
        back by itself. `timeout`: seconds for hooks. `dry_run`: the server is asked, nothing changes.
        """
        ...

    def rollback(
        self,
        release: str,
        namespace: str,
        revision: int,
        operation_id: str,
        *,
        timeout: float = 300.0,
        inherit_fds: Sequence[int] = (),
    ) -> HelmOutcome:
        """Make a new revision with the content of `revision`. Helm 3 writes its own description (`Rollback to N`): to
        recognise it after a crash, compare the newest revision with the one noted before the call. Raises
        `NotFoundError` for an unknown release or revision.
        """
        ...

    def uninstall(
        self,
        release: str,
        namespace: str,
        operation_id: str,
        *,
        timeout: float = 300.0,
        inherit_fds: Sequence[int] = (),
    ) -> None:
        """Remove the release's objects and keep its history (status `uninstalled`). Raises `NotFoundError` for an
        unknown release.
        """
        ...
