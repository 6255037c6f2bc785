"""Charts from registries and repositories, unpacked into folders named by their content.

Packages: https://helm.sh/docs/topics/charts/ (a gzipped tar with one folder, the chart's).
"""

from __future__ import annotations

import hashlib
import tarfile
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

from conductor_core.adapters.helm.meanings import failure
from conductor_core.domain.chart_addresses import ChartAddress
from conductor_core.errors import RefusedError, StorageError
from conductor_core.ports.commands import CommandResult

Run = Callable[..., CommandResult]
CAP = 64 * 1024 * 1024
"""Bytes that a chart may have when it is unpacked."""
FRESH = 60.0
"""Seconds for which an address is taken to stand for the same content."""


class Packages:
    """Fetches and keeps them below `work`; safe to use from many threads."""

    def __init__(self, run: Run, work: Path, clock: Callable[[], float] = time.monotonic) -> None:
        self._run, self._work, self._clock = run, work / "packages", clock
        self._lock = threading.Lock()
        self._known: dict[ChartAddress, tuple[float, Path]] = {}

    def chart(self, address: ChartAddress) -> Path:
        """See `Helm.pull`."""
        with self._lock:
            at, path = self._known.get(address, (float("-inf"), self._work))
            if self._clock() - at < FRESH and path.is_dir():
                return path
        path = self._fetched(address)
        with self._lock:
            self._known[address] = (self._clock(), path)
        return path

    def _fetched(self, address: ChartAddress) -> Path:
        whole = f"{address.source}/{address.chart}"
        what = [whole] if address.oci else [address.chart]
        where = [] if address.oci else [f"--repo={address.source}"]
        plain = ["--plain-http"] if address.oci and address.near else []
        try:
            self._work.mkdir(parents=True, exist_ok=True, mode=0o700)
            with tempfile.TemporaryDirectory(dir=self._work, prefix=".making-") as making:
                options = [f"--version={address.version}", f"--destination={making}", *where, *plain]
                result = self._run("pull", *options, "--", *what, timeout=120.0)
                if result.code != 0:
                    raise failure(str(address), "pull", result)
                packages = list(Path(making).glob("*.tgz"))
                if len(packages) != 1:
                    raise _no_chart(address, "Helm left no package of it.")
                return self._unpacked(address, packages[0], Path(making) / "out")
        except OSError as bad:
            raise StorageError(
                f"The chart {address} could not be kept.",
                why=str(bad),
                next="Free space on the disk of the data folder, or make it writable; then try again.",
            ) from bad

    def _unpacked(self, address: ChartAddress, package: Path, out: Path) -> Path:
        target = self._work / hashlib.sha256(package.read_bytes()).hexdigest()
        if not target.is_dir():
            try:
                with tarfile.open(package, "r:gz") as tar:
                    size = 0
                    for member in tar:
                        size += member.size
                        if size > CAP or not (member.isfile() or member.isdir()):
                            raise _no_chart(address, "It unpacks to over 64 MB, or holds links or devices.")
                        tar.extract(member, out, filter="data")
            except (tarfile.TarError, EOFError) as bad:
                raise _no_chart(address, f"It can't be unpacked: {bad}") from bad
            try:
                out.rename(target)
            except OSError:
                if not target.is_dir():  # else another process was faster, with the same bytes
                    raise
        folders = [path for path in target.iterdir() if (path / "Chart.yaml").is_file()]
        if len(folders) != 1:
            raise _no_chart(address, "A package has one folder with a Chart.yaml.")
        return folders[0]


def _no_chart(address: ChartAddress, why: str) -> RefusedError:
    return RefusedError(f"The package {address} can't be used.", why=why, next="Publish the chart anew: helm package.")
