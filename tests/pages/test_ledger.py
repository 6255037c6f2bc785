from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from conductor_core.adapters.signing import ed25519
from conductor_core.domain.changes import State
from conductor_core.services.ledger_reader import LedgerReader
from conductor_core.services.witnessing import Witnessing
from tests.fakes.conductor import FakeConductor, build
from tests.fakes.ledger import SIGNER, VKEY, FakeLedger, with_ledger
from tests.fakes.witness import FakeWitness, Kept, Rules
from tests.pages.drive import open_page, press, seen
from tests.pages.support import Unreachable

World = tuple[FakeConductor, FakeLedger]


def fresh(home: Path) -> World:
    return with_ledger(replace(build(home), local_progress=lambda: None))


@pytest.fixture
def world(tmp_path: Path) -> World:
    conductor, ledger = fresh(tmp_path)
    conductor.ledger_reader.where = "s3://bucket/prefix"
    for _ in range(3):
        conductor.settled(State.SUCCEEDED)
    ledger.seal()
    return conductor, ledger


def test_the_ledger_says_how_long_it_is_and_who_signed_it(world: World) -> None:
    at = open_page(world[0], "ledger")
    text = seen(at)
    assert [(m.label, m.value) for m in at.metric] == [("Entries", "33")]
    assert VKEY in text
    assert "s3://bucket/prefix" in text
    assert "No witness has cosigned this checkpoint." in text
    latest = at.dataframe[-1].value
    assert list(latest["index"])[:3] == [32, 31, 30]
    assert latest["fact"][0] == "change sealed"
    assert latest["about"][0] == "Deploy intelgraph to dev"
    assert latest["open"][0].startswith("/changes?change=chg-")


def test_a_cosigned_checkpoint_is_shown_as_such(world: World) -> None:
    conductor, ledger = world
    witness, kept = FakeWitness(Rules("witness.example/w1", [SIGNER.key])), Kept()
    reader = LedgerReader(
        ledger.files, lambda: [SIGNER.key], ed25519, ledger.index, cosigned=kept.kept, witnesses=[witness.key]
    )
    Witnessing(reader, [witness], kept, ed25519).step()
    at = open_page(replace(conductor, ledger_reader=reader), "ledger")
    text = seen(at)
    assert "witness.example/w1" in text
    assert "all 33 entries" in text
    assert "No witness" not in text
    conductor.settled(State.SUCCEEDED)
    ledger.seal()
    assert "the first 33 entries" in seen(open_page(replace(conductor, ledger_reader=reader), "ledger"))


def test_verify_says_that_all_of_it_holds_or_where_it_does_not(world: World) -> None:
    at = press(open_page(world[0], "ledger"), "ledger_verify")
    assert "All 33 entries hold" in seen(at)
    files = world[1].files.files
    path = "tile/entries/000.p/33"
    files[path] = files[path].replace(b"new image", b"old image", 1)
    at = press(open_page(world[0], "ledger"), "ledger_verify")
    assert "the first entry that can't be trusted is 0" in seen(at)


def test_a_proof_can_be_followed_to_the_root(world: World) -> None:
    at = open_page(world[0], "ledger", entry="7")
    text = seen(at)
    assert "Entry 7: validation started" in text
    assert "The steps lead to the signed root of 33 entries." in text
    steps = at.dataframe[0].value
    assert len(steps) == 8
    assert steps["gives"].iloc[-1] == steps["gives"].iloc[-2] == world[1].reader.checkpoint().checkpoint.root.hex()
    assert {"Proof", "Entry"} == {button.proto.label for button in at.get("download_button")}


@pytest.mark.parametrize(
    ("index", "says"), [("33", "There is no entry 33"), ("x", "is no index"), ("-1", "is no index")]
)
def test_an_index_that_is_none(world: World, index: str, says: str) -> None:
    assert says in seen(open_page(world[0], "ledger", entry=index))


def test_an_empty_ledger_says_how_to_fill_it(tmp_path: Path) -> None:
    conductor, _ = fresh(tmp_path)
    assert "The ledger has no entry yet." in seen(open_page(conductor, "ledger"))


def test_a_ledger_that_can_t_be_read_says_why(world: World) -> None:
    broken: Any = Unreachable()
    assert "The database does not answer." in seen(open_page(replace(world[0], ledger_reader=broken), "ledger"))
    reader = LedgerReader(world[1].files, list, lambda *_: False)
    assert "no public key yet" in seen(open_page(replace(world[0], ledger_reader=reader), "ledger"))


def test_a_change_says_where_it_stands_in_the_ledger(world: World) -> None:
    conductor, ledger = world
    change = conductor.changes.find()[0]
    text = seen(open_page(conductor, "changes", change=change.id))
    assert "All 11 facts are in the ledger." in text
    assert "Proof of the sealed record" in text
    waiting = conductor.settled(State.AWAITING_APPROVAL)
    assert "0 of 3 facts are in the ledger" in seen(open_page(conductor, "changes", change=waiting.id))
    ledger.seal()
    assert "Proof of entry 35" in seen(open_page(conductor, "changes", change=waiting.id))
