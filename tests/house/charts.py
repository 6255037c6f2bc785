"""The overlays of our charts, rendered and merged, for the tests of charts and of policies."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from conductor_core.settings import PROJECT_ROOT
from tests.fakes.policy import program

HELM = PROJECT_ROOT / "helm"
KUBE_VERSION = "1.34.4"


@dataclass(frozen=True)
class Overlay:
    """One way in which a chart is installed: extra values files, relative to `helm/`."""

    chart: str
    tier: str
    files: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """A short name for test ids."""
        return "+".join((self.chart, self.tier, *(Path(f).stem for f in self.files)))

    @property
    def flags(self) -> list[str]:
        """The values files as flags of helm."""
        return [flag for file in self.files for flag in ("--values", str(HELM / file))]

    def values(self) -> dict[str, Any]:
        """The values of the chart with those of the files merged over them, as helm does it."""
        merged: dict[str, Any] = {}
        for path in (HELM / self.chart / "values.yaml", *(HELM / file for file in self.files)):
            merge(merged, yaml.safe_load(path.read_text(encoding="utf-8")))
        return merged

    def manifests(self, namespace: str = "scratch") -> list[dict[str, Any]]:
        """The rendered objects, hooks included."""
        return render(self, namespace)


OVERLAYS = (
    Overlay("intelgraph", "prod"),
    Overlay("intelgraph", "dev", ("intelgraph/values-dev.yaml",)),
    Overlay("intelgraph", "staging", ("intelgraph/values-staging.yaml",)),
    Overlay("intelgraph", "prod", ("intelgraph/values-prod.yaml",)),
    Overlay("intelgraph", "prod", ("intelgraph/values-ga.yaml",)),
    Overlay("intelgraph", "prod", ("intelgraph/values-prod.yaml", "intelgraph/values-ga.yaml")),
    Overlay("conductor", "prod"),
    Overlay("conductor", "prod", ("conductor-observability-patch.yaml",)),
)


def merge(into: dict[str, Any], over: dict[str, Any]) -> None:
    """Merge `over` into `into`: maps by key, everything else replaced."""
    for key, value in over.items():
        if isinstance(value, dict) and isinstance(into.get(key), dict):
            merge(into[key], value)
        else:
            into[key] = value


def helm(*argv: str) -> subprocess.CompletedProcess[str]:
    """Run helm; the caller looks at the exit code."""
    return subprocess.run([str(program("helm")), *argv], capture_output=True, text=True, check=False, timeout=180)


@cache
def render(overlay: Overlay, namespace: str) -> list[dict[str, Any]]:
    """What `helm template` prints for the overlay; raises `AssertionError` with helm's words."""
    argv = ["template", overlay.chart, str(HELM / overlay.chart), "--namespace", namespace]
    done = helm(*argv, "--kube-version", KUBE_VERSION, *overlay.flags)
    assert done.returncode == 0, done.stderr
    return [document for document in yaml.safe_load_all(done.stdout) if document]
