"""Whatever happens to the builders of a read model, and whenever, it says what one rebuild says."""

from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from conductor_core.adapters.duckdb_audit import merging, published, words, writer
from conductor_core.adapters.duckdb_audit.child import opened
from conductor_core.adapters.duckdb_audit.writer import DuckdbAuditBuilder
from conductor_core.domain.audit_model import STORED
from conductor_core.ports.audit_database import Position
from conductor_core.ports.change_store import RecordedEvent
from conductor_core.services.audit_projection import project
from tests.fakes.audit import record

pytestmark = pytest.mark.slow  # builds databases


@pytest.fixture(scope="module")
def events(tmp_path_factory: pytest.TempPathFactory) -> list[RecordedEvent]:
    return record(tmp_path_factory.mktemp("record"))


def mixed(events: Sequence[RecordedEvent], chance: random.Random) -> list[RecordedEvent]:
    """The same events with those of different Changes between one another, so that each is spread over many files."""
    queues: dict[str, list[RecordedEvent]] = {}
    for recorded in events:
        queues.setdefault(recorded.event.subject, []).append(recorded)
    found, sequence = list[RecordedEvent](), 0
    while queues:
        subject = chance.choice(sorted(queues))
        sequence += chance.choice((1, 1, 1, 2))  # a rollback leaves a gap
        found.append(RecordedEvent(sequence, queues[subject].pop(0).event))
        if not queues[subject]:
            del queues[subject]
    return found


def everything(folder: Path) -> dict[str, list[tuple[Any, ...]]]:
    """Every row of every table, as a child would read it."""
    made = published.read(folder)
    assert made is not None
    with opened(made.files(folder), made.views()) as db:
        return {t.name: db.execute(f"SELECT * FROM {t.name} ORDER BY ALL").fetchall() for t in STORED}


def written(builder: DuckdbAuditBuilder, events: Sequence[RecordedEvent], at: Position, count: int) -> Position:
    batch = project([r for r in events if r.sequence > at.sequence][:count], at, builder.known)
    builder.write(batch)
    return batch.position


class History:
    """Builders of one read model, and what happens to them by chance."""

    def __init__(self, folder: Path, events: Sequence[RecordedEvent], chance: random.Random) -> None:
        self._folder, self._events, self._chance = folder, events, chance
        self._builder = DuckdbAuditBuilder(folder, tail=chance.choice((1, 4, 15)))
        self._killed: list[DuckdbAuditBuilder] = []

    def run(self) -> None:
        """Until everything is projected; then the last publication is made."""
        while (at := self._builder.open()).events < len(self._events):
            written(self._builder, self._events, at, self._chance.randint(1, 9))
            self._publish()
            self._chance.choices((self._wait, self._kill, self._restart, self._other, self._rebuild, lambda: None),
                                 (3, 2, 1, 1, 0.3, 6))[0]()  # fmt: skip
        self._builder.publish(1 << 40)
        for builder in (self._builder, *self._killed):
            builder.close()

    def _publish(self) -> None:
        if self._chance.random() < 0.8:  # else what was written is lost by a kill, or shown later
            self._builder.publish(self._chance.choice((0, self._builder.open().events, 1 << 40)))

    def _wait(self) -> None:
        for merge in self._builder.merges:
            merge.wait()

    def _kill(self) -> None:
        """Nothing of it is let go of or waited for, and its merges may even go on."""
        self._killed.append(self._builder)
        self._builder = DuckdbAuditBuilder(self._folder, tail=self._chance.choice((1, 4, 15)))

    def _restart(self) -> None:
        self._builder.close()

    def _other(self) -> None:
        """Another process has its turn, and this one goes on after it."""
        other = DuckdbAuditBuilder(self._folder, tail=5)
        written(other, self._events, other.open(), self._chance.randint(0, 6))
        other.publish(self._chance.choice((0, 1 << 40)))
        other.close()

    def _rebuild(self) -> None:
        """A rebuild that is broken off, or not."""
        other = DuckdbAuditBuilder(self._folder, tail=7)
        other.begin_anew()
        at = written(other, self._events, Position(), self._chance.randint(1, 40))
        if self._chance.random() < 0.5:
            other.publish(0)
            written(other, self._events, at, 5)
        other.close()


@pytest.mark.parametrize("seed", range(8))
def test_it_says_what_one_rebuild_says(
    tmp_path: Path, events: list[RecordedEvent], seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    chance = random.Random(seed)
    monkeypatch.setattr(merging, "LEAST", chance.choice((0.0, 2.0, 4.0)))
    monkeypatch.setattr(writer, "CROWD", chance.choice((4, 8, 30)))
    monkeypatch.setattr(words, "MOST", chance.choice((2, 8, 4096)))
    record_ = mixed(events, chance)
    whole = DuckdbAuditBuilder(tmp_path / "whole")
    written(whole, record_, whole.open(), len(record_))
    whole.publish(1 << 40)
    whole.close()
    History(tmp_path / "grown", record_, chance).run()
    assert everything(tmp_path / "grown") == everything(tmp_path / "whole")
