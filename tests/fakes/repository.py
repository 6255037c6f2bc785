"""A `Repository` in memory: commits are dictionaries of files, copies go to a folder of the test's."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path, PurePosixPath

from conductor_core.domain import names
from conductor_core.errors import ConflictError, InputError, NotFoundError
from conductor_core.ports.repository import Author, Commit

_EXPORTING = threading.Lock()


@dataclass(frozen=True)
class Snapshot:
    """A commit with all its files."""

    info: Commit
    files: Mapping[str, bytes]
    parent: str | None


@dataclass
class FakeRepository:
    """`folder` receives the copies. `push` adds to the remote behind the reader's back, until `fetch`."""

    folder: Path
    commits: dict[str, Snapshot] = field(default_factory=dict)
    remote: dict[str, str] = field(default_factory=dict)
    branches: dict[str, str] = field(default_factory=dict)
    fetches: int = 0

    def push(self, branch: str, files: Mapping[str, bytes | None], message: str = "seed") -> str:
        """Commit on the remote, as somebody else would."""
        sha = self._make(branch, files, message, Author("Somebody", "somebody@example.test"))
        self.remote[branch] = sha
        return sha

    def fetch(self) -> None:
        self.fetches += 1
        self.branches = dict(self.remote)

    def resolve(self, ref: str) -> str:
        names.branch(ref)
        if not self.fetches:
            self.fetch()
        ref = "main" if ref == "HEAD" else ref
        if ref in self.branches:
            return self.branches[ref]
        found = [s for s in self.commits if s.startswith(ref)] if len(ref) >= 7 else []
        if len(found) != 1:
            raise NotFoundError(f"no {ref}", why=f"Its branches are: {', '.join(sorted(self.branches))}.")
        return found[0]

    def export(self, commit: str, path: str) -> Path:
        files = self._files(commit)
        path = names.inner_path(path)
        under = {p: d for p, d in files.items() if path == "." or p == path or p.startswith(f"{path}/")}
        if not under:
            raise NotFoundError(f"There is no {path} at commit {commit[:12]}.")
        digest = hashlib.sha256(repr(sorted(under.items())).encode()).hexdigest()
        target = self.folder / digest / (PurePosixPath(path).name or "root")
        with _EXPORTING:  # a copy is whole before anybody has it
            for name, data in under.items():
                inner = name if path == "." else name.removeprefix(path).lstrip("/")
                file = target / inner if inner else target
                if not file.exists():
                    file.parent.mkdir(parents=True, exist_ok=True)
                    file.write_bytes(data)
        return target

    def read(self, commit: str, path: str) -> bytes:
        files = self._files(commit)
        if names.inner_path(path) not in files:
            raise NotFoundError(f"There is no {path} at commit {commit[:12]}.")
        return files[path]

    def commit(
        self,
        branch: str,
        files: Mapping[str, bytes | None],
        message: str,
        author: Author,
        *,
        parent: str | None = None,
    ) -> str:
        if not message.strip() or not author.name.strip() or any(c in "<>\n" for c in author.name + author.email):
            raise InputError("bad message or author")
        for path in files:
            names.inner_path(path)
        self.fetch()
        if branch not in self.branches:
            raise NotFoundError(f"no {branch}", why=f"Its branches are: {', '.join(sorted(self.branches))}.")
        tip = self.branches[branch]
        if parent is not None and self.resolve(parent) != tip:
            raise ConflictError("moved")
        sha = self._make(branch, files, message, author)
        self.remote[branch] = self.branches[branch] = sha
        return sha

    def log(self, ref: str, path: str = ".", limit: int = 50) -> tuple[Commit, ...]:
        out: list[Commit] = []
        at: str | None = self.resolve(ref)
        while at and len(out) < limit:
            snapshot = self.commits[at]
            if path == "." or any(f == path or f.startswith(f"{path}/") for f in snapshot.info.files):
                out.append(snapshot.info)
            at = snapshot.parent
        return tuple(out)

    def _files(self, commit: str) -> Mapping[str, bytes]:
        if commit not in self.commits:
            raise NotFoundError(f"There is no commit {commit[:12]}.")
        return self.commits[commit].files

    def _make(self, branch: str, files: Mapping[str, bytes | None], message: str, author: Author) -> str:
        parent = self.remote.get(branch)
        merged = dict(self.commits[parent].files) if parent else {}
        for path, data in files.items():
            merged.pop(path, None)
            if data is not None:
                merged[path] = data
        if parent and merged == self.commits[parent].files:
            return parent
        sha = hashlib.sha1(f"{parent}{sorted(merged.items())}{message}".encode()).hexdigest()
        when = datetime(2030, 1, 1, tzinfo=UTC) + timedelta(minutes=len(self.commits))
        info = Commit(sha, author, when, message.splitlines()[0], tuple(sorted(files)))
        self.commits[sha] = Snapshot(info, merged, parent)
        return sha
