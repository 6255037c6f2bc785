"""`conductor local` on a home without a plane: answers, exit codes, errors as JSON."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from conductor_core.entrypoints.cli.main import run


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("CONDUCTOR_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("CONDUCTOR_CACHE", str(tmp_path / "cache"))
    return tmp_path / "home"


def test_status_of_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["local", "status", "--json"]) == 1
    told = json.loads(capsys.readouterr().out)
    assert (told["state"], told["endpoints"], told["build"]["state"]) == ("absent", None, "idle")
    assert "helm" in told["missing_programs"]


def test_status_for_people(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["local", "status"]) == 1
    said = capsys.readouterr().out
    assert "local control plane: absent" in said
    assert "conductor local build" in said


def test_down_of_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["local", "down", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"stopped": False}
    assert run(["local", "down"]) == 0
    assert "Nothing was running." in capsys.readouterr().out


def test_reset_must_be_confirmed(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (home / "local").mkdir(parents=True)
    assert run(["local", "reset", "--json"]) == 2
    error = json.loads(capsys.readouterr().out)["error"]
    assert str(home / "local") in error["why"]
    assert error["next"] == "Add --yes."
    assert (home / "local").is_dir()
    assert run(["local", "reset", "--json", "--yes"]) == 0
    assert json.loads(capsys.readouterr().out) == {"deleted": True}
    assert not (home / "local").exists()


def test_an_unknown_program(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["local", "build", "--only", "rm", "--json"]) == 2
    assert "no program rm" in json.loads(capsys.readouterr().out)["error"]["what"]
