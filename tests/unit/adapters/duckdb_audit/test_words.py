"""Few different texts are kept as words, and nobody who asks can tell, but by the clock."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from conductor_core.adapters.duckdb_audit import model, published, words
from conductor_core.adapters.duckdb_audit.child import opened
from conductor_core.adapters.duckdb_audit.reader import DuckdbAuditDatabase
from conductor_core.adapters.duckdb_audit.writer import DuckdbAuditBuilder
from conductor_core.ports.audit_database import Limits, Position
from conductor_core.ports.change_store import RecordedEvent
from conductor_core.services.audit_projection import project
from tests.fakes.audit import publish, record

EXPRESSIONS = """
state = ''
state <> 'nonesuch'
coalesce(nullif(state, 'failed'), 'mended')
CASE WHEN plans > 0 THEN state ELSE 'another' END
CASE state WHEN 'failed' THEN 1 WHEN 'nonesuch' THEN 2 ELSE 0 END
state IN ('failed', 'nonesuch')
state = ANY(['failed', 'nonesuch'])
state IN (SELECT 'failed')
state BETWEEN 'a' AND 'f'
state > 'executing'
state LIKE 'f%'
state ILIKE 'F%'
regexp_matches(state, 'ed$')
state || '/' || tier
greatest(state, 'm')
length(state)
upper(state)
state[1:3]
state COLLATE NOCASE = 'FAILED'
lag(state, 1, 'none before') OVER (ORDER BY sequence)
if(state = 'failed', 'bad', state)
state = tier
state IS DISTINCT FROM 'failed'
[state, 'x']
{'a': state}
try_cast(state AS INTEGER)
to_json(state)
md5(state)
"""
AGGREGATES = """
min(state)
max(state)
mode(requester)
string_agg(DISTINCT state, ',' ORDER BY state)
list(DISTINCT state ORDER BY state)
arg_max(state, sequence)
count(DISTINCT state)
count(*) FILTER (state = 'nonesuch')
list_contains(list(state), 'nonesuch')
max(state || tier)
"""


@pytest.fixture(scope="module")
def events(tmp_path_factory: pytest.TempPathFactory) -> list[RecordedEvent]:
    return record(tmp_path_factory.mktemp("record"))


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory, events: list[RecordedEvent]) -> Iterator[DuckdbAuditDatabase]:
    folder = tmp_path_factory.mktemp("words")
    publish(folder, events, at_once=1000)
    made = published.read(folder)
    assert made is not None
    assert {"state", "person", "type"} <= set(made.words)
    database = DuckdbAuditDatabase(folder)
    yield database
    database.close()


def both(folder: Path, sql: str) -> list[Any]:
    """The rows with words, and with text alone."""
    made, found = published.read(folder), []
    assert made is not None
    for views in (made.views(), model.views(replace(made.shape, words=None))):
        with opened(made.files(folder), views) as db:
            found.append(db.execute(sql).fetchall())
    return found


def asked(database: DuckdbAuditDatabase, sql: str) -> tuple[Any, ...]:
    answer = database.start(sql, Limits(), {}).result()
    return answer.rows, answer.types


@pytest.mark.slow
def test_words_answer_as_text_does(database: DuckdbAuditDatabase, tmp_path: Path, events: list[RecordedEvent]) -> None:
    publish(tmp_path, events, at_once=1000)
    made = published.read(tmp_path)
    assert made is not None
    published.write(tmp_path, replace(made, layers=tuple(replace(layer, words={}) for layer in made.layers)))
    text = DuckdbAuditDatabase(tmp_path)
    for sql in EXPRESSIONS.strip().splitlines():
        statement = f"SELECT {sql} FROM changes ORDER BY sequence"  # written above
        assert asked(database, statement) == asked(text, statement), sql
    for sql in AGGREGATES.strip().splitlines():
        statement = f"SELECT tier, {sql} FROM changes GROUP BY tier ORDER BY tier"  # written above
        assert asked(database, statement) == asked(text, statement), sql
    text.close()


def test_a_word_is_shown_as_text(database: DuckdbAuditDatabase) -> None:
    answer = database.start("SELECT any_value(state), list(tier), {'a': any_value(tier)} FROM changes", Limits(), {})
    assert answer.result().types == ("VARCHAR", "VARCHAR[]", "STRUCT(a VARCHAR)")


def test_a_description_names_words_as_text(database: DuckdbAuditDatabase) -> None:
    for sql in ("DESCRIBE changes", "SUMMARIZE changes", "FROM (DESCRIBE SELECT * FROM releases)"):
        rows, _ = asked(database, sql)
        assert {str(row[1]) for row in rows} <= {"BIGINT", "INTEGER", "DOUBLE", "VARCHAR", "TIMESTAMP", "JSON"}, rows


def test_a_function_that_takes_text_alone_gets_text(database: DuckdbAuditDatabase) -> None:
    rows, _ = asked(database, "SELECT DISTINCT tier[1:2] FROM changes")
    assert rows == (("pr",),) or all(len(str(row[0])) == 2 for row in rows)


def test_a_new_word_is_text_until_the_base_knows_it(tmp_path: Path, events: list[RecordedEvent]) -> None:
    known = [e for e in events if e.event.type != "conductor.change.sealed.v1"]
    builder = DuckdbAuditBuilder(tmp_path, tail=1)
    position = builder.open()
    builder.write(project(known, position, builder.known))
    builder.publish(0)
    stranger = replace(events[0], sequence=known[-1].sequence + 1)
    stranger = replace(stranger, event=replace(stranger.event, id="evt-new", actor="local|o'stranger"))
    builder.write(project([stranger], builder.open(), builder.known))
    builder.publish(0)
    made = published.read(tmp_path)
    assert made is not None
    assert "person" not in made.words
    assert "state" in made.words
    sql = "SELECT actor, count(*) FROM events GROUP BY actor ORDER BY actor"
    first, second = both(tmp_path, sql)
    assert first == second
    assert ("local|o'stranger", 1) in first
    builder.close()  # waits for the merge, which the next one takes no notice of
    builder.open()
    builder.close()


@pytest.mark.slow
def test_a_merge_makes_new_words_known(
    tmp_path: Path, events: list[RecordedEvent], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("conductor_core.adapters.duckdb_audit.merging.LEAST", 0.0)
    builder = DuckdbAuditBuilder(tmp_path, tail=1)
    half = len(events) // 2
    builder.write(project(events[:half], builder.open(), builder.known))
    builder.publish(0)
    for upto in range(half, len(events), 5):
        position = builder.open()
        builder.write(project(events[position.events : upto + 5], position, builder.known))
        builder.publish(0)
        for merge in builder.merges:
            merge.wait()
    builder.publish(1)
    made = published.read(tmp_path)
    assert made is not None
    assert made.base.events > half
    assert {"person", "state", "type"} <= set(made.words)
    first, second = both(tmp_path, "SELECT * FROM changes ORDER BY sequence")
    assert first == second
    builder.close()


def test_many_values_stay_text(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, events: list[RecordedEvent]) -> None:
    monkeypatch.setattr(words, "MOST", 2)
    publish(tmp_path, events, at_once=1000)
    made = published.read(tmp_path)
    assert made is not None
    assert "type" not in made.words
    first, second = both(tmp_path, "SELECT type, count(*) FROM events GROUP BY type ORDER BY type")
    assert first == second


def test_a_word_that_only_deleted_rows_had_is_no_trouble(tmp_path: Path, events: list[RecordedEvent]) -> None:
    ended = {r.event.subject for r in events if r.event.type == "conductor.change.succeeded.v1"}
    kept = [r for r in events if r.event.subject in ended]  # the only Changes: other states are in deleted rows alone
    builder = DuckdbAuditBuilder(tmp_path)
    builder.begin_anew()
    position = Position()
    for start in range(0, len(kept), 3):  # each batch replaces rows of Changes that the one before has written
        batch = project(kept[start : start + 3], position, builder.known)
        builder.write(batch)
        position = batch.position
    builder.publish(0)
    builder.close()
    made = published.read(tmp_path)
    assert made is not None
    assert "state" in made.words
    first, second = both(tmp_path, "SELECT state, count(*) FROM changes GROUP BY state ORDER BY state")
    assert first == second == [("succeeded", len(ended))]
