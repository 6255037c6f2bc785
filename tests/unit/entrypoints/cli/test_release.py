from __future__ import annotations

import json
import shlex
from pathlib import Path
from typing import Any

import pytest

from conductor_core.entrypoints.cli.main import run
from conductor_core.errors import UnreachableError
from tests.fakes.conductor import FakeConductor, build


@pytest.fixture
def conductor(tmp_path: Path) -> FakeConductor:
    return build(tmp_path)


def told(conductor: FakeConductor, capsys: pytest.CaptureFixture[str], line: str, code: int = 0) -> str:
    assert run(shlex.split(line), lambda: conductor) == code
    return capsys.readouterr().out


def asked(conductor: FakeConductor, capsys: pytest.CaptureFixture[str], line: str, code: int = 0) -> Any:
    return json.loads(told(conductor, capsys, f"{line} --json", code))


def test_releases_are_listed_by_channel(conductor: FakeConductor, capsys: pytest.CaptureFixture[str]) -> None:
    dev, staging = asked(conductor, capsys, "release list")["releases"]
    assert (dev["channel"], dev["revision"], dev["health"], dev["in_step"]) == ("dev", 1, "healthy", True)
    assert (staging["channel"], staging["revision"]) == ("staging", 0)
    said = told(conductor, capsys, "release list")
    assert all(len(line) <= 80 for line in said.splitlines())
    assert "healthy" in said


def test_an_unreachable_cluster_leaves_the_cells_empty_with_a_note(
    conductor: FakeConductor, capsys: pytest.CaptureFixture[str]
) -> None:
    conductor.cluster.failure = UnreachableError("The cluster does not answer.", why="Refused.", next="Start it.")
    listed = asked(conductor, capsys, "release list")
    assert "does not answer" in listed["notes"][0]
    assert "note: The cluster does not answer." in told(conductor, capsys, "release list")


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ("live:dev", "channel:dev", 0),
        ("channel:dev", "channel:dev", 0),
        ("channel:dev", "channel:staging", 1),
        ("live:staging", "channel:staging", 1),
        ("live:dev", "nothing", 2),
        ("live:dev", "channel:prod", 2),
    ],
)
def test_diff_exits_as_diff_does(
    conductor: FakeConductor, capsys: pytest.CaptureFixture[str], old: str, new: str, code: int
) -> None:
    line = f"release diff intelgraph --from {old} --to {new}"
    found = asked(conductor, capsys, line, code)
    assert ("error" in found) is (code == 2)
    if code < 2:
        assert found["same"] is (code == 0)
    told(conductor, capsys, line, code)


def test_diff_exits_2_when_the_cluster_is_unreachable(
    conductor: FakeConductor, capsys: pytest.CaptureFixture[str]
) -> None:
    conductor.cluster.failure = UnreachableError("The cluster does not answer.")
    found = asked(conductor, capsys, "release diff intelgraph --from live:dev --to channel:dev", 2)
    assert found["error"]["what"] == "The cluster does not answer."


def test_people_see_the_fields_that_change(conductor: FakeConductor, capsys: pytest.CaptureFixture[str]) -> None:
    said = told(conductor, capsys, "release diff intelgraph --from channel:dev --to channel:staging", 1)
    assert '/data/size: "2" → "1"' in said
    assert "1 changed" in said


def test_history_is_newest_first(conductor: FakeConductor, capsys: pytest.CaptureFixture[str]) -> None:
    revisions = asked(conductor, capsys, "release history intelgraph --channel dev")["revisions"]
    assert [(r["revision"], r["status"]) for r in revisions] == [(1, "deployed")]
    assert "REV" in told(conductor, capsys, "release history intelgraph --channel dev")


def test_deploy_and_rollback_request_changes(conductor: FakeConductor, capsys: pytest.CaptureFixture[str]) -> None:
    tail = "--reason testing --as requester"
    deploy = asked(conductor, capsys, f"release deploy intelgraph --channel dev --set a.b=1 --set c=x,y {tail}")
    assert (deploy["runbook"], deploy["state"]) == ("deploy_release", "requested")
    assert deploy["parameters"]["sets"] == {"a.b": "1", "c": "x,y"}
    back = asked(conductor, capsys, f"release rollback intelgraph --channel dev --to-revision 1 {tail}")
    assert back["parameters"] == {"release": "intelgraph", "channel": "dev", "to_revision": 1}
    error = asked(conductor, capsys, f"release rollback intelgraph --channel dev --to-revision 0 {tail}", 2)["error"]
    assert "--to-revision" in error["what"]


def test_wait_leaves_stdout_to_the_json(conductor: FakeConductor, capsys: pytest.CaptureFixture[str]) -> None:
    conductor.worker.prompt = True
    line = "release deploy intelgraph --channel dev --reason testing --as requester --wait --json"
    assert run(shlex.split(line), lambda: conductor) == 0
    said = capsys.readouterr()
    assert json.loads(said.out)["state"] == "succeeded"
    assert "revision 2" in said.err
    assert asked(conductor, capsys, line.replace("dev", "staging").removesuffix(" --json"), 3)["state"] == (
        "awaiting_approval"
    )
