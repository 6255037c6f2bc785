"""The room of blueprint folders: `blueprint.yaml` against data/schemas/blueprint.schema.json, and `*.tf` beside it.

A folder that can't be used is listed with what is wrong; the others work (security, rules 13 and 15).
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator

from conductor_core.adapters.blueprint_files.sources import Sources, inside
from conductor_core.domain import variables as v
from conductor_core.domain.blueprints import NAME, Blueprint, BlueprintCatalogue, BrokenBlueprint, from_document
from conductor_core.domain.canonical import digest_bytes, digest_of
from conductor_core.domain.variables import Variable
from conductor_core.errors import ConductorError, ConfigurationError, InputError
from conductor_core.ports.documents import Documents
from conductor_core.settings import PROJECT_ROOT

SCHEMA = PROJECT_ROOT / "data" / "schemas" / "blueprint.schema.json"
FOLDER = "infra/terraform/blueprints"

Parse = Callable[[str, str], dict[str, Any]]
Lines = Callable[[str], dict[str, int]]
Signature = tuple[tuple[str, int, int], ...]


class BlueprintFolders:
    """`BlueprintFiles` below the folder that `root` gives. `blocks` and `attributes` parse HCL, `lines` finds
    the places of variables, `texts` their blocks; thread-safe.
    """

    def __init__(
        self,
        root: Callable[[], Path],
        documents: Documents,
        blocks: Parse,
        attributes: Parse,
        lines: Lines,
        texts: Callable[[str], str],
        schema: Path = SCHEMA,
    ) -> None:
        self._root, self._documents = root, documents
        self._blocks, self._attributes, self._lines = blocks, attributes, lines
        self._texts = texts
        self._validator = _validator(schema)
        self._lock = threading.Lock()
        self._known: dict[Path, tuple[Signature, Blueprint | BrokenBlueprint]] = {}

    def catalogue(self) -> BlueprintCatalogue:
        """See `BlueprintFiles.catalogue`."""
        home = self._root() / FOLDER
        folders = sorted(p for p in home.iterdir() if p.is_dir() and p.name[0] not in "._") if home.is_dir() else []
        with self._lock:
            found = [self._current(folder) for folder in folders]
        works = {b.name: b for b in found if isinstance(b, Blueprint)}
        return BlueprintCatalogue(works, tuple(b for b in found if isinstance(b, BrokenBlueprint)))

    def sources(self, blueprint: Blueprint) -> Mapping[str, bytes]:
        """See `BlueprintFiles.sources`."""
        return Sources(self._root(), self._blocks).of(blueprint.folder)

    def path(self, inner: str) -> Path:
        """See `BlueprintFiles.path`."""
        return inside(self._root(), inner)

    def values(self, text: str, source: str) -> dict[str, Any]:
        """See `BlueprintFiles.values`."""
        return self._attributes(text, source)

    def _current(self, folder: Path) -> Blueprint | BrokenBlueprint:
        before = _signature(folder)
        known = self._known.get(folder)
        if known is not None and known[0] == before:
            return known[1]
        read = self._read(folder)
        if _signature(folder) == before:
            self._known[folder] = (before, read)
        return read

    def _read(self, folder: Path) -> Blueprint | BrokenBlueprint:
        where = f"{FOLDER}/{folder.name}"
        try:
            return self._blueprint(folder, where)
        except ConductorError as bad:
            said = bad.diagnostics()
            return BrokenBlueprint(where, f"{said.what} {said.why} {said.next}")
        except (OSError, UnicodeDecodeError) as bad:
            return BrokenBlueprint(where, f"It can't be read: {bad}. Make its files readable UTF-8 text.")

    def _blueprint(self, folder: Path, where: str) -> Blueprint:
        if not NAME.fullmatch(folder.name):
            raise InputError(
                f"{folder.name!r} can't be the name of a blueprint.",
                why="It has lower-case letters, digits and '-', a letter first.",
                next="Rename the folder.",
            )
        file = folder / "blueprint.yaml"
        if not file.is_file():
            raise InputError("It has no blueprint.yaml.", why="Every blueprint has one.", next="Write one.")
        data = file.read_bytes()
        fields = self._documents.load(data, "blueprint.yaml")
        problems = sorted(self._validator.iter_errors(fields), key=lambda e: list(map(str, e.absolute_path)))
        if problems or not isinstance(fields, dict):
            told = [f"{'/'.join(map(str, e.absolute_path)) or 'its top'}: {e.message[:200]}" for e in problems[:3]]
            raise InputError(
                "blueprint.yaml does not fit its schema.",
                why="; ".join(told) + ".",
                next="Correct it; data/schemas/blueprint.schema.json says what may stand there.",
            )
        files = {p.name: p.read_bytes() for p in sorted(folder.glob("*.tf")) if p.is_file()}
        made = from_document(folder.name, where, fields, self._variables(files))
        sums = {name: digest_bytes(text) for name, text in (files | {"blueprint.yaml": data}).items()}
        declarations = "".join(self._texts(text.decode("utf-8")) for text in files.values())
        return replace(made, digest=digest_of(sums), declarations=declarations)

    def _variables(self, files: Mapping[str, bytes]) -> list[Variable]:
        found: list[Variable] = []
        for name, data in files.items():
            text = data.decode("utf-8")
            parsed = self._blocks(text, name).get("variable", {})
            if isinstance(parsed, dict):
                found += v.declared(parsed, name, self._lines(text))
        names = [variable.name for variable in found]
        twice = next((n for n in names if names.count(n) > 1), None)
        if twice:
            raise InputError(f"The variable {twice} is declared in two files.", why="In *.tf.", next="Keep one.")
        return found


def _validator(path: Path) -> Draft202012Validator:
    try:
        return Draft202012Validator(json.loads(path.read_bytes()))
    except (OSError, ValueError) as bad:
        raise ConfigurationError(
            "The schema of blueprints can't be read.", why=f"{path.name}: {bad}.", next=f"Restore {path.name}."
        ) from bad


def _signature(folder: Path) -> Signature:
    files = sorted([*folder.glob("*.tf"), folder / "blueprint.yaml"])
    return tuple((p.name, s.st_mtime_ns, s.st_size) for p in files if (s := _stat(p)) is not None)


def _stat(path: Path) -> Any:
    try:
        return path.stat()
    except OSError:
        return None
