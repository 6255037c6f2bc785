from __future__ import annotations

import json
from pathlib import Path

import pytest

from conductor_core.domain.changes import State
from conductor_core.entrypoints.cli.main import run
from conductor_core.services.audit_pack import verify_pack
from tests.fakes.conductor import FakeConductor, build
from tests.fakes.ledger import VKEY, with_ledger


@pytest.fixture
def conductor(tmp_path: Path) -> FakeConductor:
    found, ledger = with_ledger(build(tmp_path))
    found.settled(State.SUCCEEDED)
    ledger.seal()
    return found


def test_a_pack_of_a_change(conductor: FakeConductor, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    change = conductor.changes.find()[0]
    file = tmp_path / "pack.tar"
    assert run(["audit", "pack", "--change", change.id, "--out", str(file), "--json"], lambda: conductor) == 0
    said = json.loads(capsys.readouterr().out)
    assert (said["changes"], said["missing"], said["bytes"]) == ([change.id], [], file.stat().st_size)
    assert file.stat().st_mode & 0o777 == 0o600
    assert verify_pack(file.read_bytes(), VKEY)
    assert run(["audit", "pack", "--change", change.id, "--out", str(file)], lambda: conductor) == 0
    assert said["digest"] in capsys.readouterr().out


def test_a_pack_of_a_period(conductor: FakeConductor, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "pack.tar"
    within = ["--from", "2026-11-24", "--to", "2026-11-25T01:00:00+01:00"]
    assert run(["audit", "pack", *within, "--out", str(file), "--json"], lambda: conductor) == 0
    assert json.loads(capsys.readouterr().out)["entries"] == 11
    assert verify_pack(file.read_bytes(), VKEY)
    assert run(["audit", "pack", "--from", "2026-11-20", "--to", "2026-11-21", "--out", "x"], lambda: conductor) == 2


def test_missing_evidence_is_said_and_exits_1(
    conductor: FakeConductor, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    change = conductor.changes.find()[0]
    conductor.blobs.held.clear()
    assert run(["audit", "pack", "--change", change.id, "--out", str(tmp_path / "p.tar")], lambda: conductor) == 1
    assert f"missing: manifests.yaml of {change.id}" in capsys.readouterr().err


@pytest.mark.parametrize(
    "given",
    [[], ["--change", "chg-1", "--from", "2026-01-01"], ["--from", "yesterday"], ["--change", "chg-1", "--to", "2026"]],
)
def test_what_goes_into_it_must_be_said(conductor: FakeConductor, tmp_path: Path, given: list[str]) -> None:
    assert run(["audit", "pack", *given, "--out", str(tmp_path / "p.tar")], lambda: conductor) == 2


def test_a_file_that_can_t_be_written(conductor: FakeConductor, tmp_path: Path) -> None:
    change = conductor.changes.find()[0]
    assert run(["audit", "pack", "--change", change.id, "--out", str(tmp_path / "a" / "b")], lambda: conductor) == 1
