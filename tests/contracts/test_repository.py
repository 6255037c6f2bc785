"""The contract of `Repository`, on the fake and on git with a bare repository as its remote."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

import pytest

from conductor_core.adapters.git import GitRepository
from conductor_core.adapters.system import SystemCommands
from conductor_core.errors import ConflictError, InputError, NotFoundError
from conductor_core.ports.repository import Author, Repository
from tests.fakes.repository import FakeRepository

ME = Author("Rita Requester", "rita@example.test")
SEED: dict[str, bytes | None] = {
    "channels.yaml": b"releases: {}\n",
    "helm/shop/Chart.yaml": b"name: shop\n",
    "helm/shop/values.yaml": b"a: 1\n",
    "bin/odd name.bin": bytes(range(256)),
}


class Remote(Protocol):
    """The other side of the repository, to which somebody else pushes."""

    def push(self, branch: str, files: Mapping[str, bytes | None], message: str = ...) -> str: ...


class GitRemote:
    """A bare repository that is pushed to with git itself, from a clone."""

    def __init__(self, folder: Path) -> None:
        self.bare, self.clone = folder / "remote.git", folder / "clone"
        self.git("init", "-q", "--bare", "-b", "main", str(self.bare))
        self.git("init", "-q", "-b", "main", str(self.clone))

    def git(self, *arguments: str) -> str:
        identity = ["-c", "user.name=Somebody", "-c", "user.email=somebody@example.test"]
        done = subprocess.run(["git", *identity, *arguments], check=True, capture_output=True, text=True)
        return done.stdout.strip()

    def push(self, branch: str, files: Mapping[str, bytes | None], message: str = "seed") -> str:
        inside = ("-C", str(self.clone))
        self.git(*inside, "fetch", "-q", str(self.bare), "+refs/heads/*:refs/remotes/o/*")
        known = self.git(*inside, "branch", "-r", "--list", f"o/{branch}")
        start = [f"o/{branch}"] if known else []
        self.git(*inside, "checkout", "-q", *(["--orphan", branch] if not start else ["-B", branch, *start]))
        for path, data in files.items():
            file = self.clone / path
            file.parent.mkdir(parents=True, exist_ok=True)
            if data is None:
                file.unlink()
            else:
                file.write_bytes(data)
        self.git(*inside, "add", "-A")
        self.git(*inside, "commit", "-q", "-m", message)
        self.git(*inside, "push", "-q", str(self.bare), f"{branch}:{branch}")
        return self.git(*inside, "rev-parse", "HEAD")


@pytest.fixture(params=["fake", "git"])
def both(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[Repository, Remote]:
    remote: Remote
    repository: Repository
    if request.param == "fake":
        remote = repository = FakeRepository(tmp_path)
    else:
        remote = GitRemote(tmp_path)
        repository = GitRepository(SystemCommands(), str(tmp_path / "remote.git"), tmp_path / "home")
    remote.push("main", SEED)
    return repository, remote


def test_a_branch_resolves_to_its_tip_after_a_fetch(both: tuple[Repository, Remote]) -> None:
    repository, remote = both
    first = repository.resolve("main")
    second = remote.push("main", {"a.txt": b"1"})
    assert (repository.resolve("main"), first != second) == (first, True)
    repository.fetch()
    assert repository.resolve("main") == second
    assert repository.resolve(second[:10]) == second
    assert repository.resolve("HEAD") == second


def test_an_unknown_reference_lists_the_known_branches(both: tuple[Repository, Remote]) -> None:
    repository, _ = both
    with pytest.raises(NotFoundError) as caught:
        repository.resolve("nowhere")
    assert "main" in caught.value.why


@pytest.mark.parametrize("ref", ["--upload-pack=x", "a..b", "-x", "a b", "", "a@{1}", "../x"])
def test_a_reference_that_could_be_an_option_is_refused(both: tuple[Repository, Remote], ref: str) -> None:
    with pytest.raises(InputError):
        both[0].resolve(ref)


def test_files_are_read_byte_for_byte(both: tuple[Repository, Remote]) -> None:
    repository, _ = both
    assert repository.read(repository.resolve("main"), "bin/odd name.bin") == bytes(range(256))


@pytest.mark.parametrize("path", ["../x", "/etc/passwd", "a/../b", ".git/config", "helm//x"])
def test_paths_stay_inside(both: tuple[Repository, Remote], path: str) -> None:
    repository, _ = both
    with pytest.raises(InputError):
        repository.read(repository.resolve("main"), path)
    with pytest.raises(InputError):
        repository.export(repository.resolve("main"), path)


def test_a_missing_path_is_named_with_its_commit(both: tuple[Repository, Remote]) -> None:
    repository, _ = both
    sha = repository.resolve("main")
    for call in (repository.read, repository.export):
        with pytest.raises(NotFoundError, match=rf"no helm/ghost at commit {sha[:12]}"):
            call(sha, "helm/ghost")


def test_equal_content_gives_the_same_copy(both: tuple[Repository, Remote]) -> None:
    repository, remote = both
    first = repository.export(repository.resolve("main"), "helm/shop")
    remote.push("main", {"elsewhere.txt": b"x"})
    repository.fetch()
    second = repository.export(repository.resolve("main"), "helm/shop")
    remote.push("main", {"helm/shop/values.yaml": b"a: 2\n"})
    repository.fetch()
    third = repository.export(repository.resolve("main"), "helm/shop")
    assert first == second != third
    assert (first.name, first.is_absolute()) == ("shop", True)
    assert sorted(p.name for p in third.iterdir()) == ["Chart.yaml", "values.yaml"]
    assert (first / "values.yaml").read_bytes() == b"a: 1\n"
    assert (third / "values.yaml").read_bytes() == b"a: 2\n"


def test_one_file_and_the_whole_root_can_be_copied(both: tuple[Repository, Remote]) -> None:
    repository, _ = both
    sha = repository.resolve("main")
    assert repository.export(sha, "channels.yaml").read_bytes() == b"releases: {}\n"
    assert (repository.export(sha, ".") / "helm/shop/Chart.yaml").is_file()


def test_a_commit_is_on_the_remote_when_it_returns(both: tuple[Repository, Remote], tmp_path: Path) -> None:
    repository, remote = both
    before = repository.resolve("main")
    made = repository.commit(
        "main", {"helm/shop/values.yaml": b"a: 3\n", "bin/odd name.bin": None}, "Raise a\n\nWhy.", ME
    )
    assert repository.resolve("main") == made != before
    assert repository.read(made, "helm/shop/values.yaml") == b"a: 3\n"
    with pytest.raises(NotFoundError):
        repository.read(made, "bin/odd name.bin")
    newest = repository.log("main", limit=1)[0]
    assert (newest.sha, newest.subject, newest.author) == (made, "Raise a", ME)
    assert set(newest.files) == {"helm/shop/values.yaml", "bin/odd name.bin"}
    later = remote.push("main", {"z.txt": b"z"})
    repository.fetch()
    assert repository.read(later, "helm/shop/values.yaml") == b"a: 3\n"


def test_a_commit_that_changes_nothing_gives_the_parent(both: tuple[Repository, Remote]) -> None:
    repository, _ = both
    tip = repository.resolve("main")
    assert repository.commit("main", {"helm/shop/values.yaml": b"a: 1\n"}, "Same", ME) == tip


def test_a_lost_race_writes_nothing(both: tuple[Repository, Remote]) -> None:
    repository, remote = both
    read = repository.resolve("main")
    theirs = remote.push("main", {"helm/shop/values.yaml": b"a: 9\n"})
    with pytest.raises(ConflictError):
        repository.commit("main", {"helm/shop/values.yaml": b"a: 3\n"}, "Mine", ME, parent=read)
    repository.fetch()
    assert repository.resolve("main") == theirs


def test_bad_commits_are_refused(both: tuple[Repository, Remote]) -> None:
    repository, _ = both
    with pytest.raises(InputError):
        repository.commit("main", {"a": b""}, " ", ME)
    with pytest.raises(InputError):
        repository.commit("main", {"a": b""}, "x", Author("a\nb", "x@y"))
    with pytest.raises(InputError):
        repository.commit("main", {"../a": b""}, "x", ME)
    with pytest.raises(NotFoundError):
        repository.commit("ghost", {"a": b""}, "x", ME)


def test_the_log_of_a_path_is_newest_first(both: tuple[Repository, Remote]) -> None:
    repository, remote = both
    remote.push("main", {"helm/shop/values.yaml": b"a: 2\n"}, "two")
    remote.push("main", {"other": b""}, "other")
    remote.push("main", {"helm/shop/values.yaml": b"a: 3\n"}, "three")
    repository.fetch()
    assert [c.subject for c in repository.log("main", "helm/shop")] == ["three", "two", "seed"]
    assert len(repository.log("main", limit=2)) == 2
