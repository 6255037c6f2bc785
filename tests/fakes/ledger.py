"""The ledger of a Conductor on fakes: its events sealed into memory when the test says so."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from conductor_core.adapters.signing import ed25519, make_signer
from conductor_core.domain.canonical import canonical_bytes
from conductor_core.domain.events import Event
from conductor_core.errors import Diagnostics
from conductor_core.ports.ledger_index import Backlog
from conductor_core.services.audit_pack import AuditPacks
from conductor_core.services.ledger_reader import LedgerReader
from conductor_core.services.sequencing import Sequencer
from tests.fakes.change_store import MemoryChangeStore
from tests.fakes.conductor import FakeConductor
from tests.fakes.log_store import MemoryLedgerRows, MemoryLogStore

SIGNER = make_signer("example.com/ledger", bytes(range(32)))
VKEY = SIGNER.key.encode()


class MemorySeat:
    """`Seat` in one process; `holder` is shared by the seats that compete. `error`, when set, is raised once."""

    def __init__(self, holder: list[MemorySeat] | None = None) -> None:
        self.holder: list[MemorySeat] = [] if holder is None else holder
        self.told: list[Diagnostics | None] = []
        self.waits = 0
        self.error: Exception | None = None

    def take(self) -> bool:
        self._fail()
        if not self.holder:
            self.holder.append(self)
        return self.holder[0] is self

    def wait(self, seconds: float) -> None:
        self.waits += 1
        self._fail()

    def leave(self) -> None:
        if self in self.holder:
            self.holder.remove(self)

    def refuse(self, why: Diagnostics | None) -> None:
        self.told.append(why)

    def _fail(self) -> None:
        error, self.error = self.error, None
        if error is not None:
            self.leave()
            raise error


class MemoryLedgerIndex:
    """`LedgerIndex` over the events of a `MemoryChangeStore` and the places that `rows` gave them."""

    def __init__(self, store: MemoryChangeStore, rows: MemoryLedgerRows) -> None:
        self.store = store
        self.rows = rows
        self.refused: Diagnostics | None = None

    def of_subject(self, subject: str) -> Sequence[int | None]:
        return [place for place, event in self._placed() if event.subject == subject]

    def between(self, start: datetime, end: datetime) -> range:
        found = [place for place, event in self._placed() if place is not None and start <= event.time < end]
        return range(min(found), max(found) + 1) if found else range(0)

    def backlog(self) -> Backlog:
        waiting = [event.time for place, event in self._placed() if place is None]
        return Backlog(len(waiting), waiting[0] if waiting else None)

    def refusal(self) -> Diagnostics | None:
        return self.refused

    def _placed(self) -> list[tuple[int | None, Event]]:
        places = {row: index for index, row in enumerate(self.rows.placed)}
        return [(places.get(row), recorded.event) for row, recorded in enumerate(self.store.recorded)]


@dataclass
class FakeLedger:
    """The log of a store; `seal` appends what is recorded and not yet sealed."""

    store: MemoryChangeStore
    files: MemoryLogStore = field(default_factory=MemoryLogStore)
    rows: MemoryLedgerRows = field(default_factory=MemoryLedgerRows)
    index: MemoryLedgerIndex = field(init=False)
    reader: LedgerReader = field(init=False)

    def __post_init__(self) -> None:
        self.index = MemoryLedgerIndex(self.store, self.rows)
        self.reader = LedgerReader(self.files, lambda: [SIGNER.key], ed25519, self.index)
        self._sequencer = Sequencer(self.files, self.rows, self.rows, SIGNER, ed25519)
        self._sequencer.start()

    def seal(self) -> int:
        """How many entries the log has now."""
        fresh = self.store.recorded[len(self.rows.entries) :]
        self.rows.put(*(canonical_bytes(recorded.event.envelope()) for recorded in fresh))
        while self._sequencer.step():
            pass
        return len(self.rows.placed)


def with_ledger(conductor: FakeConductor) -> tuple[FakeConductor, FakeLedger]:
    """The same Conductor with a ledger of what it records."""
    ledger = FakeLedger(conductor.memory)
    packs = AuditPacks(ledger.reader, conductor.memory, conductor.rows, conductor.blobs)
    fresh = replace(conductor, ledger_reader=ledger.reader, audit_packs=packs)
    conductor.worker.on_plan, conductor.worker.on_execute = fresh.plan, fresh.execute
    return fresh, ledger
