"""The room of runbook files: `runbooks/*.yaml` against data/schemas/runbook.schema.json (security rules 13 and 15).

A file that can't be used is listed with its line and what to write; the others work. Files are read again when their
time or size changes. The name of a runbook is the name of its file.
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator

from conductor_core.adapters.runbook_files.documents import Document, Problem
from conductor_core.domain.canonical import digest_bytes, digest_of
from conductor_core.domain.runbooks import DEFAULT_APPROVALS, BrokenRunbook, Parameter, Runbook
from conductor_core.errors import ConductorError, ConfigurationError, NotFoundError
from conductor_core.ports.runbook_files import Catalogue
from conductor_core.settings import PROJECT_ROOT

SCHEMA = PROJECT_ROOT / "data" / "schemas" / "runbook.schema.json"
BYTE_CAP = 64 * 1024
NAME = re.compile(r"[a-z][a-z0-9_-]{0,62}")
FORMATS = ("title", "target", "tier")

Signature = tuple[int, ...]


class RunbookFolder:
    """`RunbookFiles` on two folders. `parameters` reads those of a notebook (`Notebooks.parameters`); thread-safe."""

    def __init__(
        self,
        runbooks: Path,
        notebooks: Path,
        parameters: Callable[[Path], Sequence[Parameter]],
        schema: Path = SCHEMA,
    ) -> None:
        self._runbooks = runbooks
        self._notebooks = notebooks
        self._parameters = parameters
        self._schema = _validator(schema)
        self._lock = threading.Lock()
        self._known: dict[str, tuple[Signature, Runbook | BrokenRunbook]] = {}

    def catalogue(self) -> Catalogue:
        """All runbooks by name, and the broken files; see the port."""
        with self._lock:
            files = sorted(p for p in self._runbooks.glob("*.y*ml") if p.suffix in (".yaml", ".yml"))
            found = {path.name: self._current(path) for path in files}
        works = {r.name: r for r in found.values() if isinstance(r, Runbook)}
        broken = [b for b in found.values() if isinstance(b, BrokenRunbook)]
        declared = {path.stem for path in files}
        for name, runbook in list(works.items()):
            if runbook.rollback and runbook.rollback not in declared:
                del works[name]
                why = f"`rollback` names {runbook.rollback}, which is not there. Write one of: {', '.join(declared)}."
                broken.append(BrokenRunbook(f"{name}.yaml", why))
        return Catalogue(works, tuple(sorted(broken, key=lambda b: b.file)))

    def notebook(self, runbook: Runbook) -> Path:
        """The path of its notebook, inside the notebooks folder; raises `NotFoundError` when it is not there."""
        root = self._notebooks.resolve()
        path = (root / f"{runbook.notebook}.ipynb").resolve()
        if root not in path.parents or not path.is_file():
            raise NotFoundError(
                f"The notebook of runbook {runbook.name} is not there.",
                why=f"{runbook.notebook}.ipynb is no file in {self._notebooks.name}/.",
                next=f"Make it with `jupytext --sync {self._notebooks.name}/{runbook.notebook}.py`.",
            )
        return path

    def _current(self, path: Path) -> Runbook | BrokenRunbook:
        known = self._known.get(path.name)
        if known is not None and known[0] == self._signature(path, known[1]):
            return known[1]
        before = _stat(path)
        read = self._read(path)
        after = self._signature(path, read)
        if after[: len(before)] == before:
            self._known[path.name] = (after, read)
        return read

    def _signature(self, path: Path, read: Runbook | BrokenRunbook) -> Signature:
        """Changes when the file or a notebook that it may need changes."""
        if isinstance(read, Runbook):
            return _stat(path) + _stat(self._notebooks / f"{read.notebook}.ipynb")
        return (
            _stat(path) + _stat(self._notebooks) + tuple(n for p in self._notebooks.glob("*.ipynb") for n in _stat(p))
        )

    def _read(self, path: Path) -> Runbook | BrokenRunbook:
        try:
            return self._runbook(path)
        except Problem as problem:
            return BrokenRunbook(path.name, str(problem))
        except ConductorError as bad:
            said = bad.diagnostics()
            return BrokenRunbook(path.name, f"{said.what} {said.why} {said.next}")
        except OSError as bad:
            return BrokenRunbook(path.name, f"It can't be read: {bad.strerror or bad}. Make it readable.")

    def _runbook(self, path: Path) -> Runbook:
        if path.suffix != ".yaml" or not NAME.fullmatch(path.stem):
            raise Problem("Its name can't be a runbook's. Name it with lower-case letters, digits, `_` and `.yaml`.")
        data = _bytes(path)
        document = Document(data)
        problems = document.problems(self._schema)
        if problems:
            raise Problem(" ".join(problems))
        fields = document.fields
        if fields.pop("name", path.stem) != path.stem:
            raise Problem(f"Line {document.line('name')}: `name` is not the file's. Write `name: {path.stem}`.")
        bare = Runbook(name=path.stem, parameters=(), **_values(fields))
        notebook = self.notebook(bare)
        parameters = tuple(self._parameters(notebook))
        for field in FORMATS:
            document.check_format(field, parameters)
        digest = digest_of({"runbook": digest_bytes(data), "notebook": digest_bytes(notebook.read_bytes())})
        return Runbook(name=path.stem, parameters=parameters, digest=digest, **_values(fields))


def _validator(path: Path) -> Draft202012Validator:
    try:
        schema = json.loads(path.read_bytes())
    except (OSError, ValueError) as bad:
        raise ConfigurationError(
            "The schema of runbooks can't be read.",
            why=f"{path.name}: {bad}.",
            next="Restore data/schemas/runbook.schema.json from the repository.",
        ) from bad
    return Draft202012Validator(schema)


def _values(fields: dict[str, Any]) -> dict[str, Any]:
    """The fields of a valid file as those of a `Runbook`."""
    return {
        **{name: tuple(value) if isinstance(value, list) else value for name, value in fields.items()},
        "approvals": dict(fields.get("approvals", DEFAULT_APPROVALS)),
    }


def _bytes(path: Path) -> bytes:
    with path.open("rb") as file:
        data = file.read(BYTE_CAP + 1)
    if len(data) > BYTE_CAP:
        raise Problem(f"It has more than {BYTE_CAP // 1024} KiB. Keep the work in the notebook.")
    return data


def _stat(path: Path) -> Signature:
    try:
        seen = path.stat()
    except OSError:
        return (0, 0, 0)
    return (seen.st_mtime_ns, seen.st_size, seen.st_ino)
