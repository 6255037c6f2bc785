"""What Helm is told of a post-renderer, and the digest that names all it is made of."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from conductor_core.errors import RefusedError


@dataclass(frozen=True)
class PostRender:
    """A post-renderer to run: its `program`, `args`, and the `folder` whose copy it runs in (None: an empty one).

    `digest` names the bytes of the program, the arguments and the files, see `digest_of`.
    """

    name: str
    program: Path
    args: tuple[str, ...]
    folder: Path | None
    digest: str


def digest_of(program: Path, args: tuple[str, ...], folder: Path | None) -> str:
    """SHA-256 over all of it, in hex. Raises `RefusedError` for a symbolic link in the folder, which could lead out of
    it, and `OSError` when something can't be read.
    """
    made = hashlib.sha256(hashlib.sha256(program.read_bytes()).digest())
    for argument in args:
        made.update(f"{len(argument.encode())} {argument}\0".encode())
    for path in sorted(folder.rglob("*")) if folder is not None else ():
        if path.is_symlink():
            raise RefusedError(
                f"{path.name} in the folder of a post-renderer is a symbolic link.",
                why="It could lead out of the repository.",
                next="Commit the file itself.",
            )
        if path.is_file():
            name = str(path.relative_to(folder)).encode("utf-8", "surrogateescape") if folder is not None else b""
            made.update(b"%d %s\0" % (len(name), name) + hashlib.sha256(path.read_bytes()).digest())
    return made.hexdigest()
