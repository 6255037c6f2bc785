"""Port of builds: a program run in a fresh copy of a source at a commit, such as the UI's bundler."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol


class SourceBuilds(Protocol):
    """One Git repository with a source, and a machine to build it on. Nothing is retried: a build may be run again,
    whoever calls decides whether its effects may.
    """

    def resolve(self, ref: str) -> str:
        """Full digest of the commit that a branch, tag or commit digest of the source names, asked from the remote.

        Raises `NotFoundError`, `UnreachableError`, `InputError` for a name that can't be one, and `OffError` without a
        configured source.
        """
        ...

    def build(
        self,
        ref: str,
        commit: str,
        argv: Sequence[str],
        told: Mapping[str, str],
        say: Callable[[str], None],
        timeout: float,
    ) -> float:
        """Run `argv` (never a shell) in a copy of the source that is gone afterwards; gives the seconds it took.

        `told` are variables of its environment; no setting of the product's, with its secrets, is among the others.
        `say` hears each line of its output as it comes. Raises `ConflictError` when `ref` no longer names `commit`,
        `ToolError` for an exit code other than 0 or a missing program, `TransientError` at the deadline.
        """
        ...
