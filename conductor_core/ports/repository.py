"""Port of the operations repository: the Git repository that holds charts, values, policies and infrastructure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol


@dataclass(frozen=True)
class Author:
    """Who a commit is by: a name and an e-mail address without '<', '>' or line breaks."""

    name: str
    email: str


@dataclass(frozen=True)
class Commit:
    """One commit as `log` lists it; `when` is the committer's time with its zone, `files` are the paths that it
    touched.
    """

    sha: str
    author: Author
    when: datetime
    subject: str
    files: tuple[str, ...] = ()


class Repository(Protocol):
    """One Git repository. Reads come from a local mirror and never ask the remote; `fetch` and `commit` do.

    Commits are durable when `commit` returns: the remote has them. Reads of one commit always give the same bytes.
    Callers may retry `TransientError` (unreachable remote, conflict) and must not retry anything else.
    """

    def fetch(self) -> None:
        """Bring branches and tags of the remote into the mirror, deleted ones gone.

        Raises `UnreachableError` when the remote does not answer, `ConfigurationError` when none is configured or Git
        refuses it.
        """
        ...

    def resolve(self, ref: str) -> str:
        """Full digest of the commit that a branch, tag or (short) commit digest names; `HEAD` is
        the remote's default branch. A branch beats a tag.

        Raises `NotFoundError` that lists the known branches, `InputError` for a name that can't be one.
        """
        ...

    def export(self, commit: str, path: str) -> Path:
        """Absolute path of a read-only copy of a folder or file at a commit; equal content gives the same path.

        `path` is relative to the root, '.' is all of it. Nothing in the copy is a symbolic link. Raises
        `NotFoundError` when the commit or path isn't there, `RefusedError` for a symbolic link, a submodule or a copy
        over 64 MB, `StorageError` when it can't be written.
        """
        ...

    def read(self, commit: str, path: str) -> bytes:
        """One file at a commit, at most 16 MB. Raises `NotFoundError`, and `RefusedError` for a symbolic link."""
        ...

    def commit(
        self,
        branch: str,
        files: Mapping[str, bytes | None],
        message: str,
        author: Author,
        *,
        parent: str | None = None,
    ) -> str:
        """Write `files` (None removes one) onto a branch of the remote as one commit, and give its digest.

        `parent`: the commit that the caller has read and decided on; None: the tip right now. When the files already
        have these bytes, nothing is written and the parent's digest comes back. Raises `ConflictError` when the
        branch has moved on (nothing is written), `NotFoundError` for an unknown branch, `UnreachableError`, and
        `RefusedError` when the remote declines (protected branch, hook).
        """
        ...

    def log(self, ref: str, path: str = ".", limit: int = 50) -> tuple[Commit, ...]:
        """The latest commits that touched `path`, newest first. Raises `NotFoundError` for an unknown `ref`."""
        ...
