"""A `Helmfile` in memory: a helmfile is YAML with `releases` (name, chart, namespace); `{name}` is a state value."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import yaml

from conductor_core.errors import StateError, ToolError
from conductor_core.ports.helm import ChartRequest
from conductor_core.ports.helmfile import HelmfileRelease, HelmfileRendered, HelmfileRequest
from tests.fakes.helm import FakeHelm


@dataclass
class FakeHelmfile:
    """Installs through a `FakeHelm`, so that stored revisions are its."""

    helm: FakeHelm
    synced: list[HelmfileRequest] = field(default_factory=list)

    def version(self) -> str:
        return "helmfile 1.8.0"

    def digest(self, folder: Path) -> str:
        told = hashlib.sha256()
        for path in sorted(p for p in folder.rglob("*") if p.is_file()):
            told.update(f"{path.relative_to(folder)}\0".encode() + path.read_bytes())
        return f"sha256:{told.hexdigest()}"

    def render(self, request: HelmfileRequest) -> HelmfileRendered:
        charts = self._charts(request)
        made = {HelmfileRelease(c.release, c.namespace): self.helm.render(c) for c in charts}
        texts = {r: m.manifests + m.hooks for r, m in made.items()}
        log = "".join(f"Templating release={c.release}\n" for c in charts)
        return HelmfileRendered(texts, log, self.digest(request.folder))

    def sync(
        self,
        request: HelmfileRequest,
        operation_id: str,
        *,
        say: Callable[[str], None],
        timeout: float = 900.0,
        inherit_fds: Sequence[int] = (),
    ) -> tuple[HelmfileRelease, ...]:
        if request.digest and request.digest != self.digest(request.folder):
            raise StateError(f"What {request.file} is made of has changed since it was approved.", next="Plan again.")
        charts = self._charts(request)
        self.synced.append(request)
        for chart in charts:
            say(f"Upgrading release={chart.release}")
            self.helm.upgrade(chart, operation_id)
        return tuple(HelmfileRelease(c.release, c.namespace) for c in charts)

    def _charts(self, request: HelmfileRequest) -> list[ChartRequest]:
        file = request.folder / request.file
        if not file.is_file():
            raise ToolError(f"helmfile list of {request.file} failed.", why="There is no such file.", next="Add it.")
        text = file.read_text()
        for name, value in request.values.items():
            text = text.replace(f"{{{name}}}", str(value))
        found = yaml.safe_load(text)["releases"]
        return [ChartRequest(request.folder / r["chart"], r["name"], r["namespace"]) for r in found]
