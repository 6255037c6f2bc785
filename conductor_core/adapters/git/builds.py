"""The port `SourceBuilds`: the source is fetched without its history, checked out in a temporary folder, and built."""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from conductor_core.adapters.git.program import GitProgram, Source
from conductor_core.domain import names
from conductor_core.errors import ConflictError, NotFoundError, OffError, ToolError
from conductor_core.ports.commands import CommandRunner

_OURS = ("CONDUCTOR_", "KUBECONFIG", "GIT_")
"""What a build's environment hasn't got: settings hold passwords, and git's variables point elsewhere."""
_SOURCE = Source("the UI's source", "CONDUCTOR_UI_REPO")
_WHOLE = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")


class GitBuilds:
    """`address`: URL or absolute path of the source's repository, '' when there is none. Copies live in `home`."""

    def __init__(self, runner: CommandRunner, address: str, home: Path, program: str = "git") -> None:
        self._runner, self._address, self._home, self._program = runner, address, home, program

    def resolve(self, ref: str) -> str:
        """See `SourceBuilds.resolve`; a whole commit digest names itself until it is fetched."""
        if not self._address or self._address.startswith("-"):
            raise OffError(
                "It isn't known where the UI's source is.",
                why="CONDUCTOR_UI_REPO is not set." if not self._address else "CONDUCTOR_UI_REPO starts with '-'.",
                next="Set it to the URL or path of the Git repository that the UI is built from.",
            )
        if _WHOLE.fullmatch(names.branch(ref)):
            return ref
        asked = (f"refs/heads/{ref}", f"refs/tags/{ref}^{{}}", f"refs/tags/{ref}")  # a tag's commit before the tag
        told = self._git(self._home).run("ls-remote", "--", self._address, *asked, timeout=60.0)
        found = {name: sha for sha, _, name in (line.partition("\t") for line in told.stdout.splitlines())}
        for name in asked:
            if name in found:
                return found[name]
        raise NotFoundError(
            f"The UI's source has no branch, tag or commit {ref}.",
            why=f"{self._address} was asked.",
            next="Name one that it has, or mend CONDUCTOR_UI_REF.",
        )

    def build(
        self,
        ref: str,
        commit: str,
        argv: Sequence[str],
        told: Mapping[str, str],
        say: Callable[[str], None],
        timeout: float,
    ) -> float:
        """See `SourceBuilds.build`."""
        found = self.resolve(ref)
        if found != commit:
            raise ConflictError(
                f"{ref} has moved since the plan was made.",
                why=f"It is at {found[:12]}; what was approved is {commit[:12]}.",
                next="Have the Change planned again.",
            )
        self._home.mkdir(parents=True, exist_ok=True, mode=0o700)
        with tempfile.TemporaryDirectory(prefix="ui-build-", dir=self._home) as folder:
            source = self._checked_out(Path(folder), ref, commit)
            env = {k: v for k, v in os.environ.items() if not k.startswith(_OURS)}
            done = self._runner.run(argv, cwd=source, env={**env, "CI": "true", **told}, timeout=timeout, on_line=say)
        if done.code != 0:
            raise ToolError(
                f"{argv[0]} ended with exit code {done.code}.",
                why=(done.stderr.strip() or done.stdout.strip())[-500:] or "It printed nothing.",
                next="Read its output in the notebook; mend the source or the machine, then ask for the build again.",
            )
        return done.seconds

    def _checked_out(self, folder: Path, ref: str, commit: str) -> Path:
        git, source = self._git(folder / "source.git"), folder / "source"
        source.mkdir()
        git.run("init", "--quiet", "--bare", str(git.git_dir))
        git.run("fetch", "--quiet", "--depth=1", "--no-tags", "--", self._address, ref, timeout=300.0)
        index = {"GIT_INDEX_FILE": str(folder / "index")}
        git.run(f"--work-tree={source}", "checkout", "--force", commit, "--", ".", env=index, timeout=120.0)
        return source

    def _git(self, folder: Path) -> GitProgram:
        return GitProgram(self._runner, folder, self._program, _SOURCE)
