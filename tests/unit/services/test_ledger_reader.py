from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from conductor_core.adapters.signing import ed25519
from conductor_core.domain import merkle
from conductor_core.domain.canonical import canonical_bytes
from conductor_core.domain.tiles import WIDTH, Place
from conductor_core.errors import Diagnostics, InputError, LedgerError, NotFoundError, UnreachableError
from conductor_core.services.ledger_reader import LedgerReader
from conductor_core.services.verification import DamagedLogError
from tests.fakes.change_store import MemoryChangeStore
from tests.fakes.domain import NOW, event
from tests.fakes.ledger import SIGNER, VKEY, FakeLedger
from tests.fakes.log_store import MemoryLogStore

COUNT = 600


@pytest.fixture
def ledger() -> FakeLedger:
    store = MemoryChangeStore()
    for n in range(COUNT):
        fresh = replace(event(f"evt-{n:04}", f"chg-{n % 7:02}"), time=NOW + timedelta(seconds=n))
        store.record([fresh])
    found = FakeLedger(store)
    found.seal()
    return found


def test_entries_are_read_from_both_ends(ledger: FakeLedger) -> None:
    reader = ledger.reader
    assert [e.index for e in reader.entries(limit=3)] == [0, 1, 2]
    assert [e.index for e in reader.entries(after=254, limit=3)] == [255, 256, 257]
    assert [e.index for e in reader.entries(limit=3, newest=True)] == [599, 598, 597]
    assert [e.index for e in reader.entries(after=597, limit=9, newest=True)] == [599, 598]
    assert reader.entries(after=COUNT) == reader.entries(limit=0) == []
    entry = reader.entry(300)
    assert entry.data == canonical_bytes(ledger.store.recorded[300].event.envelope())
    assert (entry.event["id"], entry.fact, entry.at) == ("evt-0300", "change.requested", NOW + timedelta(seconds=300))
    for wrong in (-1, COUNT):
        with pytest.raises(NotFoundError):
            reader.entry(wrong)


def test_every_proof_holds_and_every_earlier_state_is_a_prefix(ledger: FakeLedger) -> None:
    reader = ledger.reader
    for index in (0, 255, 256, 511, 599):
        opened = reader.prove(index).verify(reader.entry(index).data, [SIGNER.key], ed25519)
        assert opened.checkpoint.size == COUNT
    with pytest.raises(InputError):
        reader.prove(COUNT)
    for old, new in ((0, COUNT), (1, 2), (257, 513), (COUNT, COUNT)):
        merkle.verify_consistency(old, new, reader.root(old), reader.root(new), reader.consistency(old, new))
    assert reader.root(COUNT) == reader.checkpoint().checkpoint.root
    for wrong_old, wrong_new in ((5, COUNT + 1), (6, 5), (-1, 5)):
        with pytest.raises(InputError):
            reader.consistency(wrong_old, wrong_new)


def test_nothing_beyond_the_checkpoint_is_served(ledger: FakeLedger) -> None:
    reader, files = ledger.reader, ledger.files
    assert reader.resource("checkpoint") == files.checkpoint
    assert reader.resource("tile/0/002.p/88") == files.files["tile/0/002.p/88"]
    files.files["tile/0/002.p/90"] = bytes(90 * 32)
    with pytest.raises(NotFoundError):
        reader.resource("tile/0/002.p/90")
    with pytest.raises(NotFoundError):
        reader.resource("tile/0/002")
    for wrong in ("tile/0/../../ledger.key", "vkey", "tile/0/2", ""):
        with pytest.raises(InputError):
            reader.resource(wrong)


def test_a_copy_under_an_old_checkpoint_is_whole_though_partials_are_gone(ledger: FakeLedger) -> None:
    opened, places = ledger.reader.places()
    assert places[-1] == Place(1, 0, 2)
    for n in range(COUNT, 3 * WIDTH + 1):
        ledger.store.record([event(f"evt-{n:04}")])
    ledger.seal()
    ledger.files.prune([Place(level, 2) for level in (-1, 0)])
    copy = MemoryLogStore()
    copy.write([(place, ledger.reader.copy(place)) for place in places])
    copy.publish(opened.note.encode())
    other = LedgerReader(copy, lambda: [SIGNER.key], ed25519)
    assert other.verify().checkpoint.size == COUNT
    with pytest.raises(InputError, match="doesn't know which entries belong"):
        other.of_change("chg-01")


def test_verify_names_the_first_bad_index_and_tells_how_far_it_is(ledger: FakeLedger) -> None:
    seen: list[tuple[int, int]] = []
    assert ledger.reader.verify(lambda done, total: seen.append((done, total))).checkpoint.size == COUNT
    assert seen[-1] == (COUNT, COUNT)
    held = ledger.files.files["tile/entries/001"]
    ledger.files.files["tile/entries/001"] = held.replace(b'"evt-0300"', b'"evt-0301"')
    with pytest.raises(DamagedLogError) as bad:
        ledger.reader.verify()
    assert bad.value.index == 300


def test_growth_and_the_places_of_a_change(ledger: FakeLedger) -> None:
    growth = ledger.reader.growth(5)
    assert [e.index for e in growth] == [0, 150, 300, 449, 599]
    assert ledger.reader.of_change("chg-03")[:3] == [3, 10, 17]
    ledger.store.record([event("evt-late", "chg-03")])
    assert ledger.reader.of_change("chg-03")[-1] is None
    assert ledger.reader.between(NOW, NOW + timedelta(seconds=10)) == range(10)


def test_health(ledger: FakeLedger) -> None:
    assert ledger.reader.health() == "600 entries, each provable"
    ledger.store.record([replace(event("evt-now"), time=datetime.now(UTC))])
    assert "600 entries" in ledger.reader.health()
    ledger.store.record([replace(event("evt-old"), time=datetime.now(UTC))])
    ledger.seal()
    ledger.store.record([replace(event("evt-older"), time=datetime.now(UTC) - timedelta(seconds=60))])
    with pytest.raises(UnreachableError, match="Nobody writes the ledger"):
        ledger.reader.health()
    ledger.index.refused = Diagnostics("The files are ahead.", "why", "next")
    with pytest.raises(LedgerError, match="The files are ahead"):
        ledger.reader.health()


def test_a_log_that_was_never_started_says_so(tmp_path: Path) -> None:
    nothing = LedgerReader(MemoryLogStore(), lambda: [SIGNER.key], ed25519)
    with pytest.raises(NotFoundError, match="no checkpoint yet"):
        nothing.checkpoint()
    keyless = LedgerReader(FakeLedger(MemoryChangeStore()).files, list, ed25519)
    with pytest.raises(NotFoundError, match="no public key"):
        keyless.checkpoint()
    empty = FakeLedger(MemoryChangeStore()).reader
    assert (empty.growth(), empty.entries(), empty.vkeys()) == ([], [], [VKEY])
    assert empty.root(0) == merkle.EMPTY_ROOT
