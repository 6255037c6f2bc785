"""The bare operations repository: `helm/`, `policies/`, `infra/` and `channels.yaml` under channel branches.

Seeding is repeatable: equal content gives equal commit ids, a branch that somebody has committed to is never touched.
Rule: `infra/local/README.md`.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from conductor_core.errors import ConfigurationError, ToolError
from conductor_core.settings import PROJECT_ROOT

BRANCHES = ("dev", "staging", "prod")
CONTENT = ("helm", "policies", "infra", "channels.yaml")
LEFT_OUT = ("infra/local",)
SEED_REF = "refs/conductor/seed"
_WHO = "Maestro Conductor"
_MAIL = "conductor@localhost"


@dataclass(frozen=True)
class Seeded:
    """The commit that holds the project's content, and the branches that were set to it now."""

    commit: str
    moved: tuple[str, ...]


def seed(repo: Path, project: Path = PROJECT_ROOT) -> Seeded:
    """Make `repo` or bring untouched branches up to date; `main` is another name of `dev`.

    Raises `ConfigurationError` without git, `ToolError` when git fails.
    """
    if not (repo / "HEAD").is_file():
        _git(None, "init", "--bare", "--quiet", "--initial-branch=main", "--", str(repo))
        for key, value in (
            ("receive.denyNonFastForwards", "true"),
            ("receive.denyDeletes", "true"),
            ("uploadpack.allowAnySHA1InWant", "true"),
            ("core.logAllRefUpdates", "true"),
            ("gc.auto", "0"),
        ):
            _git(repo, "config", key, value)
    before = _commit_of(repo, SEED_REF)
    tree = _tree(repo, project)
    if before and _git(repo, "rev-parse", f"{before}^{{tree}}") == tree:
        commit = before
    else:
        parents = ("-p", before) if before else ()
        text = "Seed the operations repository" if not before else "Bring the seed up to date"
        commit = _git(repo, "commit-tree", tree, *parents, "-m", text)
        _git(repo, "update-ref", SEED_REF, commit)
    moved = []
    for branch in BRANCHES:
        now = _commit_of(repo, f"refs/heads/{branch}")
        if now != commit and now in ("", before):
            _git(repo, "update-ref", f"refs/heads/{branch}", commit, now)
            moved.append(branch)
    _git(repo, "symbolic-ref", "refs/heads/main", "refs/heads/dev")
    return Seeded(commit, tuple(moved))


def _tree(repo: Path, project: Path) -> str:
    """Write the project's content into `repo` as a tree and return its id; ignored files stay out."""
    present = [c for c in CONTENT if (project / c).exists()]
    with tempfile.TemporaryDirectory(dir=repo) as folder:
        index = {"GIT_INDEX_FILE": str(Path(folder) / "index"), "GIT_WORK_TREE": str(project)}
        _git(repo, "read-tree", "--empty", more=index)
        filled = [c for c in present if (project / c).is_file() or any(p.is_file() for p in (project / c).rglob("*"))]
        if filled:
            left_out = [f":(exclude){p}" for p in LEFT_OUT]
            _git(repo, "add", "--all", "--", *filled, *left_out, more=index, cwd=project)
        return _git(repo, "write-tree", more=index)


def _commit_of(repo: Path, ref: str) -> str:
    listed = _git(repo, "for-each-ref", "--format=%(objectname)", "--", ref)
    return listed.splitlines()[0] if listed else ""


def _git(repo: Path | None, *argv: str, more: dict[str, str] | None = None, cwd: Path | None = None) -> str:
    program = shutil.which("git")
    if program is None:
        raise ConfigurationError("git isn't installed.", why="It isn't on PATH.", next="Install git.")
    env = {k: v for k, v in os.environ.items() if not k.startswith("GIT_")}
    env |= {"GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": os.devnull, "LC_ALL": "C"}
    for role in ("AUTHOR", "COMMITTER"):
        env |= {f"GIT_{role}_NAME": _WHO, f"GIT_{role}_EMAIL": _MAIL}
    if repo is not None:
        env["GIT_DIR"] = str(repo)
    ended = subprocess.run(
        [program, *argv], env=env | (more or {}), cwd=cwd, capture_output=True, text=True, check=False, timeout=120
    )
    if ended.returncode:
        raise ToolError(
            f"The operations repository can't be seeded: git {argv[0]} failed.",
            why=ended.stderr.strip(),
            next="Read the cause; `conductor local reset` makes a new one.",
        )
    return ended.stdout.strip()
