"""What is published: a small manifest that names the two files of the read model, replaced by an atomic rename.

    <home>/audit/published.json      which files, and how far they are
    <home>/audit/base-<hex>.duckdb   most of the rows; never changes once it is published
    <home>/audit/recent-<hex>.duckdb the rows since

Nothing here is worth a backup: all of it is built again from the record.
"""

from __future__ import annotations

import json
import os
import re
import secrets
import time
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path

from conductor_core.adapters.duckdb_audit import model
from conductor_core.domain.audit_model import VERSION
from conductor_core.errors import StorageError
from conductor_core.ports.audit_database import Position

_FILE = re.compile(r"(base|recent)-[0-9a-f]{16}\.duckdb")
_LINGER = 30.0
"""Seconds that a superseded file stays, for a reader who has just read the manifest."""


@dataclass(frozen=True)
class Published:
    """The manifest. `base` and `recent` are names of files; `base_events` of the position's events are in the base.

    `words`: the families that are the same type in both files; `hidden`: of each table with hidden rows of the base the
    least sequence of one.
    """

    version: int
    base: str
    recent: str
    base_events: int
    position: Position
    words: tuple[str, ...] = ()
    hidden: dict[str, int] = field(default_factory=dict)

    def views(self, *, plain: bool = False) -> list[str]:
        """The statements that make the views over both files; `plain`: with every word as text."""
        return model.views(self.position.sealed, None if plain else self.words, self.hidden)


def read(folder: Path) -> Published | None:
    """The manifest; None when there is none, when it can't be read, or when it is of another version of the model."""
    try:
        found = json.loads((folder / "published.json").read_bytes())
        place, kept = Position(**found["position"]), tuple(map(str, found["words"]))
        made = Published(**{**found, "position": place, "words": kept, "hidden": dict(found["hidden"])})
    except (OSError, ValueError, TypeError, KeyError):
        return None
    sound = made.version == VERSION and all(_FILE.fullmatch(str(name)) for name in (made.base, made.recent))
    return made if sound and all((folder / name).is_file() for name in (made.base, made.recent)) else None


def write(folder: Path, made: Published) -> None:
    """Replace the manifest; raises `StorageError`."""
    new = folder / f"published.{os.getpid()}.new"
    try:
        new.write_text(json.dumps(asdict(made)), encoding="utf-8")
        new.replace(folder / "published.json")
    except OSError as bad:
        raise full(folder, bad) from bad


def prepare(folder: Path) -> None:
    """Make the folder, readable by its owner alone; raises `StorageError`."""
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as bad:
        raise full(folder, bad) from bad


def sweep(folder: Path, keep: set[str], *, linger: float = _LINGER) -> None:
    """Remove the files that nothing names any more, once no reader can be about to open them."""
    for path in folder.iterdir():
        name = path.name.removesuffix(".wal")
        with suppress(OSError):
            if _FILE.fullmatch(name) and name not in keep and time.time() - path.stat().st_mtime > linger:
                path.unlink()


def full(folder: Path, bad: Exception) -> StorageError:
    """The error of a folder that can't be written."""
    return StorageError(
        "The audit read model can't be written.",
        why=f"{folder.name}: {str(bad).splitlines()[0][:300]}",
        next="Free some space in the data folder; nothing is lost, it is built from the record.",
    )


def new_name(kind: str) -> str:
    """A name for a file that nobody has had; `kind` is base or recent."""
    return f"{kind}-{secrets.token_hex(8)}.duckdb"


def quoted(path: Path) -> str:
    """A path as it stands between quotes in SQL."""
    return str(path).replace("'", "''")
