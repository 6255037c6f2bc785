"""What is published: a small manifest that names the files of the read model, replaced by an atomic rename.

    <home>/audit/published.json      which files, oldest first, and how far they are
    <home>/audit/base-<hex>.duckdb   most of the rows
    <home>/audit/layer-<hex>.duckdb  rows since, in some files; none changes once it is published

Nothing here is worth a backup: all of it is built again from the record.
"""

from __future__ import annotations

import json
import os
import re
import secrets
import shutil
import time
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path

from conductor_core.adapters.duckdb_audit import model
from conductor_core.domain.audit_model import VERSION
from conductor_core.errors import StorageError
from conductor_core.ports.audit_database import Position

_FILE = re.compile(r"(base|layer)-[0-9a-f]{16}\.duckdb")
_SPILL = "spill-"
_UNFINISHED = re.compile(r"published\.\d+\.new")
_LINGER = 30.0
"""Seconds that a superseded file stays, for a reader who has just read the manifest: its child may take 20 to start."""


@dataclass(frozen=True)
class Layer:
    """One file: `events` of the record are in it, those after the sequence `after`.

    `words`: the digest of the type of each family that is one in it; `hidden`: of each table some of whose rows hide
    older ones the least sequence of such a one; `size` in bytes.
    """

    name: str
    events: int
    after: int
    size: int
    words: dict[str, str] = field(default_factory=dict)
    hidden: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Published:
    """The manifest. `layers`: the files, the base first, the youngest last; two at least."""

    version: int
    layers: tuple[Layer, ...]
    position: Position

    @property
    def base(self) -> Layer:
        """The oldest and largest file."""
        return self.layers[0]

    @property
    def words(self) -> tuple[str, ...]:
        """The families that are the same type in every file."""
        young = self.layers[1:]
        return tuple(f for f, kind in self.base.words.items() if all(layer.words.get(f) == kind for layer in young))

    @property
    def hidden(self) -> dict[str, int]:
        """Of each table with hidden rows the least sequence of one."""
        found: dict[str, int] = {}
        for layer in self.layers:
            for table, least in layer.hidden.items():
                found[table] = min(least, found.get(table, least))
        return found

    def files(self, folder: Path) -> list[str]:
        """The paths of the files, in order."""
        return [str(folder / layer.name) for layer in self.layers]

    def views(self) -> list[str]:
        """The statements that make the views over all files."""
        return model.views(self.shape)

    @property
    def shape(self) -> model.Shape:
        """What the views depend on."""
        return model.Shape(self.position.sealed, self.words, self.hidden, len(self.layers))


def read(folder: Path) -> Published | None:
    """The manifest; None when there is none, when it can't be read, or when it is of another version of the model."""
    try:
        found = json.loads((folder / "published.json").read_bytes())
        layers = tuple(Layer(**layer) for layer in found["layers"])
        made = Published(found["version"], layers, Position(**found["position"]))
        sound = made.version == VERSION and len(layers) > 1 and all(_FILE.fullmatch(layer.name) for layer in layers)
    except (OSError, ValueError, TypeError, KeyError):
        return None
    return made if sound and all((folder / layer.name).is_file() for layer in layers) else None


def outdated(folder: Path) -> bool:
    """Whether there is a manifest of another version of the model."""
    try:
        return bool(json.loads((folder / "published.json").read_bytes())["version"] != VERSION)
    except (OSError, ValueError, TypeError, KeyError):
        return False


def write(folder: Path, made: Published) -> None:
    """Replace the manifest; raises `StorageError`.

    Files that it no longer names are touched: `sweep` counts from now, not from when they were written.
    """
    new = folder / f"published.{os.getpid()}.new"
    old, names = read(folder), {layer.name for layer in made.layers}
    try:
        for gone in (layer.name for layer in (old.layers if old else ()) if layer.name not in names):
            os.utime(folder / gone)
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


def spill(folder: Path, name: str) -> Path:
    """Where the making of a file keeps what doesn't fit into memory."""
    return folder / f"{_SPILL}{name}"


def sweep(folder: Path, keep: set[str], *, linger: float = _LINGER) -> None:
    """Remove the files that nothing names any more, once no reader can be about to open them, and what kills left."""
    for path in folder.iterdir():
        name = path.name.removeprefix(_SPILL).removesuffix(".wal")
        ours = (_FILE.fullmatch(name) and name not in keep) or _UNFINISHED.fullmatch(name)
        with suppress(OSError):
            if ours and time.time() - path.stat().st_mtime > linger:
                shutil.rmtree(path) if path.is_dir() else path.unlink()


def full(folder: Path, bad: Exception) -> StorageError:
    """The error of a folder that can't be written."""
    return StorageError(
        "The audit read model can't be written.",
        why=f"{folder.name}: {str(bad).splitlines()[0][:300]}",
        next="Free some space in the data folder; nothing is lost, it is built from the record.",
    )


def new_name(kind: str) -> str:
    """A name for a file that nobody has had; `kind` is base or layer."""
    return f"{kind}-{secrets.token_hex(8)}.duckdb"


def quoted(path: Path) -> str:
    """A path as it stands between quotes in SQL."""
    return str(path).replace("'", "''")
