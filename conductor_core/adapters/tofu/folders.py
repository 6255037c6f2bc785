"""Folders of tofu's: a fresh one for each call, the state of each environment, and the event logs of applies.

Everything is readable by its owner alone: state, plans and values hold secrets in clear.
"""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from conductor_core.domain import names
from conductor_core.errors import InputError, StorageError
from conductor_core.ports.tofu import Workspace

VALUES = "conductor.auto.tfvars.json"
BACKEND = "conductor_backend_override.tf"
STATE = "terraform.tfstate"


class Folders:
    """Below `home`. `backend` is the text of a `backend` block with `{environment}` in it; '' keeps state here."""

    def __init__(self, home: Path, backend: str) -> None:
        self._home, self._backend = home.absolute(), backend

    def state_file(self, environment: str) -> Path:
        """Where the state of an environment lies when no other backend is configured."""
        return self._of(environment) / "state" / STATE

    def log(self, environment: str, run: str) -> Path:
        """The event log of one apply; its folder is made."""
        folder = self._of(environment) / "runs"
        _make(folder)
        return folder / f"{names.operation_id(run).replace(':', '_')}.jsonl"

    @contextmanager
    def fresh(self, work: Workspace, values: Mapping[str, Any] | None) -> Iterator[Path]:
        """A folder with the files and values, gone at the end; gives the root module in it."""
        _make(self._of(work.environment) / "state")
        _make(self._home / "work")
        with _storing(), tempfile.TemporaryDirectory(prefix=f"{work.environment}-", dir=self._home / "work") as made:
            top = Path(made)
            for name, data in work.files.items():
                _write(top / names.inner_path(name), data)
            root = top / names.inner_path(work.folder)
            if not root.is_dir():
                raise InputError(f"{work.folder} is no module.", why="It has no files.", next="Correct the blueprint.")
            _write(root / BACKEND, self._backend_text(work).encode())
            if values is not None:
                _write(root / VALUES, as_json(values))
            yield root

    @contextmanager
    def bare(self, declarations: str, values: Mapping[str, Any]) -> Iterator[Path]:
        """A folder with nothing but variables, an output for each, and their values."""
        _make(self._home / "work")
        with _storing(), tempfile.TemporaryDirectory(prefix="check-", dir=self._home / "work") as made:
            root = Path(made)
            _write(root / "variables.tf", declarations.encode())
            _write(root / VALUES, as_json(values))
            yield root

    @contextmanager
    def piped(self, declarations: str) -> Iterator[tuple[Path, int, int]]:
        """As `bare`, with a pipe in place of the values. Gives the folder, the end that the program inherits, and the
        end to write to, which whoever writes closes.
        """
        _make(self._home / "work")
        with _storing(), tempfile.TemporaryDirectory(prefix="check-", dir=self._home / "work") as made:
            root = Path(made)
            _write(root / "variables.tf", declarations.encode())
            read, write = os.pipe()
            try:
                (root / VALUES).symlink_to(f"/dev/fd/{read}")
                yield root, read, write
            finally:
                os.close(read)

    def _backend_text(self, work: Workspace) -> str:
        chosen = self._backend.replace("{environment}", work.environment)
        local = f'backend "local" {{\n    path = {json.dumps(str(self.state_file(work.environment)))}\n  }}'
        return "terraform {\n  " + (chosen or local) + "\n}\n"

    def _of(self, environment: str) -> Path:
        return self._home / "environments" / names.namespace(environment)


def as_json(values: Mapping[str, Any]) -> bytes:
    """Values as a tfvars file has them."""
    return json.dumps(dict(values), ensure_ascii=False).encode()


@contextmanager
def _storing() -> Iterator[None]:
    try:
        yield
    except OSError as bad:
        raise StorageError(
            "tofu's folder can't be written.", why=f"{bad.strerror or bad}.", next="Free some space in CONDUCTOR_HOME."
        ) from bad


def _make(folder: Path) -> None:
    with _storing():
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)


def _write(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(data)
