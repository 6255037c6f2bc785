"""Named PromQL as files `<name>.promql` of a folder (port `MetricFiles`)."""

from __future__ import annotations

from pathlib import Path

from conductor_core.domain.metric_queries import MetricQuery, parse
from conductor_core.errors import InputError, StorageError

CAP = 20_000


class MetricFolder:
    """The files of one folder, by name."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def queries(self) -> tuple[tuple[MetricQuery, ...], tuple[str, ...]]:
        """See `MetricFiles.queries`."""
        good: list[MetricQuery] = []
        bad: list[str] = []
        for path in sorted(self._folder.glob("*.promql")):
            try:
                with path.open("rb") as file:
                    text = file.read(CAP).decode("utf-8")
                good.append(parse(path.stem, text))
            except (OSError, UnicodeDecodeError, InputError) as wrong:
                bad.append(f"{path.name}: {wrong}")
        return tuple(good), tuple(bad)

    def matrix(self) -> bytes:
        """See `MetricFiles.matrix`: it lies beside the folder."""
        try:
            return (self._folder.parent / "compatibility.yaml").read_bytes()
        except OSError as bad:
            raise StorageError("compatibility.yaml can't be read.", why=str(bad), next="Restore it in data/.") from bad
