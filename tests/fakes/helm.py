"""A `Helm` in memory: a chart's output is its files below `templates`, with `${key}` filled from values files and
sets.
"""

from __future__ import annotations

import os
import re
import string
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from conductor_core.domain import names
from conductor_core.domain.chart_addresses import ChartAddress
from conductor_core.domain.releases import description_for, operation_label
from conductor_core.domain.values import from_sets
from conductor_core.errors import InputError, NotFoundError, ToolError
from conductor_core.ports.helm import ChartInfo, ChartRequest, HelmOutcome, Rendered
from tests.fakes.cluster import FakeCluster, release_secret

PATH = os.defpath


@dataclass(frozen=True)
class Stored:
    """What one revision keeps."""

    manifest: str
    description: str
    labels: Mapping[str, str]
    chart: ChartInfo
    sets: Mapping[str, str]
    hooks: str = ""


@dataclass
class FakeHelm:
    """Writes revisions into `cluster` as Helm does. `Chart.yaml` and values files are plain `key: value` lines here."""

    cluster: FakeCluster
    packages: dict[str, Path] = field(default_factory=dict)
    """Charts in registries, by their addresses."""
    renders: list[ChartRequest] = field(default_factory=list)
    _revisions: dict[tuple[str, str], dict[int, Stored]] = field(default_factory=dict)

    def version(self) -> str:
        return "3.19.5"

    def render(self, request: ChartRequest) -> Rendered:
        names.release_name(request.release)
        names.namespace(request.namespace)
        chart = request.chart / "Chart.yaml"
        if not chart.is_file():
            raise NotFoundError(f"There is no chart in {request.chart.name}.")
        missing = [p for p in request.values if not p.is_file()]
        if missing:
            raise NotFoundError(f"The values file {missing[0].name} of {request.release} is missing.")
        self.renders.append(request)
        values = {"release": request.release, "namespace": request.namespace}
        for file in (request.chart / "values.yaml", *request.values):
            values |= _lines(file.read_text()) if file.is_file() else {}
        values |= {names.set_key(k).replace(".", "_"): v for k, v in request.sets.items()}
        files = sorted((request.chart / "templates").glob("*.yaml"))
        texts = [string.Template(f"# Source: {request.chart.name}/templates/{t.name}\n{t.read_text()}") for t in files]
        try:
            printed = [t.substitute(values) for t in texts]
        except KeyError as bad:
            raise ToolError(f"A template of {request.release} uses a value that isn't set.", why=str(bad)) from bad
        hooks = [p for p in printed if "helm.sh/hook:" in p]
        about = _lines(chart.read_text())
        info = ChartInfo(about["name"], about["version"], about.get("appVersion", ""))
        crds = [t.read_text() for t in sorted((request.chart / "crds").glob("*.yaml"))]
        streams = ([p for p in printed if p not in hooks], hooks, crds)
        manifests, hooked, defined = ("".join(f"---\n{p}" for p in stream) for stream in streams)
        made = Rendered(info, manifests, hooked, defined, looks_up="{{ lookup " in manifests)
        return replace(made, manifests=_post_rendered(request, made.manifests)) if request.post else made

    def pull(self, address: ChartAddress) -> Path:
        if str(address) not in self.packages:
            raise NotFoundError(f"The registry has no {address}.")
        return self.packages[str(address)]

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
        names.operation_id(operation_id)
        label = dict([operation_label(operation_id).split("=")])
        made = self.render(request)
        stored = Stored(made.manifests, description_for(operation_id), label, made.chart, request.sets, made.hooks)
        if dry_run:
            number = self._last(request.namespace, request.release) + 1
            return HelmOutcome(request.release, request.namespace, number, "pending-upgrade")
        return HelmOutcome(
            request.release, request.namespace, self._write(request.namespace, request.release, stored), "deployed"
        )

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
        names.operation_id(operation_id)
        names.release_name(release)
        names.namespace(namespace)
        if revision < 1:
            raise InputError(f"{revision!r} is no revision.")
        found = self._stored(namespace, release).get(revision)
        if found is None:
            raise NotFoundError(f"The release {release} has no such revision.")
        again = replace(found, description=f"Rollback to {revision}")
        return HelmOutcome(release, namespace, self._write(namespace, release, again), "deployed")

    def uninstall(
        self,
        release: str,
        namespace: str,
        operation_id: str,
        *,
        timeout: float = 300.0,
        inherit_fds: Sequence[int] = (),
    ) -> None:
        last = self._last(namespace, release)
        if not last:
            raise NotFoundError(f"There is no release {release} in this namespace.")
        self._put(namespace, release, last, "uninstalled")

    def _stored(self, namespace: str, release: str) -> dict[int, Stored]:
        return self._revisions.get((namespace, release), {})

    def _last(self, namespace: str, release: str) -> int:
        return max(self._stored(namespace, release), default=0)

    def _write(self, namespace: str, release: str, stored: Stored) -> int:
        for old in self._stored(namespace, release):
            self._put(namespace, release, old, "superseded")
        number = self._last(namespace, release) + 1
        self._revisions.setdefault((namespace, release), {})[number] = stored
        self._put(namespace, release, number, "deployed")
        return number

    def _put(self, namespace: str, release: str, number: int, status: str) -> None:
        kept = self._revisions[(namespace, release)][number]
        about = {"name": kept.chart.name, "version": kept.chart.version, "appVersion": kept.chart.app_version}
        secret = release_secret(
            namespace,
            release,
            number,
            kept.manifest,
            status=status,
            description=kept.description,
            labels=kept.labels,
            chart={"metadata": about},
            config=from_sets(kept.sets),
            hooks=[{"path": "hooks.yaml", "manifest": text} for text in kept.hooks.split("\n---\n") if text.strip()],
        )
        self.cluster.put(secret)


def _lines(text: str) -> Mapping[str, str]:
    return dict(re.findall(r"^(\w+): *(.*)$", text, flags=re.MULTILINE))


def _post_rendered(request: ChartRequest, manifests: str) -> str:
    post = request.post
    if post is None:
        return manifests
    argv = [str(post.program), *post.args]
    done = subprocess.run(argv, input=manifests, text=True, capture_output=True, cwd=post.folder, env={"PATH": PATH})
    if done.returncode:
        raise ToolError(f"The post-renderer of {request.release} failed.", why=done.stderr)
    return done.stdout
