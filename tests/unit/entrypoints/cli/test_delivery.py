"""`conductor delivery` on a played controller: what there is, and the abort of a fleet by the name that it says."""

from __future__ import annotations

import json
import shlex
from pathlib import Path
from typing import Any, cast

import pytest

from conductor_core.entrypoints.cli.main import run
from conductor_core.errors import ConfigurationError, UnreachableError
from tests.fakes.conductor import RUNBOOKS
from tests.pages import delivery_worlds
from tests.pages.delivery_worlds import OURS, World


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    """Two rollouts of one name and version, both held."""
    for name, runbook in OURS.items():
        monkeypatch.setitem(RUNBOOKS, name, runbook)
    made = delivery_worlds.world(tmp_path)
    for tag in ("1.0.0", "2.0.0"):
        for namespace in ("one", "two"):
            made.put(namespace, tag)
    return made


def said(world: World, capsys: pytest.CaptureFixture[str], line: str, code: int = 0) -> tuple[str, str]:
    assert run(shlex.split(line), lambda: world.conductor) == code
    told = capsys.readouterr()
    return told.out, told.err


def test_a_fleet_is_listed_and_aborted_by_its_name(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    out, _ = said(world, capsys, "delivery list")
    assert "one/api" in out
    assert all(len(line) <= 80 for line in out.splitlines())
    (row,) = [line.split("  ") for line in out.splitlines() if line.startswith("api 2.0.0")]
    assert [cell.strip() for cell in row if cell.strip()] == ["api 2.0.0", "2 of 2", "one name and version"]
    out, _ = said(world, capsys, 'delivery fleet-abort "api 2.0.0" --reason errors --as requester --json')
    assert json.loads(out)["parameters"]["members"] == ["one/api", "two/api"]
    out, err = said(world, capsys, "delivery fleet-abort nothing --reason errors --as requester", 2)
    assert "Known: api 2.0.0." in out + err


def test_rollouts_are_listed_without_argo_cd(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    world.argocd.failure = ConfigurationError("Argo CD is not configured.", why="CONDUCTOR_ARGOCD_URL is not set.")
    out, err = said(world, capsys, "delivery list")
    assert "one/api" in out
    assert "no pipelines: Argo CD is not configured." in err
    told = json.loads(said(world, capsys, "delivery list --json")[0])
    assert (len(told["rollouts"]), told["pipelines"]) == (2, [])
    assert "Argo CD is not configured." in told["missing"]


class Away:
    """A cluster that does not answer."""

    def all(self, namespace: str = "") -> Any:
        raise UnreachableError("The cluster of the context west did not answer.", why="no route to host")


def test_a_cluster_that_does_not_answer_is_named(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    world.others["west"] = cast(Any, Away())
    assert "no answer from west: what runs there is in no fleet" in said(world, capsys, "delivery list")[0]
    told = json.loads(said(world, capsys, "delivery list --json")[0])
    assert (told["silent"], told["fleets"][0]["silent"]) == (["west"], ["west"])
    _, err = said(world, capsys, 'delivery fleet-abort "api 2.0.0" --reason errors --as requester --json')
    assert "no answer from west: what runs there is not aborted" in err
