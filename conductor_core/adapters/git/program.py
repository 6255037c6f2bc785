"""One git program on one bare mirror: its safe environment, and what its failures mean.

Rule: security 13. Protocols: https://git-scm.com/docs/git#Documentation/git.txt-GITALLOWPROTOCOL.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from conductor_core.errors import (
    ConductorError,
    ConfigurationError,
    NotFoundError,
    RefusedError,
    StorageError,
    ToolError,
    UnreachableError,
)
from conductor_core.ports.commands import CommandResult, CommandRunner

_CREDENTIALS = re.compile(r"(?<=://)[^/@\s]+@")

# What git prints when it fails, and what that means; the first that matches counts.
_MEANINGS: tuple[tuple[str, type[ConductorError], str], ...] = (
    ("dubious ownership", ConfigurationError, "Give the repository to this user, or add it to git's safe.directory."),
    ("transport '", ConfigurationError, "Use an https, ssh or file address in {setting}."),
    ("Authentication failed", ConfigurationError, "Give git a credential for this address (credential helper or key)."),
    ("could not read Username", ConfigurationError, "Give git a credential for this address (credential helper)."),
    ("Permission denied (publickey", ConfigurationError, "Give ssh a key that the repository accepts."),
    ("Host key verification failed", ConfigurationError, "Add the host to ssh's known_hosts after checking its key."),
    ("does not appear to be a git repository", ConfigurationError, "Set {setting} to a Git repository."),
    ("not found", ConfigurationError, "Set {setting} to a repository that exists."),
    ("does not exist", ConfigurationError, "Set {setting} to a repository that exists."),
    ("No space left on device", StorageError, "Free some space on the disk of the data folder."),
    ("Read-only file system", StorageError, "Make the data folder writable, or set CONDUCTOR_HOME to one that is."),
    ("insufficient permission", StorageError, "Make the repository and the data folder writable for this user."),
    ("Could not resolve host", UnreachableError, "Check the network and the address, then try again."),
    ("unable to access", UnreachableError, "Check the network and the address, then try again."),
    ("Could not read from remote repository", UnreachableError, "Check the network and the address, then try again."),
    ("early EOF", UnreachableError, "Try again; the connection was cut."),
    ("Connection", UnreachableError, "Check the network and the address, then try again."),
    ("unknown revision", NotFoundError, "Name a commit that the repository has."),
    ("bad object", NotFoundError, "Name a commit that the repository has."),
    ("Not a valid object name", NotFoundError, "Name a commit and path that the repository has."),
    ("hook declined", RefusedError, "Read what the remote's hook says; write to a branch that it allows."),
    ("protected branch", RefusedError, "Write to a branch that the remote allows."),
)


@dataclass(frozen=True)
class Source:
    """What a repository is called where git fails, and the setting that says where it is."""

    name: str = "the operations repository"
    setting: str = "CONDUCTOR_OPS_REPO"


OPERATIONS = Source()


class GitProgram:
    """Runs git on a bare repository; no hook, no prompt and no exotic transport of git's is ever used."""

    def __init__(self, runner: CommandRunner, git_dir: Path, program: str = "git", source: Source = OPERATIONS) -> None:
        self.git_dir = git_dir
        self._source = source
        self._runner = runner
        self._program = program

    def run(
        self,
        *arguments: str,
        stdin: bytes | None = None,
        env: Mapping[str, str] | None = None,
        timeout: float = 30.0,
        accept: Sequence[int] = (0,),
        inherit_fds: Sequence[int] = (),
    ) -> CommandResult:
        """One git command. Exit codes outside `accept` become the error that git's words mean; see the table above."""
        argv = [self._program, f"--git-dir={self.git_dir}", *_OPTIONS, *arguments]
        result = self._runner.run(
            argv, stdin=stdin, env={**_environment(), **(env or {})}, timeout=timeout, inherit_fds=inherit_fds
        )
        if result.code not in accept:
            raise failure(next(a for a in arguments if not a.startswith("-")), result, self._source)
        if result.truncated:
            raise RefusedError(
                f"git {arguments[0]} printed more than can be read.",
                why="Its output passed the cap.",
                next="Ask for a smaller folder of the repository.",
            )
        return result


_OPTIONS = (
    "-c",
    "core.hooksPath=/dev/null",
    "-c",
    "core.fsmonitor=false",
    "-c",
    "gc.auto=0",
    "-c",
    "maintenance.auto=false",
    "-c",
    "advice.detachedHead=false",
)


def _environment() -> dict[str, str]:
    """This process's environment without git's own variables, which could point it elsewhere."""
    kept = {
        k: v for k, v in os.environ.items() if not k.startswith("GIT_") or k in ("GIT_SSL_CAINFO", "GIT_SSH_COMMAND")
    }
    return kept | {
        "GIT_ALLOW_PROTOCOL": "https:ssh:file",
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_OPTIONAL_LOCKS": "0",
        "LC_ALL": "C",
    }


def failure(act: str, result: CommandResult, source: Source = OPERATIONS) -> ConductorError:
    """The error that git's stderr means, without credentials that an address may hold."""
    words = _CREDENTIALS.sub("", result.stderr.strip())[-1500:]
    for sign, kind, act_next in _MEANINGS:
        if sign in words:
            return kind(
                f"Git could not {act} {source.name}.", why=words, next=act_next.replace("{setting}", source.setting)
            )
    return ToolError(
        f"git {act} failed with exit code {result.code}.",
        why=words,
        next="Run the same git command by hand and mend what it says.",
    )
