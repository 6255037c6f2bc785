"""The read model is whole after every publication, in any order of restarts, merges, rebuilds and damage."""

from __future__ import annotations

import json
import os
import shutil
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from conductor_core.adapters.duckdb_audit import published, writer
from conductor_core.adapters.duckdb_audit.child import opened
from conductor_core.adapters.duckdb_audit.merging import Merge
from conductor_core.adapters.duckdb_audit.reader import DuckdbAuditDatabase
from conductor_core.adapters.duckdb_audit.writer import DuckdbAuditBuilder
from conductor_core.errors import NotFoundError, StorageError
from conductor_core.ports.audit_database import Limits, Position
from conductor_core.ports.change_store import RecordedEvent
from conductor_core.services.audit_projection import project
from tests.fakes.audit import publish, record

pytestmark = pytest.mark.slow  # builds databases


def ask(folder: Path, sql: str) -> list[tuple[Any, ...]]:
    """What a child would read, without starting one."""
    made = published.read(folder)
    assert made is not None
    with opened(made.files(folder), made.views()) as db:
        found: list[tuple[Any, ...]] = db.execute(sql).fetchall()
    return found


@pytest.fixture(scope="module")
def events(tmp_path_factory: pytest.TempPathFactory) -> list[RecordedEvent]:
    return record(tmp_path_factory.mktemp("record"))


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory, events: list[RecordedEvent]) -> dict[str, object]:
    """What a read model says that was built at once."""
    folder = tmp_path_factory.mktemp("whole")
    publish(folder, events, at_once=1000)
    return everything(folder)


def everything(folder: Path) -> dict[str, object]:
    names = ("changes", "events", "gates", "operations", "smoke_results", "evidence", "findings", "releases", "runs")
    return {name: ask(folder, f"SELECT * FROM {name} ORDER BY ALL") for name in names}


def feed(builder: DuckdbAuditBuilder, events: Sequence[RecordedEvent], upto: int, sealed: int = 1 << 40) -> None:
    position = builder.open()
    batch = project(events[position.events : upto], position, builder.known)
    builder.write(batch)
    builder.publish(sealed)


@pytest.mark.parametrize("at_once", [5, 16])
def test_steps_give_what_one_build_gives(
    tmp_path: Path, events: list[RecordedEvent], whole: dict[str, object], at_once: int
) -> None:
    assert publish(tmp_path, events, at_once=at_once).events == len(events)
    assert everything(tmp_path) == whole


def test_it_goes_on_after_a_restart(tmp_path: Path, events: list[RecordedEvent], whole: dict[str, object]) -> None:
    for upto in range(14, len(events) + 14, 14):
        builder = DuckdbAuditBuilder(tmp_path)
        feed(builder, events, min(upto, len(events)))
        builder.close()
    assert everything(tmp_path) == whole


def test_recent_rows_go_into_the_base(tmp_path: Path, events: list[RecordedEvent], whole: dict[str, object]) -> None:
    builder = DuckdbAuditBuilder(tmp_path, tail=8)
    bases = set()
    for upto in range(6, len(events) + 6, 6):
        feed(builder, events, min(upto, len(events)))
        made = published.read(tmp_path)
        assert made is not None
        bases.add(made.base.name)
        assert sum(layer.events for layer in made.layers) == made.position.events
        assert len(made.layers) <= 9
        for merge in builder.merges:
            merge.wait()
    builder.close()
    assert len(bases) >= 2
    assert everything(tmp_path) == whole


def test_two_builders_take_turns(tmp_path: Path, events: list[RecordedEvent], whole: dict[str, object]) -> None:
    one, other = DuckdbAuditBuilder(tmp_path), DuckdbAuditBuilder(tmp_path)
    for n, upto in enumerate(range(9, len(events) + 9, 9)):
        feed((one, other)[n % 2], events, min(upto, len(events)))
    one.close()
    other.close()
    assert everything(tmp_path) == whole


def test_nothing_new_publishes_nothing(tmp_path: Path, events: list[RecordedEvent]) -> None:
    builder = DuckdbAuditBuilder(tmp_path)
    feed(builder, events, 10, sealed=4)
    assert builder.publish(4) is False
    assert builder.publish(9) is True
    assert ask(tmp_path, "SELECT count(ledger_index), max(ledger_index) FROM events") == [(9, 8)]
    builder.close()


def test_the_ledger_index_is_null_until_it_is_sealed(tmp_path: Path, events: list[RecordedEvent]) -> None:
    publish(tmp_path, events, sealed=30)
    rows = ask(tmp_path, "SELECT ledger_index FROM events ORDER BY sequence")
    assert [row[0] for row in rows] == [*range(30), *[None] * (len(events) - 30)]


def test_a_reader_holds_nobody_up_and_is_not_held_up(tmp_path: Path, events: list[RecordedEvent]) -> None:
    builder = DuckdbAuditBuilder(tmp_path)
    feed(builder, events, 20)
    slow = DuckdbAuditDatabase(tmp_path).start("SELECT count(*), sleep_ms(2000) FROM events", Limits(), {})
    for upto in (25, 30, 35):
        feed(builder, events, upto)
        assert ask(tmp_path, "SELECT count(*) FROM events") == [(upto,)]
    assert slow.result().rows[0][0] == 20
    builder.close()


def test_begin_anew_leaves_the_old_one_to_be_asked(tmp_path: Path, events: list[RecordedEvent]) -> None:
    builder = DuckdbAuditBuilder(tmp_path)
    feed(builder, events, 20)
    builder.begin_anew()
    builder.write(project(events[:5], Position(), builder.known))
    assert ask(tmp_path, "SELECT count(*) FROM events") == [(20,)]
    builder.publish(0)
    assert ask(tmp_path, "SELECT count(*) FROM events") == [(5,)]
    builder.close()


@pytest.mark.parametrize("harm", ["folder", "manifest", "base", "recent", "half", "version", "text"])
def test_damage_is_built_over(tmp_path: Path, events: list[RecordedEvent], whole: dict[str, object], harm: str) -> None:
    publish(tmp_path / "audit", events[:30])
    made = published.read(tmp_path / "audit")
    assert made is not None
    manifest = tmp_path / "audit" / "published.json"
    match harm:
        case "folder":
            shutil.rmtree(tmp_path / "audit")
        case "manifest":
            manifest.unlink()
        case "base" | "recent":
            (tmp_path / "audit" / made.layers[0 if harm == "base" else -1].name).unlink()
        case "half":
            file = tmp_path / "audit" / made.base.name
            file.write_bytes(file.read_bytes()[:9000])
        case "version":
            manifest.write_text(json.dumps(json.loads(manifest.read_text()) | {"version": 0}))
        case _:
            manifest.write_text("{")
    publish(tmp_path / "audit", events)
    builder = DuckdbAuditBuilder(tmp_path / "audit")
    position = builder.open()
    if position.events < len(events):  # publish() went on from what it found
        feed(builder, events, len(events))
    builder.close()
    assert everything(tmp_path / "audit") == whole


def test_before_the_first_publication_there_is_nothing_to_ask(tmp_path: Path) -> None:
    database = DuckdbAuditDatabase(tmp_path)
    assert database.published() is None
    with pytest.raises(NotFoundError, match="no audit read model") as told:
        database.start("SELECT 1", Limits(), {})
    assert told.value.why.startswith("Nothing has been projected")


def test_a_read_model_of_another_version_is_said_to_be_made_anew(tmp_path: Path, events: list[RecordedEvent]) -> None:
    publish(tmp_path, events[:5])
    manifest = tmp_path / "published.json"
    manifest.write_text(json.dumps(json.loads(manifest.read_text()) | {"version": 0}))
    with pytest.raises(NotFoundError, match="no audit read model") as told:
        DuckdbAuditDatabase(tmp_path).start("SELECT 1", Limits(), {})
    assert "another version" in told.value.why


def test_files_that_nobody_names_are_removed(tmp_path: Path, events: list[RecordedEvent]) -> None:
    publish(tmp_path, events, at_once=12)
    made = published.read(tmp_path)
    assert made is not None
    published.sweep(tmp_path, {layer.name for layer in made.layers}, linger=-1)
    assert {path.name for path in tmp_path.glob("*.duckdb")} == {layer.name for layer in made.layers}
    assert ask(tmp_path, "SELECT count(*) FROM events") == [(len(events),)]


def test_a_file_stays_for_a_while_after_it_was_superseded(tmp_path: Path, events: list[RecordedEvent]) -> None:
    builder = DuckdbAuditBuilder(tmp_path)
    feed(builder, events, 10)
    made = published.read(tmp_path)
    assert made is not None
    for layer in made.layers:  # as if they had been written an hour ago
        os.utime(tmp_path / layer.name, (time.time() - 3600, time.time() - 3600))
    feed(builder, events, 20)
    builder.begin_anew()
    feed(builder, events, 30)
    with opened(made.files(tmp_path), made.views()) as db:  # a reader who had read the manifest before
        assert db.execute("SELECT count(*) FROM events").fetchall() == [(10,)]
    builder.close()


def test_what_a_kill_leaves_is_removed(tmp_path: Path, events: list[RecordedEvent]) -> None:
    builder = DuckdbAuditBuilder(tmp_path)
    feed(builder, events, 10)
    left = ["layer-0123456789abcdef.duckdb", "layer-0123456789abcdef.duckdb.wal", "published.999.new"]
    for name in left:
        (tmp_path / name).write_bytes(b"half")
    spilled = published.spill(tmp_path, "base-0123456789abcdef.duckdb")
    spilled.mkdir()
    (spilled / "duckdb_temp_storage_DEFAULT-0.tmp").write_bytes(b"much")
    for path in (*(tmp_path / name for name in left), spilled):
        os.utime(path, (time.time() - 3600, time.time() - 3600))
    feed(builder, events, 20)
    made = published.read(tmp_path)
    assert made is not None
    now = {layer.name for layer in made.layers}
    assert {path.name for path in tmp_path.iterdir()} >= now | {"published.json"}
    assert not any((tmp_path / name).exists() for name in (*left, spilled.name))
    builder.close()


def test_processes_that_end_before_their_merges_leave_few_files(
    tmp_path: Path, events: list[RecordedEvent], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer, "CROWD", 6)
    most = 0
    for upto in range(1, 25):
        builder = DuckdbAuditBuilder(tmp_path)
        feed(builder, events, upto)
        builder.close()
        made = published.read(tmp_path)
        assert made is not None
        most = max(most, len(made.layers))
    assert 6 < most <= 8
    assert ask(tmp_path, "SELECT count(*), count(DISTINCT id), max(sequence) FROM events") == [(24, 24, 24)]


def test_a_merge_that_fails_leaves_nothing_and_is_not_tried_at_once(
    tmp_path: Path, events: list[RecordedEvent], whole: dict[str, object], monkeypatch: pytest.MonkeyPatch
) -> None:
    def failing(*_: object) -> None:
        raise OSError("No space left on device")

    tried: list[Merge] = []
    monkeypatch.setattr(Merge, "_into_layer", failing)
    monkeypatch.setattr(Merge, "_into_base", failing)
    builder, said = DuckdbAuditBuilder(tmp_path, tail=1), list[str]()
    while (at := builder.open()).events < len(events):
        try:
            feed(builder, events, at.events + 6)
        except StorageError as bad:
            said.append(bad.why)
        tried += [merge for merge in builder.merges if merge not in tried]
        for merge in builder.merges:
            merge.wait()
    assert [why for why in said if "No space left on device" in why] == said
    assert len(said) == len(tried) == 1
    assert not any((tmp_path / merge.name).exists() for merge in tried)
    builder.close()
    assert everything(tmp_path) == whole
