"""A post-renderer made ready for one run of helm: its program and files copied into a folder of their own.

helm starts it (`--post-renderer`), in a cleaned environment: it sees no token of this process. What runs is the copy
whose digest was compared with the one that was planned.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from conductor_core.errors import ConfigurationError, StateError, StorageError
from conductor_core.ports.commands import CommandRunner
from conductor_core.ports.post_renders import PostRender, digest_of

_ENV = ("PATH", "LANG", "LC_ALL", "SYSTEMROOT")


@dataclass(frozen=True)
class Ready:
    """The flags for helm, and the folder to run it in (None: as it is)."""

    flags: tuple[str, ...] = ()
    folder: Path | None = None


@contextmanager
def ready(post: PostRender | None, runner: CommandRunner, work: Path) -> Iterator[Ready]:
    """Make it ready, and clear up afterwards. Raises `StateError` when its program or files are no longer those that
    were read, `ConfigurationError` when the machine can't isolate it, `StorageError`.
    """
    if post is None:
        yield Ready()
        return
    cleaner = runner.which("env")
    if cleaner is None:
        raise ConfigurationError(
            "Post-renderers can't be run here.", why="There is no program `env`.", next="Install coreutils."
        )
    root = work / "post-renders"
    try:
        root.mkdir(parents=True, exist_ok=True, mode=0o700)
        making = tempfile.TemporaryDirectory(dir=root, prefix="run-")
    except OSError as bad:
        raise _no_room(post, bad) from bad
    with making as made:
        folder = Path(made)
        program = folder / ".program" / post.program.name
        try:
            if post.folder is not None:
                shutil.copytree(post.folder, folder, dirs_exist_ok=True, copy_function=shutil.copyfile)
            program.parent.mkdir()
            shutil.copyfile(post.program, program)
            program.chmod(0o700)
        except OSError as bad:
            raise _no_room(post, bad) from bad
        if digest_of(program, post.args, post.folder) != post.digest:
            raise StateError(
                f"The post-renderer {post.name} has changed while it was made ready.",
                why="Its program or files are no longer those that were read.",
                next="Try again; a plan that was approved must be requested anew.",
            )
        env = [f"{name}={os.environ[name]}" for name in _ENV if name in os.environ]
        argv = ["-i", *env, f"HOME={folder}", f"TMPDIR={folder}", f"./.program/{program.name}", *post.args]
        yield Ready((f"--post-renderer={cleaner}", *(f"--post-renderer-args={a}" for a in argv)), folder)


def _no_room(post: PostRender, bad: OSError) -> StorageError:
    return StorageError(
        f"The post-renderer {post.name} could not be made ready.", why=str(bad),
        next="Free space on the disk of the data folder, or make it writable; then try again.",
    )  # fmt: skip
