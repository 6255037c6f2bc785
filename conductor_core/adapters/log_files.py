"""The room of log files: the ends of all logs below one folder."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from conductor_core.errors import StorageError


class LogFolder:
    """Every `*.log` below `folder`; a folder that isn't there has none."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def ends(self, most_bytes: int) -> Mapping[str, bytes]:
        """See `LogFiles`; symbolic links are not followed."""
        try:
            files = sorted(path for path in self._folder.rglob("*.log") if path.is_file() and not path.is_symlink())
        except OSError as bad:
            raise StorageError(
                f"The logs in {self._folder} can't be listed.", why=str(bad), next="Look at the folder's rights."
            ) from bad
        return {path.relative_to(self._folder).as_posix(): _end(path, most_bytes) for path in files}


def _end(path: Path, most_bytes: int) -> bytes:
    try:
        with path.open("rb") as log:
            size = log.seek(0, os.SEEK_END)
            log.seek(max(0, size - most_bytes))
            data = log.read(most_bytes)
    except OSError as bad:
        return f"{path.name} can't be read: {bad}\n".encode()
    return data if size <= most_bytes else data.partition(b"\n")[2]
