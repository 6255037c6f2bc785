from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from conductor_core.adapters.signing import ed25519, make_signer, open_keys, read_vkeys
from conductor_core.adapters.tile_files import TileFiles
from conductor_core.adapters.tile_objects import TileObjects
from conductor_core.domain.canonical import canonical_bytes
from conductor_core.domain.changes import State
from conductor_core.domain.notes import VerifierKey
from conductor_core.domain.proofs import parse_proof
from conductor_core.entrypoints.cli.main import run
from conductor_core.services.sequencing import Sequencer
from conductor_core.wiring import Conductor
from tests.fakes.conductor import build
from tests.fakes.domain import event
from tests.fakes.ledger import with_ledger
from tests.fakes.log_store import MemoryLedgerRows

COUNT = 300
ENTRIES = [canonical_bytes(event(f"evt-{n:04}", f"chg-{n % 5:02}").envelope()) for n in range(COUNT)]


def no_conductor() -> Conductor:
    raise AssertionError("the database must not be asked for")


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A data folder with a log of its own, and no database."""
    signer, _ = open_keys(tmp_path / "ledger.key", tmp_path / "ledger" / "vkey")
    rows = MemoryLedgerRows()
    rows.put(*ENTRIES)
    sequencer = Sequencer(TileFiles(tmp_path / "ledger"), rows, rows, signer, ed25519)
    sequencer.start()
    sequencer.step()
    (tmp_path / "ledger.key").unlink()
    monkeypatch.setenv("CONDUCTOR_HOME", str(tmp_path))
    return tmp_path


@pytest.fixture
def said(capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, Any]]:
    def ask(*arguments: str, opened: Callable[[], Conductor] = no_conductor) -> tuple[int, Any]:
        code = run(["ledger", *arguments], opened)
        text = capsys.readouterr().out
        return code, json.loads(text) if "--json" in arguments else text

    return ask


Said = Callable[..., tuple[int, Any]]


def keys(home: Path) -> Sequence[VerifierKey]:
    return read_vkeys((home / "ledger" / "vkey").read_text())


def test_checkpoint_and_entries(home: Path, said: Said) -> None:
    code, form = said("checkpoint", "--json")
    assert (code, form["size"], form["cosigned_by"]) == (0, COUNT, [])
    assert form["note"].encode() == (home / "ledger" / "checkpoint").read_bytes()
    code, text = said("checkpoint")
    assert code == 0
    assert form["root"] in text
    code, form = said("entries", "--limit", "2", "--json")
    assert [e["index"] for e in form["entries"]] == [299, 298]
    assert form["entries"][0]["entry"].encode() == ENTRIES[299]
    code, form = said("entries", "--after", "3", "--limit", "2", "--json")
    assert [e["index"] for e in form["entries"]] == [4, 5]
    assert "change.requested" in said("entries")[1]
    assert said("entries", "--after", "299")[1] == "No entry matches.\n"


def test_prove(home: Path, said: Said) -> None:
    code, text = said("prove", "7")
    assert code == 0
    parse_proof(text.encode()).verify(ENTRIES[7], keys(home), ed25519)
    file = home / "7.tlog-proof"
    code, form = said("prove", "7", "--out", str(file), "--json")
    assert file.read_text() == text == form["proof"]
    assert said("prove", "7", "--out", str(file)) == (0, f"{file}: proof of entry 7\n")
    code, form = said("prove", "300", "--json")
    assert (code, list(form)) == (2, ["error"])
    assert said("prove", "7", "--out", str(home / "no" / "folder"))[0] == 1


def test_verify_names_the_first_bad_index_with_no_database_and_no_private_key(home: Path, said: Said) -> None:
    code, text = said("verify")
    assert code == 0
    assert text.startswith("300 entries hold: ")
    assert (home / "ledger" / "vkey").read_text().strip() in text
    code, form = said("verify", "--json")
    assert (code, form["holds"], form["size"]) == (0, True, COUNT)
    bundle = home / "ledger" / "tile" / "entries" / "000"
    bundle.write_bytes(bundle.read_bytes().replace(b"evt-0123", b"evt-0124"))
    code, form = said("verify", "--json")
    assert (code, form["holds"], form["index"], form["path"]) == (1, False, 123, "tile/0/000")
    assert said("verify")[0] == 1


def test_an_export_is_a_log_that_is_verified_with_a_key_of_one_s_own(home: Path, said: Said, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    for _ in range(2):
        code, form = said("export", "--to", str(copy), "--json")
        assert (code, form["size"]) == (0, COUNT)
    vkey = (home / "ledger" / "vkey").read_text().strip()
    code, form = said("verify", "--dir", str(copy), "--key", vkey, "--json")
    assert form["holds"]
    assert said("verify", "--dir", str(copy), "--key", str(copy / "vkey"))[0] == 0
    other, _ = open_keys(tmp_path / "other.key", tmp_path / "other.vkey")
    assert said("verify", "--dir", str(copy), "--key", other.key.encode(), "--json")[0] == 1
    assert said("verify", "--dir", str(copy), "--key", "no+such+key", "--json")[0] == 2
    assert said("verify", "--dir", str(copy), "--key", str(tmp_path / "nothing"), "--json")[0] == 2
    assert said("verify", "--dir", str(tmp_path / "nothing"), "--json")[0] == 2
    (copy / "checkpoint").unlink()
    assert said("verify", "--dir", str(copy), "--json")[0] == 1


def test_a_home_without_a_log_says_how_to_start_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, said: Said
) -> None:
    monkeypatch.setenv("CONDUCTOR_HOME", str(tmp_path / "fresh"))
    code, form = said("checkpoint", "--json")
    assert code == 2
    assert "conductor up" in form["error"]["next"]


def test_entries_of_a_change(tmp_path: Path, said: Said) -> None:
    conductor, ledger = with_ledger(build(tmp_path))
    conductor.settled(State.SUCCEEDED)
    change = conductor.settled(State.AWAITING_APPROVAL)
    ledger.seal()
    code, form = said("entries", "--change", change.id, "--json", opened=lambda: conductor)
    assert code == 0
    assert {e["event"]["subject"] for e in form["entries"]} == {change.id}
    assert len(form["entries"]) == 3


def test_a_log_below_a_url_is_read_like_a_folder(home: Path, said: Said, tmp_path: Path) -> None:
    place = f"memory://{tmp_path.name}/log"
    store = TileObjects(place)
    for file in (home / "ledger").rglob("*"):
        if file.is_file():
            store.lay(str(file.relative_to(home / "ledger")), file.read_bytes())
    code, found = said("verify", "--dir", place, "--json")
    assert (code, found["holds"], found["size"]) == (0, True, COUNT)
    code, found = said("verify", "--dir", (home / "ledger").as_uri(), "--json")
    assert (code, found["size"]) == (0, COUNT)
    _, text = said("checkpoint", "--dir", place)
    assert place in text
    assert said("export", "--dir", place, "--to", str(tmp_path / "copy"))[0] == 0
    assert said("verify", "--dir", str(tmp_path / "copy"), "--json")[1]["size"] == COUNT
    store.lay("tile/0/000", bytes(8192))
    code, found = said("verify", "--dir", place, "--json")
    assert (code, found["holds"], found["index"]) == (1, False, 0)


def test_the_product_s_own_log_below_a_url_is_checked_with_the_keys_of_the_data_folder(
    home: Path, said: Said, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = f"memory://{tmp_path.name}-own/log"
    monkeypatch.setenv("CONDUCTOR_LEDGER_URL", place)
    forger = make_signer("example.com/forger", bytes(range(32)))
    store, rows = TileObjects(place, f"{forger.key.encode()}\n"), MemoryLedgerRows()
    rows.put(*ENTRIES)
    sequencer = Sequencer(store, rows, rows, forger, ed25519)
    sequencer.start()
    sequencer.step()
    assert said("verify")[0] == 1, "the keys beside it are the forger's"
    (home / "ledger" / "vkey").unlink()
    code, found = said("verify", "--json")
    assert (code, found["size"]) == (0, COUNT)
