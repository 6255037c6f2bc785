from __future__ import annotations

import json
from pathlib import Path

import pytest

from conductor_core.entrypoints.cli.main import run
from conductor_core.errors import UnreachableError
from conductor_core.services.status import Probe
from tests.fakes.conductor import build


def refused() -> str:
    raise UnreachableError("The cluster does not answer.", why="Connection refused.", next="Start it.")


GOOD = Probe("database", lambda: "PostgreSQL 18")
DOWN = Probe("cluster", refused)
OFF = Probe("slack", lambda: "", off="Set CONDUCTOR_SLACK_WEBHOOK.")


@pytest.mark.parametrize(("probes", "code"), [((GOOD, OFF), 0), ((GOOD, DOWN), 1)])
def test_exits_0_only_when_all_configured_connections_are_healthy(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], probes: tuple[Probe, ...], code: int
) -> None:
    conductor = build(tmp_path, probes=probes)
    assert run(["status", "--json"], lambda: conductor) == code
    said = json.loads(capsys.readouterr().out)
    assert said["healthy"] is (code == 0)
    assert [c["name"] for c in said["connections"]] == [p.name for p in probes]


def test_people_are_told_why_and_what_next(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    conductor = build(tmp_path, probes=(GOOD, DOWN, OFF))
    assert run(["status"], lambda: conductor) == 1
    said = capsys.readouterr().out
    assert "cluster: Connection refused. Start it." in said
    assert "off" in said
