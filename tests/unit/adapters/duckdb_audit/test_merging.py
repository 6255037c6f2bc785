"""When layers are merged, and that what they say stays the same."""

from __future__ import annotations

from pathlib import Path

import pytest

from conductor_core.adapters.duckdb_audit import merging, published, words
from conductor_core.adapters.duckdb_audit.child import opened
from conductor_core.adapters.duckdb_audit.merging import full, young
from conductor_core.adapters.duckdb_audit.writer import DuckdbAuditBuilder
from conductor_core.ports.change_store import RecordedEvent
from conductor_core.services.audit_projection import project
from tests.fakes.audit import record


@pytest.mark.parametrize(
    ("weights", "count"),
    [
        ([], 0),
        ([1, 1, 1], 0),
        ([1, 1, 1, 1], 4),
        ([9, 1, 1, 1, 1], 4),
        ([4, 4, 4, 4], 4),
        ([4, 4, 4, 1, 1, 1], 0),
        ([4, 4, 4, 1, 4, 1], 6),
        ([4, 4, 4], 0),
        ([64, 16, 4, 1], 0),
        ([0.1, 0.2, 0.1, 0.1, 0.1], 5),
    ],
)
def test_four_of_one_size_become_one_of_the_next(weights: list[float], count: int) -> None:
    assert young(weights) == count


def test_however_much_comes_there_are_few_layers_and_few_copies() -> None:
    layers: list[float] = []
    copied = most = 0.0
    for _ in range(1000):
        layers.append(1.0)
        while count := young(layers):
            made = sum(layers[-count:])
            layers[-count:] = [made]
            copied += made
        most = max(most, len(layers))
    assert sum(layers) == 1000
    assert most <= 16
    assert copied <= 1000 * 6


def test_the_base_is_made_anew_when_it_grows_by_an_eighth() -> None:
    assert not full(0, [1, 1, 1, 1])
    assert full(0, [1, 1, 1, 1, 1])
    assert not full(800, [90])
    assert full(800, [90, 11])
    assert full(1e6, [257])


@pytest.fixture(scope="module")
def events(tmp_path_factory: pytest.TempPathFactory) -> list[RecordedEvent]:
    return record(tmp_path_factory.mktemp("record"))


def grown(folder: Path, events: list[RecordedEvent], step: int) -> published.Published:
    """A read model that many small publications have made, with every merge that came of them."""
    builder = DuckdbAuditBuilder(folder, tail=step)
    position = builder.open()
    for start in range(0, len(events), step):
        batch = project(events[start : start + step], position, builder.known)
        builder.write(batch)
        position = batch.position
        builder.publish(0)
        for merge in builder.merges:
            merge.wait()
            assert merge.failed is None
    builder.publish(1)
    builder.close()
    made = published.read(folder)
    assert made is not None
    return made


def asked(folder: Path, made: published.Published, sql: str) -> list[tuple[object, ...]]:
    with opened(made.files(folder), made.views()) as db:
        found: list[tuple[object, ...]] = db.execute(sql).fetchall()
    return found


@pytest.mark.slow  # builds databases
def test_a_publication_writes_the_youngest_file_alone(tmp_path: Path, events: list[RecordedEvent]) -> None:
    builder = DuckdbAuditBuilder(tmp_path, tail=10)
    position = builder.open()
    before: dict[str, int] = {}
    for start in range(0, 40, 4):
        batch = project(events[start : start + 4], position, builder.known)
        builder.write(batch)
        position = batch.position
        builder.publish(0)
        made = published.read(tmp_path)
        assert made is not None
        assert made.layers[-1].events < 10 + 4
        kept = {layer.name: (tmp_path / layer.name).stat().st_mtime_ns for layer in made.layers}
        assert all(kept[name] == at for name, at in before.items() if name in kept)
        before = kept
    names = before.keys()
    assert builder.publish(7) is True  # more is sealed, nothing is new: no file is written
    made = published.read(tmp_path)
    assert made is not None
    assert {layer.name for layer in made.layers} == set(names)
    builder.close()


@pytest.mark.slow  # builds databases
def test_a_family_that_is_text_loses_nothing_in_a_merge(
    tmp_path: Path, events: list[RecordedEvent], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(words, "MOST", 3)
    monkeypatch.setattr(merging, "LEAST", 0.0)
    made = grown(tmp_path, events, 7)
    assert made.base.events > len(events) // 2
    sql = "SELECT type, count(*) FROM events GROUP BY type ORDER BY type"
    counted: dict[str, int] = {}
    for recorded in events:
        counted[recorded.event.type] = counted.get(recorded.event.type, 0) + 1
    assert asked(tmp_path, made, sql) == sorted(counted.items())


@pytest.mark.slow  # builds databases
@pytest.mark.parametrize("step", [2, 5])
def test_a_change_is_there_once_through_every_layer(tmp_path: Path, events: list[RecordedEvent], step: int) -> None:
    made = grown(tmp_path, events, step)
    assert made.base.name != made.layers[-1].name
    sql = "SELECT count(*), count(DISTINCT id), max(sequence) = (SELECT max(sequence) FROM events) FROM changes"
    changes = {r.event.subject for r in events if r.event.subject.startswith("chg-")}
    assert asked(tmp_path, made, sql) == [(len(changes), len(changes), True)]
