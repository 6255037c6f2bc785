"""Witnesses are asked with proofs that they can check, and only what holds is kept and shown."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from conductor_core.adapters.signing import ed25519
from conductor_core.domain.changes import State
from conductor_core.services.ledger_reader import LedgerReader
from conductor_core.services.witnessing import Witnessing, at
from tests.fakes.conductor import FakeConductor, build
from tests.fakes.ledger import SIGNER, FakeLedger, with_ledger
from tests.fakes.witness import FakeWitness, Kept, Rules


class Stage:
    """A log, two witnesses, and who asks them."""

    def __init__(self, home: Path) -> None:
        self.conductor: FakeConductor
        self.conductor, self.ledger = with_ledger(build(home))
        self.witnesses = [FakeWitness(Rules(f"w{n}.example", [SIGNER.key], now=1_764_000_000 + n)) for n in (1, 2)]
        self.kept = Kept()
        self.reader = reader(self.ledger, self.kept, self.witnesses)
        self.witnessing = self.anew()

    def anew(self) -> Witnessing:
        """Who asks them after a restart."""
        return Witnessing(self.reader, self.witnesses, self.kept, ed25519)

    def grow(self) -> int:
        self.conductor.settled(State.SUCCEEDED)
        return self.ledger.seal()


def reader(ledger: FakeLedger, kept: Kept, witnesses: list[FakeWitness]) -> LedgerReader:
    keys = [witness.key for witness in witnesses]
    return LedgerReader(ledger.files, lambda: [SIGNER.key], ed25519, cosigned=kept.kept, witnesses=keys)


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    return Stage(tmp_path)


def test_every_checkpoint_is_cosigned_by_all(stage: Stage) -> None:
    for _ in range(3):
        size = stage.grow()
        opened = stage.witnessing.step()
        assert opened is not None
        assert opened.checkpoint.size == size
        assert [s.name for s in opened.cosigned_by] == ["w1.example", "w2.example"]
        assert at(opened.cosigned_by[0]).year == 2025
        assert stage.witnessing.step() is None


def test_after_a_restart_a_witness_says_where_it_was(stage: Stage) -> None:
    stage.grow()
    stage.witnessing.step()
    size = stage.grow()
    opened = stage.anew().step()
    assert opened is not None
    assert (opened.checkpoint.size, len(opened.cosigned_by)) == (size, 2)


def test_one_that_is_away_is_caught_up_later(stage: Stage, caplog: pytest.LogCaptureFixture) -> None:
    stage.witnesses[1].away = True
    stage.grow()
    for _ in range(3):
        stage.witnessing.step()
    assert sum("w2.example did not answer" in record.getMessage() for record in caplog.records) == 1
    found = stage.reader.cosigned()
    assert found is not None
    assert [s.name for s in found.cosigned_by] == ["w1.example"]
    stage.witnesses[1].away = False
    opened = stage.witnessing.step()
    assert opened is not None
    assert [s.name for s in opened.cosigned_by] == ["w1.example", "w2.example"]


def test_a_signature_that_does_not_hold_is_not_kept(stage: Stage, caplog: pytest.LogCaptureFixture) -> None:
    stage.grow()
    stage.witnesses[0].rules.lie = True
    opened = stage.witnessing.step()
    assert opened is not None
    assert [s.name for s in opened.cosigned_by] == ["w2.example"]
    assert "does not hold" in caplog.text


def test_a_witness_that_saw_more_says_that_the_log_went_back(stage: Stage, caplog: pytest.LogCaptureFixture) -> None:
    stage.grow()
    stage.witnessing.step()
    stage.grow()
    stage.witnessing.step()
    older = FakeLedger(stage.conductor.memory)
    older.store.recorded[:] = older.store.recorded[:10]
    older.seal()
    Witnessing(reader(older, Kept(), stage.witnesses), stage.witnesses, Kept(), ed25519).step()
    assert "has cosigned a longer log than this one" in caplog.text


def test_a_cosigned_checkpoint_that_was_changed_is_refused(stage: Stage) -> None:
    stage.grow()
    stage.witnessing.step()
    assert stage.kept.note is not None
    stage.kept.note = stage.kept.note.replace(b"\n10\n", b"\n11\n") if b"\n10\n" in stage.kept.note else b"x"
    with pytest.raises(Exception, match="can't be accepted"):
        stage.reader.cosigned()


def test_an_entry_is_proved_under_what_witnesses_signed(stage: Stage) -> None:
    stage.grow()
    under = stage.witnessing.step()
    assert under is not None
    stage.grow()
    (proof,) = stage.reader.proofs([3], under)
    keys = [witness.key for witness in stage.witnesses]
    opened = proof.verify(stage.reader.entry(3).data, [SIGNER.key], ed25519, witnesses=keys)
    assert len(opened.cosigned_by) == 2


def test_only_the_writer_asks(stage: Stage) -> None:
    stage.grow()
    stopping = threading.Event()

    def not_seated() -> bool:
        stopping.set()
        return False

    stage.witnessing.run(stopping, not_seated, every=0.0)
    assert stage.kept.note is None
    stopping.clear()
    thread = threading.Thread(target=stage.witnessing.run, args=(stopping, lambda: True, 0.01))
    thread.start()
    while stage.kept.note is None:
        stopping.wait(0.01)
    stopping.set()
    thread.join()
