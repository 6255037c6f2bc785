"""The files that a blueprint is made of: its own, those of the local modules that it reaches, and `infra/k8s`."""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from conductor_core.domain import names
from conductor_core.errors import InputError, NotFoundError

CAP = 16 * 1024 * 1024
ALWAYS = "infra/k8s"
LEFT_OUT = frozenset({".terraform", ".git", "tests", "__pycache__"})
_STATE = (".tfstate", ".tfstate.backup", ".tfvars", ".tfvars.json")


def inside(root: Path, inner: str) -> Path:
    """The file or folder `inner` of the root; raises `InputError` when it lies outside, `NotFoundError`."""
    base = root.resolve()
    path = (base / names.inner_path(inner)).resolve()
    if path != base and base not in path.parents:
        raise InputError(f"{inner} leads out of the folder.", why="A link points elsewhere.", next="Put it inside.")
    if not path.exists():
        raise NotFoundError(f"There is no {inner}.", why="It isn't among the files of the blueprints' root.")
    return path


class Sources:
    """Reads what one root holds; `blocks` parses HCL."""

    def __init__(self, root: Path, blocks: Callable[[str, str], dict[str, Any]]) -> None:
        self._root, self._blocks = root.resolve(), blocks

    def of(self, folder: str) -> dict[str, bytes]:
        """Every file by its path from the root, sorted."""
        found: dict[str, bytes] = {}
        waiting, seen = [folder], set[str]()
        while waiting:
            module = waiting.pop()
            if module in seen:
                continue
            seen.add(module)
            files = dict(self._files(module))
            if not any(name.endswith((".tf", ".tofu", ".tf.json")) for name in files):
                raise InputError(
                    f"{module} is no module.", why="There is no *.tf file in it.", next=f"Correct `source` in {folder}."
                )
            found |= files
            waiting += self._reached(module, files)
        if (self._root / ALWAYS).is_dir():
            found |= dict(self._files(ALWAYS))
        if sum(map(len, found.values())) > CAP:
            raise InputError("The blueprint is too large.", why=f"It has more than {CAP >> 20} MB.", next="Split it.")
        return dict(sorted(found.items()))

    def _reached(self, module: str, files: dict[str, bytes]) -> Iterator[str]:
        for name, data in files.items():
            if posixpath.dirname(name) != module or not name.endswith(".tf"):
                continue
            calls = self._blocks(data.decode("utf-8"), name).get("module", {})
            for label, call in calls.items() if isinstance(calls, dict) else ():
                source = call.get("source", "") if isinstance(call, dict) else ""
                if not source.startswith(("./", "../")):
                    continue  # a registry or Git: pinned by its version, not ours to copy
                path = posixpath.normpath(posixpath.join(module, source))
                if path.startswith("..") or not (self._root / path).is_dir():
                    raise InputError(
                        f"The module {label} of {module} isn't there.",
                        why=f"Its source {source} leads to {path}.",
                        next="Correct `source`, or add the module.",
                    )
                yield path

    def _files(self, folder: str) -> Iterator[tuple[str, bytes]]:
        for path in sorted((self._root / folder).rglob("*")):
            inner = path.relative_to(self._root)
            if LEFT_OUT.intersection(inner.parts[len(Path(folder).parts) :]) or path.name.endswith(_STATE):
                continue
            if path.is_symlink():
                raise InputError(
                    f"{inner} is a symbolic link.", why="What it points to could change unseen.", next="Copy the file."
                )
            if path.is_file():
                yield inner.as_posix(), path.read_bytes()
