"""The catalogue fits the committed module files, and digests change with what they cover."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from conductor_core.errors import ConfigurationError, InputError
from conductor_core.localplane import programs
from conductor_core.localplane.programs import CATALOGUE, LOCAL_INFRA, SHIPPED, Catalogue, Program, Programs
from conductor_core.settings import Settings


@pytest.mark.parametrize("program", CATALOGUE, ids=lambda p: p.name)
def test_each_program_is_pinned_as_a_tool_of_its_module(program: Program) -> None:
    folder = LOCAL_INFRA / "go" / program.folder
    assert program.package in (folder / "go.mod").read_text()
    assert (folder / "go.sum").stat().st_size > 0
    assert program.seconds > 0


def test_the_order_puts_first_what_others_wait_for() -> None:
    names = [p.name for p in programs.select()]
    assert names[:2] == ["helm", "kubectl"]
    assert {"cosign", "helmfile"}.isdisjoint(names)
    assert [p.name for p in programs.select(["helmfile", "helm"])] == ["helm", "helmfile"]


def test_an_unknown_program() -> None:
    with pytest.raises(InputError) as said:
        programs.select(["rm"])
    assert "helm" in said.value.why


@pytest.fixture
def shelf(tmp_path: Path) -> Catalogue:
    folder = tmp_path / "infra" / "go" / "m"
    folder.mkdir(parents=True)
    (folder / "go.mod").write_text("module m\n")
    (folder / "go.sum").write_text("")
    return Catalogue(tmp_path / "infra", (Program("a", "m", "m", 1),), {})


def test_the_digest_covers_files_and_flags(shelf: Catalogue) -> None:
    program = shelf.programs[0]
    first = programs.digest(program, shelf)
    assert programs.digest(program, shelf) == first
    assert programs.digest(replace(program, seconds=99), shelf) == first
    assert programs.digest(replace(program, ldflags="-X a=b"), shelf) != first
    (shelf.infra / "go" / "m" / "go.sum").write_text("x")
    assert programs.digest(program, shelf) != first


def test_missing_module_files(shelf: Catalogue) -> None:
    (shelf.infra / "go" / "m" / "go.mod").unlink()
    with pytest.raises(ConfigurationError, match="build description of a"):
        programs.digest(shelf.programs[0], shelf)


def test_what_is_missing(shelf: Catalogue, tmp_path: Path) -> None:
    settings = Settings(cache=tmp_path / "cache")
    assert programs.missing(settings, shelf=shelf) == ["a"]
    place = programs.layout(settings, shelf).bin
    place.mkdir(parents=True)
    (place / "a").write_text("")
    assert programs.missing(settings, shelf=shelf) == []


def test_a_program_that_is_not_built(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError) as said:
        Programs(tmp_path, tmp_path).path("helm")
    assert "conductor local build --only helm" in said.value.next


def test_the_set_lies_below_the_cache(tmp_path: Path) -> None:
    settings = Settings(cache=tmp_path)
    assert programs.layout(settings).bin.is_relative_to(tmp_path)
    assert programs.store(settings, CATALOGUE[0], SHIPPED).is_relative_to(tmp_path)
