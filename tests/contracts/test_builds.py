"""The contract of `SourceBuilds`, on the fake and on git with real programs."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from conductor_core.adapters.git import GitBuilds
from conductor_core.adapters.system import SystemCommands
from conductor_core.errors import ConfigurationError, ConflictError, InputError, NotFoundError, OffError, ToolError
from conductor_core.ports.builds import SourceBuilds
from tests.fakes.builds import FakeBuilds

GOOD = [sys.executable, "build.py", "good"]
BAD = [sys.executable, "build.py", "bad"]
BUILD = """
import os, pathlib, sys
print("version", os.environ["UI_VERSION"], "of", sorted(os.listdir(".")), flush=True)
print("secret", os.environ.get("CONDUCTOR_SLACK_TOKEN"), "place", os.getcwd(), flush=True)
pathlib.Path("dist").mkdir()
sys.exit(3 if sys.argv[1] == "bad" else 0)
"""


@dataclass
class Source:
    """The source, its builds, and how a branch of it moves."""

    builds: SourceBuilds
    push: Callable[[str], str]


def like_the_script(argv: Sequence[str], told: Mapping[str, str], say: Callable[[str], None]) -> int:
    say(f"version {told['UI_VERSION']} of ['build.py', 'count']")
    return 3 if argv[-1] == "bad" else 0


@pytest.fixture(params=["fake", "git"])
def source(request: pytest.FixtureRequest, tmp_path: Path) -> Source:
    if request.param == "fake":
        fake = FakeBuilds(program=like_the_script)
        found = Source(fake, fake.push)
    else:
        found = Source(GitBuilds(SystemCommands(), str(tmp_path / "ui"), tmp_path / "work"), pusher(tmp_path / "ui"))
    found.push("main")
    return found


def git(folder: Path, *arguments: str) -> str:
    identity = ("-c", "user.name=a", "-c", "user.email=a@b.test")
    return subprocess.run(
        ("git", "-C", str(folder), *identity, *arguments), check=True, capture_output=True, text=True
    ).stdout.strip()


def pusher(folder: Path) -> Callable[[str], str]:
    folder.mkdir()
    git(folder, "init", "--quiet", "--initial-branch=main")
    (folder / "build.py").write_text(BUILD)

    def push(ref: str) -> str:
        count = folder / "count"
        count.write_text(f"{count.read_text() if count.exists() else ''}x")
        git(folder, "add", ".")
        git(folder, "commit", "--quiet", "-m", "next")
        if ref != "main":
            git(folder, "tag", "-a", "-m", "release", ref)
        return git(folder, "rev-parse", "HEAD")

    return push


def build(source: Source, ref: str, commit: str, argv: Sequence[str] = GOOD) -> list[str]:
    heard: list[str] = []
    source.builds.build(ref, commit, argv, {"UI_VERSION": "1.8.0"}, heard.append, 60.0)
    return heard


def test_a_branch_a_tag_and_a_commit_name_a_commit(source: Source) -> None:
    tagged = source.push("v1.8.0")
    assert source.builds.resolve("v1.8.0") == tagged
    assert source.builds.resolve(tagged) == tagged
    assert source.builds.resolve("main") != ""


def test_what_the_source_has_not_got_is_said(source: Source) -> None:
    with pytest.raises(NotFoundError, match=r"no branch, tag or commit v9"):
        source.builds.resolve("v9")
    with pytest.raises(InputError):
        source.builds.resolve("--upload-pack=touch")


def test_the_program_runs_on_that_commit_and_is_heard(source: Source) -> None:
    commit = source.push("v1.8.0")
    assert build(source, "v1.8.0", commit)[0] == "version 1.8.0 of ['build.py', 'count']"


def test_a_ref_that_moved_is_refused_and_nothing_runs(source: Source) -> None:
    commit = source.builds.resolve("main")
    source.push("main")
    with pytest.raises(ConflictError, match="moved"):
        build(source, "main", commit)


def test_a_failed_build_is_an_error(source: Source) -> None:
    with pytest.raises(ToolError, match="exit code 3"):
        build(source, "main", source.builds.resolve("main"), BAD)


def test_a_build_sees_no_setting_and_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONDUCTOR_SLACK_TOKEN", "hunter22")
    source = Source(GitBuilds(SystemCommands(), str(tmp_path / "ui"), tmp_path / "work"), pusher(tmp_path / "ui"))
    told = build(source, "main", source.push("main"))[1]
    assert told.startswith("secret None")
    assert not Path(told.split(" place ")[1]).exists()
    assert list((tmp_path / "work").iterdir()) == []


def test_a_source_that_is_not_there_is_called_what_it_is(tmp_path: Path) -> None:
    builds = GitBuilds(SystemCommands(), str(tmp_path / "none"), tmp_path)
    with pytest.raises(ConfigurationError, match="Git could not ls-remote the UI's source") as told:
        builds.resolve("main")
    assert "CONDUCTOR_UI_REPO" in told.value.next


@pytest.mark.parametrize("address", ["", "--upload-pack=touch"])
def test_without_a_source_it_says_so(address: str, tmp_path: Path) -> None:
    with pytest.raises(OffError, match="where the UI's source is"):
        GitBuilds(SystemCommands(), address, tmp_path).resolve("main")
