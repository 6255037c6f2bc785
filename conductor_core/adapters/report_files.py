"""Reports as folders: `<root>/<id>/report.*` and `timeline.csv` (port `ReportStore`; security, rules 13 and 19)."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from conductor_core.errors import ConflictError, NotFoundError, StorageError

_ID = re.compile(r"rep-[0-9A-HJKMNP-TV-Z]{26}")
_NAME = re.compile(r"report\.(html|pdf|json)|timeline\.csv")


class ReportFiles:
    """Implements `ports.reports.ReportStore` below `root`."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def put(self, report_id: str, files: Mapping[str, bytes]) -> None:
        """See `ReportStore`: a folder is written beside, then renamed."""
        folder = self._folder(report_id)
        if folder.exists():
            raise ConflictError(f"The report {report_id} is there already.", next="Make a new one.")
        new = folder.with_name(f".{report_id}.new")
        try:
            new.mkdir(parents=True, mode=0o700)
            for name, data in files.items():
                self._checked(name)
                with os.fdopen(os.open(new / name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
                    file.write(data)
                    file.flush()
                    os.fsync(file.fileno())
            new.rename(folder)
        except OSError as bad:
            with suppress(OSError):
                shutil.rmtree(new)
            raise StorageError(
                "The report can't be kept.", why=f"{report_id}: {bad.strerror}.", next="Free space in the data folder."
            ) from bad

    def get(self, report_id: str, name: str) -> bytes:
        """See `ReportStore`."""
        path = self._folder(report_id) / self._checked(name)
        try:
            return path.read_bytes()
        except FileNotFoundError as gone:
            raise _missing(f"{report_id} has no {name}") from gone
        except OSError as bad:
            raise StorageError(f"{name} of {report_id} can't be read.", why=str(bad.strerror)) from bad

    def all(self) -> Sequence[tuple[str, Sequence[str]]]:
        """See `ReportStore`; ids sort by time."""
        try:
            ids = sorted((p.name for p in self._root.iterdir() if _ID.fullmatch(p.name)), reverse=True)
        except FileNotFoundError:
            return []
        return [(i, sorted(p.name for p in (self._root / i).iterdir() if _NAME.fullmatch(p.name))) for i in ids]

    def _folder(self, report_id: str) -> Path:
        if not _ID.fullmatch(report_id):
            raise _missing(f"{report_id[:60]!r} is not the id of a report")
        return self._root / report_id

    @staticmethod
    def _checked(name: str) -> str:
        if not _NAME.fullmatch(name):
            raise _missing(f"{name[:60]!r} is no file of a report")
        return name


def _missing(why: str) -> NotFoundError:
    return NotFoundError("There is no such report.", why=f"{why}.", next="`conductor report list` shows what there is.")
