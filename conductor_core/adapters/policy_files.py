"""A policy bundle from a folder of Rego files, read again when a file changes.

Rule documentation comes from METADATA annotations: https://www.openpolicyagent.org/docs/policy-language#annotations.
"""

from __future__ import annotations

import threading
from pathlib import Path

import yaml

from conductor_core.domain.policies import PolicyBundle, RuleDoc, annotation_blocks
from conductor_core.errors import PolicyError

_MAX_FILE = 1024 * 1024

Signature = tuple[tuple[str, int, int, int], ...]


class PolicyFiles:
    """Reads `folder`; calling it gives the bundle. Safe to share between threads."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = threading.Lock()
        self._signature: Signature | None = None
        self._bundle = PolicyBundle(())

    def __call__(self) -> PolicyBundle:
        """The bundle as it is on disk; raises `PolicyError` when a file can't be read or documents a rule badly."""
        with self._lock:
            paths = self._paths()
            signature = tuple(map(_sign, paths))
            if signature != self._signature:
                files = tuple((path.relative_to(self._folder).as_posix(), _read(path)) for path in paths)
                rules = sorted((doc for name, text in files for doc in _rules(name, text)), key=lambda doc: doc.id)
                self._bundle, self._signature = PolicyBundle(files, tuple(rules)), signature
            return self._bundle

    def _paths(self) -> list[Path]:
        if not self._folder.is_dir():
            raise PolicyError(
                f"The policy bundle {self._folder} is not there.",
                why="It is not a folder that can be read.",
                next="Set CONDUCTOR_POLICY_BUNDLE to a folder of Rego files, or restore policies/opa.",
            )
        root = self._folder.resolve()
        paths = sorted(self._folder.rglob("*.rego"), key=lambda path: path.as_posix())
        for path in paths:
            if not path.resolve().is_relative_to(root):
                raise _unreadable(path, "It leads out of the bundle's folder.")
        return paths


def _sign(path: Path) -> tuple[str, int, int, int]:
    try:
        seen = path.stat()
    except OSError as bad:
        raise _unreadable(path, str(bad.strerror)) from bad
    return str(path), seen.st_ino, seen.st_mtime_ns, seen.st_size


def _read(path: Path) -> str:
    try:
        with path.open("rb") as file:
            data = file.read(_MAX_FILE + 1)
        if len(data) > _MAX_FILE:
            raise _unreadable(path, f"It is larger than {_MAX_FILE} bytes.")
        return data.decode("utf-8")
    except (OSError, UnicodeDecodeError) as bad:
        raise _unreadable(path, str(bad)) from bad


def _rules(name: str, text: str) -> list[RuleDoc]:
    if name.endswith("_test.rego"):
        return []
    docs = []
    for line, block in annotation_blocks(text):
        try:
            seen = yaml.safe_load(block)
        except yaml.YAMLError as bad:
            raise _unreadable(Path(name), f"The METADATA above line {line} is not YAML: {bad}") from bad
        custom = seen.get("custom") if isinstance(seen, dict) else None
        if not isinstance(custom, dict) or "id" not in custom:
            continue
        docs.append(
            RuleDoc(
                id=str(custom["id"]),
                family=name.split("/", 1)[0],
                severity=str(custom.get("severity", "deny")),
                title=str(seen.get("title", custom["id"])),
                description=str(seen.get("description", "")).strip(),
                clears_by=str(custom.get("clears_by", "")),
                file=name,
                line=line,
            )
        )
    return docs


def _unreadable(path: Path, why: str) -> PolicyError:
    return PolicyError(
        f"The policy file {path} can't be used.", why=why, next="Correct the file; `opa check policies/opa` helps."
    )
