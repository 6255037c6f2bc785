from __future__ import annotations

from pathlib import Path

import pytest

from conductor_core.adapters.signing import ed25519
from conductor_core.domain.changes import State
from conductor_core.domain.proofs import parse_proof
from conductor_core.domain.tiles import places
from conductor_core.entrypoints.api.app import create_app
from conductor_core.services.verification import verify
from tests.fakes.browser import Browser
from tests.fakes.conductor import build
from tests.fakes.ledger import SIGNER, VKEY, FakeLedger, with_ledger

World = tuple[FakeLedger, Browser]


@pytest.fixture
def world(tmp_path: Path) -> World:
    conductor, ledger = with_ledger(build(tmp_path))
    for _ in range(30):
        conductor.settled(State.SUCCEEDED)
    assert ledger.seal() == 330
    return ledger, Browser(create_app(conductor))


@pytest.fixture
def browser(world: World) -> Browser:
    return world[1]


def test_a_mirror_of_what_is_served_is_the_log(browser: Browser) -> None:
    assert verify(browser.tlog("checkpoint"), browser.tlog, [SIGNER.key], ed25519).checkpoint.size == 330
    assert browser.get("/tlog/vkey").text == f"{VKEY}\n"


def test_tiles_are_kept_for_ever_and_the_checkpoint_is_asked_for_anew(browser: Browser) -> None:
    for place in places(330):
        answer = browser.get(f"/tlog/{place.path}")
        assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
        assert answer.headers["Content-Type"] == "application/octet-stream"
    checkpoint = browser.get("/tlog/checkpoint")
    assert checkpoint.headers["Cache-Control"] == "no-cache"
    assert checkpoint.headers["Content-Type"] == "text/plain; charset=utf-8"


def test_what_is_not_acknowledged_is_not_served(world: World) -> None:
    ledger, browser = world
    ledger.files.files["tile/0/001.p/75"] = bytes(75 * 32)
    for path in ("tile/0/001.p/75", "tile/0/001", "tile/2/000.p/1", "tile/entries/002"):
        answer = browser.get(f"/tlog/{path}")
        assert answer.status_code == 404
        assert answer.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("path", ["tile/0/1", "tile/0/..%2f..%2fledger.key", "tile/64/000", "tile/x", "tile/0/000.p/0"])
def test_other_paths_are_refused(browser: Browser, path: str) -> None:
    assert browser.get(f"/tlog/{path}").status_code in (404, 422)


def test_a_proof_is_a_file(world: World) -> None:
    ledger, browser = world
    answer = browser.get("/tlog/proof/7")
    assert answer.headers["Content-Disposition"] == 'attachment; filename="7.tlog-proof"'
    entry = ledger.reader.entry(7).data
    assert parse_proof(answer.content).verify(entry, [SIGNER.key], ed25519).checkpoint.size == 330
    assert browser.get("/tlog/proof/330").status_code == 422
    assert browser.get("/tlog/proof/x").status_code == 422


def test_a_reader_must_be_allowed(browser: Browser) -> None:
    assert browser.get("/tlog/checkpoint", "nobody").status_code == 403


def test_a_ledger_that_was_never_started(tmp_path: Path) -> None:
    conductor, found = with_ledger(build(tmp_path))
    found.files.checkpoint = None
    assert Browser(create_app(conductor)).get("/tlog/checkpoint").status_code == 404
