"""Builds for real, with the toolchain of the environment, a program of one line."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from conductor_core.errors import InputError, StorageError, ToolError, UnreachableError
from conductor_core.localplane import build as room
from conductor_core.localplane import progress
from conductor_core.localplane.build import build, environment
from conductor_core.localplane.programs import Catalogue, Program, layout, store
from conductor_core.localplane.progress import BuildProgress
from conductor_core.settings import Settings, load

SOURCE = 'package main\n\nvar word = "plain"\n\nfunc main() { println(word) }\n'


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """An empty cache that borrows the compiled standard library of the user's, so that a build takes a second."""
    warm = load().cache / "go" / "build"
    warm.mkdir(parents=True, exist_ok=True)
    (tmp_path / "cache" / "go").mkdir(parents=True)
    (tmp_path / "cache" / "go" / "build").symlink_to(warm)
    return Settings(cache=tmp_path / "cache")


@pytest.fixture
def shelf(tmp_path: Path) -> Catalogue:
    folder = tmp_path / "infra" / "go" / "hello"
    folder.mkdir(parents=True)
    (folder / "go.mod").write_text("module example.test/hello\n\ngo 1.24\n")
    (folder / "go.sum").write_text("")
    (folder / "main.go").write_text(SOURCE)
    program = Program("hello", "hello", "example.test/hello", 5, "-X main.word=linked")
    return Catalogue(tmp_path / "infra", (program,), {})


def said(program: Path) -> str:
    return subprocess.run([program], capture_output=True, text=True, check=True).stderr.strip()


def test_a_program_appears_and_is_built_once(settings: Settings, shelf: Catalogue) -> None:
    told: list[BuildProgress] = []
    built = build(settings, told.append, shelf=shelf)
    assert said(built.path("hello")) == "linked"
    assert (told[0].state, told[0].current, told[0].done, told[0].total) == ("building", "hello", 0, 1)
    assert (told[-1].state, told[-1].done, told[-1].fraction) == ("done", 1, 1.0)
    assert progress.read(settings).state == "done"
    inode = built.path("hello").stat().st_ino
    told.clear()
    assert build(settings, told.append, shelf=shelf) == built
    assert told == []
    assert built.path("hello").stat().st_ino == inode


def test_a_new_set_takes_unchanged_programs_over(settings: Settings, shelf: Catalogue) -> None:
    first = build(settings, shelf=shelf)
    folder = shelf.infra / "go" / "other"
    folder.mkdir()
    for name in ("go.mod", "go.sum", "main.go"):
        (folder / name).write_bytes((shelf.infra / "go" / "hello" / name).read_bytes())
    more = replace(shelf.programs[0], name="other", folder="other", ldflags="")
    second = build(settings, shelf=replace(shelf, programs=(*shelf.programs, more)))
    assert second.bin != first.bin
    assert second.path("hello").stat().st_ino == first.path("hello").stat().st_ino
    assert said(second.path("other")) == "plain"


def test_two_builds_at_once(settings: Settings, shelf: Catalogue) -> None:
    told: list[list[BuildProgress]] = [[], []]
    threads = [threading.Thread(target=build, args=(settings, t.append), kwargs={"shelf": shelf}) for t in told]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert said(layout(settings, shelf).path("hello")) == "linked"
    assert [t[-1].state for t in told if t and t[-1].state != "idle"] != []
    assert len(list((settings.cache / "programs" / "store").rglob("hello"))) == 1


def test_a_build_that_was_killed_is_resumed(settings: Settings, shelf: Catalogue) -> None:
    code = (
        "import os, signal, sys\n"
        "from pathlib import Path\n"
        "from conductor_core.localplane import build as room\n"
        "from conductor_core.localplane.programs import Catalogue, Program\n"
        "from conductor_core.settings import Settings\n"
        f"shelf = Catalogue(Path({str(shelf.infra)!r}), ({shelf.programs[0]!r},), {{}})\n"
        "def die(told):\n"
        "    if told.state == 'building': os.kill(os.getpid(), signal.SIGKILL)\n"
        f"room.build(Settings(cache=Path({str(settings.cache)!r})), die, shelf=shelf)\n"
    )
    ended = subprocess.run([sys.executable, "-c", code], cwd=Path.cwd(), check=False)
    assert ended.returncode == -9
    assert progress.read(settings).state == "idle"
    assert said(build(settings, shelf=shelf).path("hello")) == "linked"


def test_what_does_not_compile_is_told_and_leaves_nothing(settings: Settings, shelf: Catalogue) -> None:
    (shelf.infra / "go" / "hello" / "main.go").write_text("package main\n\nfunc main() { nonsense() }\n")
    with pytest.raises(ToolError) as bad:
        build(settings, shelf=shelf)
    assert "undefined: nonsense" in bad.value.why
    assert progress.read(settings).state == "failed"
    assert not store(settings, shelf.programs[0], shelf).exists()
    assert not (layout(settings, shelf).bin / "hello").exists()


def test_an_unknown_program(settings: Settings, shelf: Catalogue) -> None:
    with pytest.raises(InputError, match="no program rm"):
        build(settings, only=["rm"], shelf=shelf)


def test_a_cache_that_cannot_be_written(tmp_path: Path, shelf: Catalogue) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError, match="can't be written"):
        build(Settings(cache=tmp_path / "file"), shelf=shelf)


def test_failures_are_told_apart() -> None:
    assert isinstance(room._failure("p", "write x: no space left on device"), StorageError)
    assert isinstance(room._failure("p", "dial tcp 127.0.0.1:1: connection refused"), UnreachableError)
    assert isinstance(room._failure("p", "undefined: x"), ToolError)


def test_the_toolchain_writes_below_the_cache_only(settings: Settings) -> None:
    env = environment(settings)
    for name in ("GOCACHE", "GOMODCACHE", "GOPATH", "GOTMPDIR", "XDG_CONFIG_HOME"):
        assert Path(env[name]).is_relative_to(settings.cache), name
    assert env["GOTOOLCHAIN"] == "local"
    assert env["CGO_ENABLED"] == "0"
    assert env["PATH"] == os.environ["PATH"]
