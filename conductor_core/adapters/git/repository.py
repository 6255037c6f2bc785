"""The port `Repository` on a bare mirror in the data folder; writes are pushed with a compare, so that no race is
lost.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import tempfile
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path

from conductor_core.adapters.git import trees
from conductor_core.adapters.git.program import GitProgram, failure
from conductor_core.domain import names
from conductor_core.errors import (
    ConfigurationError,
    ConflictError,
    InputError,
    NotFoundError,
    OffError,
    RefusedError,
    StorageError,
)
from conductor_core.ports.commands import CommandRunner
from conductor_core.ports.repository import Author, Commit

FILE_CAP = 16 * 1024 * 1024
_COMMITTER = {"GIT_COMMITTER_NAME": "Maestro Conductor", "GIT_COMMITTER_EMAIL": "conductor@maestro.invalid"}
_REFSPECS = ("+refs/heads/*:refs/heads/*", "+refs/tags/*:refs/tags/*")
_FORMAT = "--format=%x01%H%x02%an%x02%ae%x02%cI%x02%s%x03"
_REJECTED = ("stale info", "fetch first", "non-fast-forward", "cannot lock ref", "failed to update ref")


class GitRepository:
    """`address`: URL (https, ssh, file) or absolute path of the operations repository. `home`: the data folder; the
    mirror is `ops.git` in it and the copies are in `ops-copies`.
    """

    def __init__(self, runner: CommandRunner, address: str, home: Path, program: str = "git") -> None:
        self._address = _absolute(address)
        self._home = home.absolute()
        self._copies = self._home / "ops-copies"
        self._exports: dict[tuple[str, str], Path] = {}
        self._git = GitProgram(runner, self._home / "ops.git", program)

    def fetch(self) -> None:
        """See `Repository.fetch`."""
        if not self._address:
            raise OffError(
                "No operations repository is configured.",
                why="CONDUCTOR_OPS_REPO is empty, and the local control plane, which brings one, isn't there.",
                next="Start it with `conductor up` (the Status page says how far a first build is), or set "
                "CONDUCTOR_OPS_REPO to the URL or path of the repository with helm/, policies/ and infra/.",
            )
        if self._address.startswith("-"):
            raise ConfigurationError(
                "The address of the operations repository can't be used.",
                why="It starts with '-', so git would read it as an option.",
                next="Set CONDUCTOR_OPS_REPO to a URL or a path.",
            )
        with self._alone() as lock:
            self._fetch(lock)

    def resolve(self, ref: str) -> str:
        """See `Repository.resolve`."""
        self._ensure()
        names.branch(ref)
        bare = [ref] if ref == "HEAD" or _hexadecimal(ref) else []
        asked = "".join(f"{full}^{{commit}}\n" for full in (f"refs/heads/{ref}", f"refs/tags/{ref}", *bare))
        told = self._git.run("cat-file", "--batch-check=%(objecttype) %(objectname)", stdin=asked.encode())
        for line in told.stdout.splitlines():  # one for each, in order
            kind, _, found = line.partition(" ")
            if kind == "commit":
                return found
        raise self._unknown(ref)

    def _unknown(self, ref: str) -> NotFoundError:
        listed = self._git.run("for-each-ref", "--format=%(refname:short)", "refs/heads").stdout.split()
        return NotFoundError(
            f"The operations repository has no branch, tag or commit {ref}.",
            why=f"Its branches are: {', '.join(sorted(listed)[:30]) or '(none)'}.",
            next="Name one of these, or push the missing branch.",
        )

    def export(self, commit: str, path: str) -> Path:
        """See `Repository.export`."""
        self._ensure()
        key = (names.commit(commit), names.inner_path(path))
        known = self._exports.get(key)
        if known is None or not known.exists():
            known = trees.export(self._git, self._copies, *key)
            self._exports[key] = known
        return known

    def read(self, commit: str, path: str) -> bytes:
        """See `Repository.read`."""
        self._ensure()
        entry = trees.entry_at(self._git, names.commit(commit), names.inner_path(path))
        if entry.kind != "blob":
            raise NotFoundError(f"{path} is a folder.", why="A file was asked for.", next="Name a file in it.")
        if entry.size > FILE_CAP:
            why = f"The cap is {FILE_CAP:,}."
            raise RefusedError(f"{path} has {entry.size:,} bytes.", why=why, next="Make it smaller.")
        return self._git.run("cat-file", "blob", entry.digest).raw

    def commit(
        self,
        branch: str,
        files: Mapping[str, bytes | None],
        message: str,
        author: Author,
        *,
        parent: str | None = None,
    ) -> str:
        """See `Repository.commit`."""
        _checked_author(author)
        if not message.strip():
            raise InputError("A commit needs a message.", why="It is empty.", next="Say why the files change.")
        clean = {names.inner_path(path): data for path, data in files.items()}
        self.fetch()
        tip = self._tip(names.branch(branch))
        if parent is not None and self.resolve(parent) != tip:
            raise _moved(branch)
        with self._alone() as lock:
            made = self._make(tip, clean, message, author)
            if made == tip:
                return tip
            self._push(branch, tip, made, lock)
            self._fetch(lock)
        return made

    def log(self, ref: str, path: str = ".", limit: int = 50) -> tuple[Commit, ...]:
        """See `Repository.log`."""
        start = self.resolve(ref)
        where = ["--", names.inner_path(path)] if names.inner_path(path) != "." else []
        text = self._git.run(
            "log", f"--max-count={max(1, min(limit, 1000))}", "--name-only", "-z", _FORMAT, start, *where
        ).stdout
        out = []
        for part in filter(None, text.split("\x01")):
            head, _, touched = part.partition("\x03")
            sha, name, email, when, subject = head.split("\x02")
            files = tuple(f.strip("\n") for f in touched.split("\0") if f.strip("\n"))
            out.append(Commit(sha, Author(name, email), datetime.fromisoformat(when), subject, files))
        return tuple(out)

    @property
    def _ready(self) -> Path:
        """Written when a first fetch is complete: a mirror that was being made when the process died is made again."""
        return self._git.git_dir / "conductor-ready"

    def _ensure(self) -> None:
        if not self._ready.exists():
            self.fetch()

    def _fetch(self, lock: int) -> None:
        self._unlock()
        known = self._ready.exists() and self._ready.read_text() == self._address
        if not known:
            self._git.run("init", "--quiet", "--bare", "--initial-branch=main", str(self._git.git_dir))
        arguments = ("fetch", "--quiet", "--prune", "--no-tags", "--", self._address, *_REFSPECS)
        self._git.run(*arguments, timeout=120.0, inherit_fds=[lock])
        if not known:
            told = self._git.run("ls-remote", "--symref", "--", self._address, "HEAD", timeout=60.0).stdout
            default = re.match(r"ref: (refs/heads/\S+)\s", told)
            if default:
                self._git.run("symbolic-ref", "HEAD", default[1])
            self._ready.write_text(self._address)

    def _unlock(self) -> None:
        """Remove what a git that died has locked: a living one would hold our lock."""
        for at, folders, files in os.walk(self._git.git_dir):
            if at == str(self._git.git_dir / "objects"):  # its 256 folders have no locks
                folders[:] = [f for f in folders if f in ("info", "pack")]
            for name in files:
                if name.endswith(".lock"):
                    Path(at, name).unlink(missing_ok=True)

    def _tip(self, branch: str) -> str:
        found = self._git.run("rev-parse", "--verify", "--quiet", f"refs/heads/{branch}", accept=(0, 1))
        if found.code != 0:
            raise self._unknown(branch)
        return found.stdout.strip()

    def _make(self, tip: str, files: Mapping[str, bytes | None], message: str, author: Author) -> str:
        """A commit object on `tip` with `files`; `tip` itself when nothing would change."""
        with tempfile.TemporaryDirectory(prefix="conductor-index-") as folder:
            index = {"GIT_INDEX_FILE": str(Path(folder) / "index")}
            self._git.run("read-tree", tip, env=index)
            modes = self._modes(tip, [p for p in files if p != "."])
            lines = []
            for path, data in files.items():
                if data is None:
                    lines.append(f"0 {'0' * 40}\t{path}")
                else:
                    blob = self._git.run("hash-object", "-w", "--stdin", "--no-filters", stdin=data).stdout.strip()
                    lines.append(f"{modes.get(path, '100644')} {blob}\t{path}")
            self._git.run(
                "update-index", "-z", "--index-info", stdin="".join(f"{x}\0" for x in lines).encode(), env=index
            )
            tree = self._git.run("write-tree", env=index).stdout.strip()
        if tree == self._git.run("rev-parse", f"{tip}^{{tree}}").stdout.strip():
            return tip
        identity = {"GIT_AUTHOR_NAME": author.name, "GIT_AUTHOR_EMAIL": author.email, **_COMMITTER}
        return self._git.run("commit-tree", tree, "-p", tip, stdin=message.encode(), env=identity).stdout.strip()

    def _modes(self, tip: str, paths: list[str]) -> dict[str, str]:
        if not paths:
            return {}
        listing = self._git.run("ls-tree", "-z", "--full-tree", tip, "--", *paths).stdout
        rows = [line.partition("\t") for line in filter(None, listing.split("\0"))]
        modes = {path: head.split()[0] for head, _, path in rows}
        for path, mode in modes.items():
            if mode not in ("100644", "100755"):
                raise RefusedError(
                    f"{path} isn't a plain file.",
                    why=f"Its mode is {mode}.",
                    next="Write to a plain file of the repository.",
                )
        return modes

    def _push(self, branch: str, tip: str, made: str, lock: int) -> None:
        lease = f"--force-with-lease=refs/heads/{branch}:{tip}"
        pushed = self._git.run(
            "push",
            "--porcelain",
            lease,
            "--",
            self._address,
            f"{made}:refs/heads/{branch}",
            accept=(0, 1),
            timeout=120.0,
        )
        if pushed.code == 0:
            return
        if any(sign in pushed.stdout + pushed.stderr for sign in _REJECTED):
            raise _moved(branch)
        if "[remote rejected]" in pushed.stdout:
            raise RefusedError(
                f"The remote declines the commit on {branch}.",
                why=(pushed.stdout + pushed.stderr).strip()[-1500:],
                next="Write to a branch that it allows, or ask its owner.",
            )
        raise failure("push", pushed)

    @contextlib.contextmanager
    def _alone(self) -> Iterator[int]:
        """One writer of the mirror at a time, over all processes; the kernel frees the lock when the last holder is
        gone.

        Gives the lock's descriptor: a git that outlives a killed process keeps it.
        """
        try:
            self._home.mkdir(parents=True, exist_ok=True)
            lock = (self._home / "ops.git.lock").open("a")
        except OSError as bad:
            raise StorageError(
                "The mirror of the operations repository can't be written.",
                why=str(bad),
                next="Make the data folder writable, or set CONDUCTOR_HOME to one that is.",
            ) from bad
        with lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield lock.fileno()


def _absolute(address: str) -> str:
    """A path made absolute; a URL or `host:path` as it is."""
    if not address or address.startswith("-") or "://" in address or re.match(r"[^/]+:", address):
        return address
    return str(Path(address).expanduser().absolute())


def _hexadecimal(ref: str) -> bool:
    return 7 <= len(ref) <= 64 and set(ref) <= set("0123456789abcdef")


def _moved(branch: str) -> ConflictError:
    return ConflictError(
        f"The branch {branch} has moved on since it was read.",
        why="Somebody else pushed to it first; nothing was written.",
        next="Look at the new commits, then ask for the change again.",
    )


def _checked_author(author: Author) -> None:
    if not author.name.strip() or any(c in "<>\n\r\0" for c in author.name + author.email):
        raise InputError(
            "The author of a commit can't be written.",
            why="A name is missing, or name or e-mail holds '<', '>' or a line break.",
            next="Correct the identity's name and e-mail.",
        )
