"""Charts ready to use: dependencies are built in a copy, and the chart that was given stays as it is.

Dependencies: https://helm.sh/docs/helm/helm_dependency/. A copy is complete when it has its name, because it arrives
by rename.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from conductor_core.adapters.helm.meanings import failure
from conductor_core.errors import NotFoundError, RefusedError, StorageError
from conductor_core.ports.commands import CommandResult
from conductor_core.ports.documents import Documents
from conductor_core.ports.helm import ChartInfo

Run = Callable[..., CommandResult]


def info(documents: Documents, chart: Path) -> tuple[ChartInfo, Mapping[str, Any]]:
    """Name, version and appVersion of a chart, and its whole `Chart.yaml`; raises `NotFoundError` without one."""
    file = chart / "Chart.yaml"
    try:
        data = file.read_bytes()
    except OSError as bad:
        raise NotFoundError(
            f"There is no chart in {chart.name}.",
            why=f"Chart.yaml can't be read: {bad.strerror or bad}.",
            next="Correct the chart's path in the channels file.",
        ) from bad
    meta = documents.load(data, f"{chart.name}/Chart.yaml")
    if not isinstance(meta, Mapping) or not meta.get("name") or not meta.get("version"):
        raise NotFoundError(
            f"{chart.name} is no chart.", why="Its Chart.yaml has no name or no version.", next="Correct Chart.yaml."
        )
    return ChartInfo(str(meta["name"]), str(meta["version"]), str(meta.get("appVersion") or "")), meta


def ready(documents: Documents, run: Run, chart: Path, work: Path) -> Path:
    """The chart itself when it needs nothing, else a copy below `work` with its dependencies in `charts/`."""
    _, meta = info(documents, chart)
    wanted = [d for d in meta.get("dependencies") or [] if isinstance(d, Mapping)]
    if not wanted or all(_present(chart, d) for d in wanted):
        return chart
    for dependency in wanted:
        _refuse_outside(chart, str(dependency.get("repository") or ""))
    target = work / "charts" / _digest(chart, wanted) / chart.name
    if target.exists():
        return target
    try:
        target.parent.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with tempfile.TemporaryDirectory(dir=target.parent.parent, prefix=".making-") as making:
            copy = Path(making) / "set" / chart.name
            _copy(chart, copy)
            for dependency in wanted:
                near = _near(chart, str(dependency.get("repository") or ""))
                if near is not None:
                    _copy(near, copy.parent / os.path.relpath(near, chart.parent))
            act = "build" if (chart / "Chart.lock").exists() else "update"
            result = run("dependency", act, "--", str(copy), timeout=180.0)
            if result.code != 0:
                raise failure(chart.name, f"dependency {act}", result)
            target.parent.mkdir(exist_ok=True, mode=0o700)
            try:
                copy.rename(target)
            except OSError:
                if not target.exists():  # else another process was faster, with the same bytes
                    raise
    except OSError as bad:
        raise StorageError(
            f"The dependencies of {chart.name} could not be built.",
            why=str(bad),
            next="Free space on the disk of the data folder, or make it writable; then try again.",
        ) from bad
    return target


def _present(chart: Path, dependency: Mapping[str, Any]) -> bool:
    name = str(dependency.get("name", ""))
    return (chart / "charts" / name).is_dir() or any((chart / "charts").glob(f"{name}-[0-9v]*.tgz"))


def _near(chart: Path, repository: str) -> Path | None:
    if not repository.startswith("file://"):
        return None
    return Path(os.path.normpath(chart / repository.removeprefix("file://")))


def _refuse_outside(chart: Path, repository: str) -> None:
    """A dependency on disk lies beside the chart or in it, so that the copy that was approved is all that is read."""
    near = _near(chart, repository)
    if near is not None and not near.resolve().is_relative_to(chart.parent.resolve()):
        raise RefusedError(
            f"A dependency of {chart.name} lies outside its folder's parent.",
            why=f"It is {repository}.",
            next="Keep charts that depend on one another side by side.",
        )
    if repository and not repository.startswith(("file://", "https://", "oci://", "@", "alias:")):
        raise RefusedError(
            f"A dependency of {chart.name} comes from an address that isn't allowed.",
            why=f"It is {repository[:200]}.",
            next="Use https://, oci:// or file://.",
        )


def _digest(chart: Path, wanted: list[Mapping[str, Any]]) -> str:
    """Names the content of the chart and of the charts on disk that it depends on."""
    digest = hashlib.sha256()
    folders = [chart, *(n for d in wanted if (n := _near(chart, str(d.get("repository") or ""))) is not None)]
    for folder in folders:
        for file in sorted(p for p in folder.rglob("*") if p.is_file()):
            digest.update(f"{file.relative_to(chart.parent)}\0".encode())
            digest.update(hashlib.sha256(file.read_bytes()).digest())
    return digest.hexdigest()


def _copy(source: Path, target: Path) -> None:
    if target.exists():
        return
    if not source.is_dir():
        raise NotFoundError(f"There is no chart {source.name}.", why="A dependency names it.", next="Commit it.")
    shutil.copytree(source, target, copy_function=shutil.copyfile, symlinks=True)
