from __future__ import annotations

import json
from pathlib import Path

import pytest

from conductor_core.domain.changes import State
from conductor_core.entrypoints.cli.main import run
from conductor_core.wiring import Conductor
from tests.fakes.conductor import build
from tests.fakes.ledger import VKEY, with_ledger


def no_conductor() -> Conductor:
    raise AssertionError("nothing but the file is needed")


@pytest.fixture
def pack(tmp_path: Path) -> Path:
    conductor, ledger = with_ledger(build(tmp_path))
    change = conductor.settled(State.SUCCEEDED)
    ledger.seal()
    file = tmp_path / "pack.tar"
    file.write_bytes(conductor.audit_packs.of_change(change.id).data)
    return file


def test_a_pack_that_holds(pack: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["report", "verify", str(pack), "--key", VKEY, "--json"], no_conductor) == 0
    said = json.loads(capsys.readouterr().out)
    assert (said["holds"], said["key"]) == (True, "given")
    assert run(["report", "verify", str(pack)], no_conductor) == 0
    text = capsys.readouterr().out
    assert text.endswith("All of it holds.\n")
    assert "A KEY TAKEN FROM THE PACK" in text


def test_the_ledger_s_verify_takes_a_pack_too(
    pack: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CONDUCTOR_HOME", str(pack.parent / "nothing is here"))
    assert run(["ledger", "verify", "--offline", str(pack), "--key", VKEY, "--json"], no_conductor) == 0
    assert json.loads(capsys.readouterr().out)["key"] == "given"
    assert run(["ledger", "verify", "--offline", str(pack), "--dir", str(pack.parent)], no_conductor) == 2
    data = bytearray(pack.read_bytes())
    data[len(data) // 2] ^= 1
    pack.write_bytes(bytes(data))
    assert run(["ledger", "verify", "--offline", str(pack), "--key", VKEY], no_conductor) == 1


def test_a_flipped_byte_is_refused(pack: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = bytearray(pack.read_bytes())
    data[len(data) // 2] ^= 1
    pack.write_bytes(bytes(data))
    assert run(["report", "verify", str(pack), "--json"], no_conductor) == 1
    said = json.loads(capsys.readouterr().out)
    assert said["error"]["what"] == "The audit pack does not hold."
    assert run(["report", "verify", str(pack.with_name("nothing"))], no_conductor) == 2
