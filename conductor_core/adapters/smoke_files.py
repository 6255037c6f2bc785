"""The room of smoke suites: `runbooks/smoke/*.yaml` against data/schemas/smoke_suite.schema.json (security 13, 15)."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import best_match

from conductor_core.domain import smoke_suites
from conductor_core.domain.canonical import digest_bytes
from conductor_core.domain.smoke import Suite
from conductor_core.errors import ConductorError, InputError, NotFoundError
from conductor_core.ports.documents import Documents
from conductor_core.ports.smoke import BrokenSuite, Suites
from conductor_core.settings import PROJECT_ROOT

SCHEMA = PROJECT_ROOT / "data" / "schemas" / "smoke_suite.schema.json"
BYTE_CAP = 256 * 1024
NAME = re.compile(r"[a-z][a-z0-9_-]{0,62}")


class SmokeFolder:
    """`SmokeSuites` on a folder; the name of a suite is the name of its file."""

    def __init__(self, folder: Path, documents: Documents, schema: Path = SCHEMA) -> None:
        self._folder, self._documents = folder, documents
        self._schema = Draft202012Validator(json.loads(schema.read_text(encoding="utf-8")))

    def suites(self) -> Suites:
        """See `SmokeSuites.suites`."""
        found: dict[str, Suite] = {}
        broken: list[BrokenSuite] = []
        for file in sorted(p for p in self._folder.glob("*.y*ml") if p.suffix in (".yaml", ".yml")):
            try:
                suite = self._suite(file)
                found[suite.name] = suite
            except (ConductorError, OSError) as bad:
                broken.append(BrokenSuite(file.name, str(bad)))
        return Suites(found, tuple(broken))

    def script(self, suite: Suite) -> str:
        """See `SmokeSuites.script`."""
        root = self._folder.resolve()
        path = (root / suite.k6).resolve()
        if root not in path.parents or not path.is_file():
            raise NotFoundError(
                f"The k6 script of {suite.name} is not there.",
                why=f"{suite.k6} is no file in {self._folder.name}/.",
                next="Put it beside the suite, or correct `k6`.",
            )
        return str(path)

    def _suite(self, file: Path) -> Suite:
        if not NAME.fullmatch(file.stem):
            raise InputError(f"{file.name} can't name a suite.", why="It has small letters, digits, '-' and '_'.")
        if file.stat().st_size > BYTE_CAP:
            raise InputError(f"{file.name} is too long.", why=f"The cap is {BYTE_CAP:,} bytes.")
        data = file.read_bytes()
        fields: Any = self._documents.load(data, file.name)
        error = best_match(self._schema.iter_errors(fields))
        if error is not None:
            where = "/".join(map(str, error.absolute_path)) or "the file"
            line = self._line(data, file.name, list(map(str, error.absolute_path)))
            raise InputError(f"Line {line}: {where}: {error.message[:200]}", next="See smoke_suite.schema.json.")
        return smoke_suites.parse(file.stem, fields, digest_bytes(data))

    def _line(self, data: bytes, name: str, path: list[str]) -> int:
        lines = self._documents.lines(data, name)
        return next((lines[tuple(path[:n])] for n in range(len(path), 0, -1) if tuple(path[:n]) in lines), 1)
