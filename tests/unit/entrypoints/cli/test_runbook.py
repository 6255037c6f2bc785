from __future__ import annotations

import json
import shlex
from pathlib import Path
from typing import Any

import pytest

from conductor_core.entrypoints.cli.main import run
from conductor_core.entrypoints.cli.runbook import pairs, typed
from conductor_core.errors import InputError
from tests.fakes.conductor import RUNBOOKS, FakeConductor, build


@pytest.fixture
def conductor(tmp_path: Path) -> FakeConductor:
    return build(tmp_path)


def asked(conductor: FakeConductor, capsys: pytest.CaptureFixture[str], line: str, code: int = 0) -> Any:
    assert run([*shlex.split(line), "--json"], lambda: conductor) == code
    return json.loads(capsys.readouterr().out)


def test_parameters_get_their_declared_types() -> None:
    texts = ["word=a=b", "count=3", "share=0.25", "really=yes", 'items=["a", 1]', 'map={"k": true}']
    assert typed(RUNBOOKS["try_types"], texts) == {
        "word": "a=b",
        "count": 3,
        "share": 0.25,
        "really": True,
        "items": ["a", 1],
        "map": {"k": True},
    }


@pytest.mark.parametrize("text", ["count=three", "share=", "really=maybe", "items=[", "map={'a'}"])
def test_a_value_of_another_type_is_refused(text: str) -> None:
    with pytest.raises(InputError) as bad:
        typed(RUNBOOKS["try_types"], [text])
    assert "declared as" in bad.value.why


@pytest.mark.parametrize("texts", [["a"], ["=b"], ["a=1", "a=2"]])
def test_pairs_are_written_key_equals_value(texts: list[str]) -> None:
    with pytest.raises(InputError):
        pairs(texts, "--set")


def test_a_runbook_is_run_as_a_change(conductor: FakeConductor, capsys: pytest.CaptureFixture[str]) -> None:
    conductor.worker.prompt = True
    line = "runbook run try_types -p count=3 -p word=that --reason testing --as requester --wait"
    change = asked(conductor, capsys, line)
    assert change["state"] == "succeeded"
    assert change["title"] == "Try that"
    assert change["parameters"]["count"] == 3


def test_an_unknown_parameter_and_an_unknown_runbook_are_named(
    conductor: FakeConductor, capsys: pytest.CaptureFixture[str]
) -> None:
    tail = "--reason testing --as requester"
    error = asked(conductor, capsys, f"runbook run try_types -p nothing=1 {tail}", code=2)["error"]
    assert "nothing" in error["what"]
    error = asked(conductor, capsys, f"runbook run nothing {tail}", code=2)["error"]
    assert "deploy_release" in error["why"]


def test_runbooks_are_listed_with_the_broken_ones(conductor: FakeConductor, capsys: pytest.CaptureFixture[str]) -> None:
    listed = asked(conductor, capsys, "runbook list")
    assert [runbook["name"] for runbook in listed["runbooks"]] == sorted(RUNBOOKS)
    assert listed["broken"] == [{"file": "runbooks/half.yaml", "problem": "notebook: missing"}]
    shown = asked(conductor, capsys, "runbook show deploy_release")
    assert shown["approvals"] == {"dev": 0, "staging": 1, "prod": 2}
    assert run(["runbook", "show", "deploy_release"], lambda: conductor) == 0
    assert "PARAMETER" in capsys.readouterr().out
    assert run(["runbook", "list"], lambda: conductor) == 0
    assert "left out: runbooks/half.yaml" in capsys.readouterr().out
