"""The operations repository: repeatable, and never against commits that somebody made."""

from __future__ import annotations

import subprocess
import time
from pathlib import Path

import pytest

from conductor_core.errors import ToolError
from conductor_core.localplane.operations_repo import BRANCHES, SEED_REF, seed


def git(repo: Path, *argv: str) -> str:
    who = ["-c", "user.name=t", "-c", "user.email=t@localhost"]
    ended = subprocess.run(["git", "--git-dir", repo, *who, *argv], capture_output=True, text=True, check=True)
    return ended.stdout.strip()


@pytest.fixture
def project(tmp_path: Path) -> Path:
    root = tmp_path / "project"
    for path, text in {
        "helm/app/Chart.yaml": "name: app\n",
        "policies/opa/a.rego": "package a\n",
        "infra/k8s/ns.yaml": "kind: Namespace\n",
        "infra/local/go/go.mod": "module x\n",
        "channels.yaml": "channels: {}\n",
        "secret.txt": "no\n",
    }.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)
    return root


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    return tmp_path / "operations.git"


def commit(repo: Path, branch: str) -> str:
    tree = git(repo, "rev-parse", f"{branch}^{{tree}}")
    made = git(repo, "commit-tree", tree, "-p", branch, "-m", "mine")
    git(repo, "update-ref", f"refs/heads/{branch}", made)
    return made


def test_content_and_branches(repo: Path, project: Path) -> None:
    done = seed(repo, project)
    assert done.moved == BRANCHES
    listed = git(repo, "ls-tree", "-r", "--name-only", "main").split()
    assert listed == ["channels.yaml", "helm/app/Chart.yaml", "infra/k8s/ns.yaml", "policies/opa/a.rego"]
    assert {git(repo, "rev-parse", b) for b in (*BRANCHES, "main", SEED_REF)} == {done.commit}
    assert (repo / "HEAD").read_text() == "ref: refs/heads/main\n"


def test_equal_content_is_seeded_once_at_the_time_that_it_was(repo: Path, project: Path) -> None:
    first = seed(repo, project)
    assert abs(int(git(repo, "log", "-1", "--format=%ct", first.commit)) - time.time()) < 60
    again = seed(repo, project)
    assert (again.commit, again.moved) == (first.commit, ())


def test_new_content_moves_untouched_branches_only(repo: Path, project: Path) -> None:
    first = seed(repo, project)
    mine = commit(repo, "staging")
    (project / "channels.yaml").write_text("channels: {a: b}\n")
    second = seed(repo, project)
    assert second.moved == ("dev", "prod")
    assert git(repo, "rev-parse", "staging") == mine
    assert git(repo, "rev-parse", f"{second.commit}^") == first.commit
    assert seed(repo, project).moved == ()


def test_main_is_another_name_of_dev(repo: Path, project: Path) -> None:
    seed(repo, project)
    mine = commit(repo, "dev")
    assert git(repo, "rev-parse", "main") == mine


def test_a_clone_can_push(repo: Path, project: Path, tmp_path: Path) -> None:
    seed(repo, project)
    clone = tmp_path / "clone"
    subprocess.run(["git", "clone", "-q", "-b", "staging", repo, clone], check=True)
    (clone / "channels.yaml").write_text("channels: {c: d}\n")
    git(clone / ".git", "--work-tree", str(clone), "commit", "-qam", "mine")
    git(clone / ".git", "push", "-q", "origin", "staging")
    assert git(repo, "log", "-1", "--format=%s", "staging") == "mine"
    with pytest.raises(subprocess.CalledProcessError):
        git(clone / ".git", "push", "-q", "--force", "origin", "HEAD~1:staging")


def test_empty_folders_are_no_content(repo: Path, tmp_path: Path) -> None:
    (tmp_path / "bare" / "helm").mkdir(parents=True)
    assert git(repo, "ls-tree", "-r", seed(repo, tmp_path / "bare").commit) == ""


def test_a_broken_repository_is_told(repo: Path, project: Path) -> None:
    repo.mkdir()
    (repo / "HEAD").write_text("nonsense")
    with pytest.raises(ToolError, match="can't be seeded"):
        seed(repo, project)
