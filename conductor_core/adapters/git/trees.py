"""Copies of folders and files at a commit, kept by the digest of their content and without symbolic links.

Layout: `<root>/<tree or blob digest>/<name>`; a copy is complete when it has its name, because it arrives by rename.
Trees: https://git-scm.com/docs/git-ls-tree.
"""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from conductor_core.adapters.git.program import GitProgram
from conductor_core.errors import NotFoundError, RefusedError, StorageError

COPY_CAP = 64 * 1024 * 1024
FILES_CAP = 20_000
_LINK, _SUBMODULE, _EXECUTABLE = "120000", "160000", "100755"


@dataclass(frozen=True)
class Entry:
    """One file or folder of a tree: its mode and kind in Git's words, its digest, its path below the folder that was
    listed, and a file's bytes.
    """

    mode: str
    kind: str
    digest: str
    path: str
    size: int = 0


def entry_at(git: GitProgram, commit: str, path: str) -> Entry:
    """What lies at `path` ('.' is the root) in a commit; raises `NotFoundError`, `RefusedError` for links and
    submodules.
    """
    if path == ".":
        digest = git.run(
            "rev-parse", "--verify", "--quiet", "--end-of-options", f"{commit}^{{tree}}", accept=(0, 1, 128)
        )
        if digest.code != 0:
            raise _missing(commit, path)
        return Entry("040000", "tree", digest.stdout.strip(), ".")
    result = git.run("ls-tree", "-l", "-z", "--full-tree", commit, "--", path, accept=(0, 128))
    entries = _entries(result.stdout) if result.code == 0 else []
    found = next((e for e in entries if e.path == path), None)
    if found is None:
        raise _missing(commit, path)
    _refuse_links([found], commit)
    return found


def export(git: GitProgram, root: Path, commit: str, path: str) -> Path:
    """Absolute path of the copy of `path` at a commit below `root`; made once for each content."""
    entry = entry_at(git, commit, path)
    name = PurePosixPath(path).name or "root"
    target = root / entry.digest / name
    if target.exists():
        return target
    try:
        root.mkdir(parents=True, exist_ok=True, mode=0o700)
        with tempfile.TemporaryDirectory(dir=root, prefix=".making-") as making:
            copy = Path(making) / "copy" / name
            copy.parent.mkdir()
            _write(git, entry, copy, commit)
            # Another process may have been faster, with the same bytes, and an older copy may hold another name.
            target.parent.mkdir(exist_ok=True, mode=0o700)
            try:
                copy.rename(target)
            except OSError:
                if not target.exists():
                    raise
    except OSError as bad:
        raise StorageError(
            f"The copy of {path} could not be written.",
            why=str(bad),
            next="Free space on the disk of the data folder, or make it writable; then try again.",
        ) from bad
    return target


def _write(git: GitProgram, entry: Entry, copy: Path, commit: str) -> None:
    if entry.kind == "blob":
        copy.write_bytes(git.run("cat-file", "blob", entry.digest).raw)
        return
    listed = _entries(git.run("ls-tree", "-l", "-r", "-z", "--full-tree", entry.digest).stdout)
    _refuse_links(listed, commit)
    if len(listed) > FILES_CAP:
        raise RefusedError(
            f"A copy with {len(listed):,} files is not made.",
            why=f"The cap is {FILES_CAP:,}.",
            next="Name a smaller folder.",
        )
    copy.mkdir()
    wanted = "".join(f"{e.digest}\n" for e in listed).encode()
    raw = memoryview(git.run("cat-file", "--batch", stdin=wanted).raw)
    if len(raw) > COPY_CAP:
        raise RefusedError(
            f"A copy of {len(raw):,} bytes is not made.", why=f"The cap is {COPY_CAP:,}.", next="Name a smaller folder."
        )
    at = 0
    for e in listed:
        end = bytes(raw[at : at + 200]).index(b"\n")
        size = int(bytes(raw[at : at + end]).split()[2])
        at += end + 1
        file = copy / e.path
        if not file.resolve().is_relative_to(copy.resolve()):
            raise RefusedError(
                f"The path {e.path!r} leaves its folder.", why="Its tree was made by hand.", next="Remove it."
            )
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(raw[at : at + size])
        file.chmod(0o500 if e.mode == _EXECUTABLE else 0o400)
        at += size + 1


def _entries(listing: str) -> list[Entry]:
    out = []
    for line in filter(None, listing.split("\0")):
        head, _, path = line.partition("\t")
        mode, kind, digest, size = head.split()
        out.append(Entry(mode, kind, digest, path, 0 if size == "-" else int(size)))
    return out


def _refuse_links(entries: list[Entry], commit: str) -> None:
    for e in entries:
        if e.mode in (_LINK, _SUBMODULE):
            what = "symbolic link" if e.mode == _LINK else "submodule"
            raise RefusedError(
                f"{e.path} at {commit[:12]} is a {what}.",
                why="Links could lead out of the repository, so none is followed.",
                next=f"Replace {e.path} by the file or folder itself.",
            )


def _missing(commit: str, path: str) -> NotFoundError:
    return NotFoundError(
        f"There is no {path} at commit {commit[:12]}.",
        why="The operations repository has no such file or folder there.",
        next="Check the path in the channels file, or commit the missing file.",
    )
