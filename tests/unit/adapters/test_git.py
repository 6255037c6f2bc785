"""What only git itself can show: links, exotic transports, races, locks left by the dead, missing remotes."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from conductor_core.adapters.git import GitRepository
from conductor_core.adapters.system import SystemCommands
from conductor_core.errors import ConfigurationError, ConflictError, RefusedError
from conductor_core.ports.repository import Author

ME = Author("Rita", "rita@example.test")


def git(*arguments: str) -> str:
    identity = ["-c", "user.name=S", "-c", "user.email=s@example.test"]
    return subprocess.run(["git", *identity, *arguments], check=True, capture_output=True, text=True).stdout.strip()


@pytest.fixture
def remote(tmp_path: Path) -> Path:
    work = tmp_path / "work"
    git("init", "-q", "-b", "main", str(work))
    (work / "chart").mkdir()
    (work / "chart" / "run.sh").write_text("#!/bin/sh\n")
    (work / "chart" / "run.sh").chmod(0o755)
    (work / "linked").mkdir()
    (work / "linked" / "passwd").symlink_to("/etc/passwd")
    (work / "escape").symlink_to("..")
    git("-C", str(work), "add", "-A")
    git("-C", str(work), "commit", "-q", "-m", "seed")
    git("clone", "-q", "--bare", str(work), str(tmp_path / "remote.git"))
    return tmp_path / "remote.git"


@pytest.fixture
def repository(remote: Path, tmp_path: Path) -> GitRepository:
    return GitRepository(SystemCommands(), str(remote), tmp_path / "home")


@pytest.mark.parametrize("path", ["linked", "linked/passwd", "escape", "."])
def test_symbolic_links_are_refused(repository: GitRepository, path: str) -> None:
    with pytest.raises(RefusedError, match="symbolic link"):
        repository.export(repository.resolve("main"), path)


def test_a_link_is_not_read_through(repository: GitRepository) -> None:
    with pytest.raises(RefusedError):
        repository.read(repository.resolve("main"), "linked/passwd")


def test_the_executable_bit_is_kept_and_copies_are_read_only(repository: GitRepository) -> None:
    copy = repository.export(repository.resolve("main"), "chart") / "run.sh"
    assert copy.stat().st_mode & 0o777 == 0o500
    made = repository.commit("main", {"chart/run.sh": b"#!/bin/sh\ntrue\n"}, "Edit", ME)
    assert (repository.export(made, "chart") / "run.sh").stat().st_mode & 0o777 == 0o500


@pytest.mark.parametrize("address", ["ext::sh -c 'touch PWNED'", "--upload-pack=touch PWNED", "", "http://x.invalid/y"])
def test_exotic_addresses_are_refused(tmp_path: Path, address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ConfigurationError):
        GitRepository(SystemCommands(), address, tmp_path / "home").fetch()
    assert not (tmp_path / "PWNED").exists()


def test_a_missing_remote_is_a_setting_to_mend(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError) as caught:
        GitRepository(SystemCommands(), str(tmp_path / "none.git"), tmp_path / "home").fetch()
    assert "CONDUCTOR_OPS_REPO" in caught.value.next


def test_credentials_in_an_address_never_show(tmp_path: Path) -> None:
    address = f"file://user:canary-secret@localhost{tmp_path}/none.git"
    with pytest.raises(Exception, match="could not fetch") as caught:
        GitRepository(SystemCommands(), address, tmp_path / "home").fetch()
    assert "canary-secret" not in str(caught.value)


def test_locks_left_by_a_dead_git_do_not_stop_the_next_one(repository: GitRepository, tmp_path: Path) -> None:
    repository.fetch()
    for name in ("packed-refs.lock", "refs/heads/main.lock", "HEAD.lock", "objects/info/commit-graph.lock"):
        (tmp_path / "home/ops.git" / name).touch()
    assert repository.commit("main", {"chart/new.txt": b"x"}, "Add", ME) == repository.resolve("main")
    assert not list((tmp_path / "home/ops.git").rglob("*.lock"))


def test_a_half_made_mirror_is_made_again(repository: GitRepository, tmp_path: Path) -> None:
    half = tmp_path / "home/ops.git"
    half.mkdir(parents=True)
    (half / "HEAD").write_text("ref: refs/heads/main\n")
    assert len(repository.resolve("main")) == 40


def test_a_push_that_loses_at_the_remote_is_a_conflict(remote: Path, repository: GitRepository) -> None:
    """The remote moves between our fetch and our push: its own hook moves it, so the race is certain."""
    tip = repository.resolve("main")
    hook = remote / "hooks" / "pre-receive"
    other = git("-C", str(remote), "commit-tree", f"{tip}^{{tree}}", "-p", tip, "-m", "theirs")
    hook.write_text(f"#!/bin/sh\nunset GIT_QUARANTINE_PATH\ngit update-ref refs/heads/main {other}\n")
    hook.chmod(0o755)
    with pytest.raises(ConflictError):
        repository.commit("main", {"chart/new.txt": b"x"}, "Mine", ME)
    assert git("-C", str(remote), "rev-parse", "main") == other


def test_a_hook_that_declines_is_a_refusal_with_its_words(remote: Path, repository: GitRepository) -> None:
    hook = remote / "hooks" / "pre-receive"
    hook.write_text("#!/bin/sh\necho 'no deploys on friday' >&2\nexit 1\n")
    hook.chmod(0o755)
    with pytest.raises(RefusedError) as caught:
        repository.commit("main", {"chart/new.txt": b"x"}, "Mine", ME)
    assert "no deploys on friday" in caught.value.why


def test_git_variables_of_the_caller_do_not_redirect_us(
    repository: GitRepository, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "elsewhere"))
    monkeypatch.setenv("GIT_ALLOW_PROTOCOL", "ext")
    assert len(repository.resolve("main")) == 40
    assert os.environ["GIT_ALLOW_PROTOCOL"] == "ext"
