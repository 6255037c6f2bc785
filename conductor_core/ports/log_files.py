"""Port of the processes' own log files."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol


class LogFiles(Protocol):
    """The logs of the workbench's processes and of the local control plane's."""

    def ends(self, most_bytes: int) -> Mapping[str, bytes]:
        """The last bytes of each log by its name, such as `maestro-worker.log`, from the start of a line.

        A log that can't be read holds why. Raises `StorageError` when their folder can't be listed.
        """
        ...
