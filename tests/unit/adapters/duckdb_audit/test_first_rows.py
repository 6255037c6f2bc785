"""A sorted list is asked of the rows that can be among its first, and says what it says of all rows."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import duckdb
import pytest

from conductor_core.adapters.duckdb_audit import first_rows, published
from conductor_core.adapters.duckdb_audit.child import opened
from conductor_core.adapters.duckdb_audit.statements import parsed
from conductor_core.adapters.duckdb_audit.writer import DuckdbAuditBuilder
from conductor_core.domain.audit_model import TABLES
from conductor_core.domain.events import Event
from conductor_core.ports.change_store import RecordedEvent
from conductor_core.services.audit_projection import project
from tests.fakes.audit import record

ROWS = 12
LISTS = (
    "SELECT * FROM events ORDER BY occurred_at DESC, sequence",
    "FROM events ORDER BY id DESC LIMIT 7 OFFSET 3",
    "SELECT id, upper(type) AS t FROM events AS e WHERE e.subject LIKE 'chg%' ORDER BY t, 1 LIMIT 5",
    "SELECT e.id FROM events AS e WHERE occurred_at <= now() ORDER BY e.sequence DESC",
    "SELECT change_no, actor, void FROM approvals ORDER BY sequence DESC LIMIT 3",
    "SELECT *, -sequence AS back FROM operations ORDER BY back",
    "SELECT gate, result FROM gates WHERE result = $result ORDER BY occurred_at DESC, gate, sequence LIMIT 4",
    "SELECT * FROM releases ORDER BY occurred_at DESC, change_no LIMIT 2",
    "SELECT runbook, seconds FROM runs ORDER BY seconds DESC NULLS LAST, change_no",
    "SELECT CASE WHEN tier = 'prod' THEN 1 ELSE 2 END AS k, id FROM changes ORDER BY k, id",
    "SELECT ledger_index, id FROM events ORDER BY ledger_index NULLS FIRST, id LIMIT 6",
    "SELECT change_no AS picked, 1 AS sequence, id AS picked_ FROM events ORDER BY occurred_at DESC, id LIMIT 5",
    "SELECT COLUMNS('id|type') FROM events ORDER BY ALL DESC LIMIT 3",
    "SELECT * EXCLUDE (sequence) FROM events ORDER BY id LIMIT 3",
    "SELECT sequence AS occurred_at, id FROM events ORDER BY occurred_at DESC LIMIT 5",
    "WITH e AS (FROM events ORDER BY id DESC LIMIT 5) SELECT e.id, c.id FROM e LEFT JOIN changes AS c USING (change_no)"
    " ORDER BY 1",
    "SELECT id, data ->> '$.plan' AS plan FROM events WHERE sequence > 0.5::DOUBLE ORDER BY plan, id LIMIT 4",
    "SELECT count(*) FROM (SELECT * FROM gates WHERE result = $result ORDER BY sequence, gate LIMIT 3)",
    "SELECT id FROM changes WHERE change_no IN (SELECT change_no FROM operations ORDER BY name LIMIT 2) ORDER BY id",
)
WHOLE = (
    "SELECT count(*) AS n FROM events ORDER BY n",
    "SELECT actor, count(*) FROM events GROUP BY actor ORDER BY actor",
    "SELECT actor FROM events GROUP BY ALL ORDER BY actor",
    "SELECT actor FROM events GROUP BY GROUPING SETS ((actor), ()) ORDER BY actor",
    "SELECT unnest([id, type]) AS u FROM events ORDER BY u",
    "SELECT id COLLATE nocase AS i FROM events ORDER BY i",
    "SELECT DISTINCT actor FROM events ORDER BY actor",
    "SELECT id FROM events LIMIT 3",
    "SELECT id FROM events ORDER BY random()",
    "SELECT id, row_number() OVER (ORDER BY id) AS n FROM events ORDER BY n",
    "SELECT id FROM events WHERE change_no IN (SELECT change_no FROM changes) ORDER BY id",
    "SELECT e.id FROM events AS e JOIN changes AS c USING (change_no) ORDER BY e.id",
    "WITH e AS (FROM events) SELECT id FROM e ORDER BY id",
    "SELECT id FROM events USING SAMPLE 3 ROWS",
    "SELECT id FROM events ORDER BY id LIMIT 10%",
    "SELECT id FROM events ORDER BY id LIMIT 5 OFFSET 999999",
    "SELECT id FROM events UNION ALL SELECT id FROM changes ORDER BY id",
    "WITH e AS (FROM events ORDER BY id) SELECT count(*) FROM e",
    "SELECT (SELECT max(id) FROM events), id FROM events ORDER BY id",
    "SELECT id FROM changes AS c, LATERAL (SELECT id AS e FROM events AS e WHERE e.change_no = c.change_no "
    "ORDER BY e.id LIMIT 1) ORDER BY id LIMIT 5",
    "SELECT sum(sequence) FROM events ORDER BY 1",
)
"""What isn't a sorted list out of one view, or not one of scalar values."""


def approved() -> list[Event]:
    """An approval that another plan voids, and one of that plan."""
    told = (("approval.given", "one"), ("approvals.voided", "two"), ("approval.given", "two"))
    at = datetime(2026, 1, 1, tzinfo=UTC)
    return [
        Event(f"evt-{n}", f"conductor.{kind}.v1", "chg-approved", at + timedelta(seconds=n), "local|x", {"plan": plan})
        for n, (kind, plan) in enumerate(told)
    ]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, published.Published]:
    """A read model of a base with hidden rows, layers and a tail."""
    folder, events = tmp_path_factory.mktemp("model"), record(tmp_path_factory.mktemp("record"))
    chance = random.Random(7)
    chance.shuffle(subjects := sorted({r.event.subject for r in events}))
    events.sort(key=lambda r: (r.sequence // 40, subjects.index(r.event.subject), r.sequence))
    events = [RecordedEvent(n, event) for n, event in enumerate([r.event for r in events] + approved(), 1)]
    builder = DuckdbAuditBuilder(folder, tail=9)
    position = builder.open()
    for start, end in pairwise((0, 22, *range(27, len(events), 5), len(events))):
        batch = project(events[start:end], position, builder.known)
        builder.write(batch)
        position = batch.position
        builder.publish(position.events // 2)
    builder.close()
    found = published.read(folder)
    assert found is not None
    assert found.hidden
    assert len(found.layers) > 2
    return folder, found


def asked(made: tuple[Path, published.Published], sql: str, *, few: bool) -> tuple[bool, list[tuple[Any, ...]]]:
    """Whether the view was made narrower, and the answer."""
    folder, model = made
    given = {"result": "allow"} if "$result" in sql else {}
    with duckdb.connect() as plain:
        scalar = first_rows.scalar_functions(plain)
    with opened(model.files(folder), model.views()) as db:
        order = {"parameters": given, "rows": ROWS, "events": first_rows.LARGE if few else 0}
        rows = first_rows.ask(db, *parsed(db, sql), order, model.shape, scalar).fetchall()
        names = {name for (name,) in db.execute("SELECT table_name FROM duckdb_tables() WHERE temporary").fetchall()}
        return any(name.startswith("picked") for name in names), rows


@pytest.mark.parametrize("sql", LISTS)
def test_a_narrower_view_gives_the_same_list(made: tuple[Path, published.Published], sql: str) -> None:
    narrow, rows = asked(made, sql, few=True)
    assert narrow
    assert rows
    assert rows == asked(made, sql, few=False)[1]
    assert len(rows) <= ROWS + 1


def test_an_approval_is_void_once_the_plan_is_another(made: tuple[Path, published.Published]) -> None:
    sql = "SELECT plan, void FROM approvals ORDER BY sequence"
    assert asked(made, sql, few=True) == (True, [("one", True), ("two", False)])


@pytest.mark.parametrize("sql", WHOLE)
def test_what_is_no_sorted_list_is_asked_of_all_rows(made: tuple[Path, published.Published], sql: str) -> None:
    assert not asked(made, sql, few=True)[0]


@pytest.mark.slow  # opens eighty databases
def test_any_order_of_any_view_gives_the_same_list(made: tuple[Path, published.Published]) -> None:
    chance = random.Random(11)
    for _ in range(40):
        table = chance.choice(TABLES)
        by = [f"{name} {chance.choice(('', 'DESC', 'ASC NULLS FIRST', 'DESC NULLS LAST'))}"
              for name in chance.sample([n for n in table.names if n != "ordinal"], 2)]  # fmt: skip
        sql = f"SELECT * FROM {table.name} ORDER BY {', '.join(by)}, ALL LIMIT {chance.randint(1, ROWS)}"
        sql = sql.replace(", ALL", "".join(f", {name}" for name in table.names if name != "ordinal"))
        narrow, rows = asked(made, sql, few=True)
        assert narrow
        assert rows == asked(made, sql, few=False)[1], sql


def test_a_list_without_an_end_gets_the_cap_and_others_stay_as_they_are() -> None:
    with duckdb.connect() as db:
        for sql in ("FROM events", "SELECT 1 -- a remark", "SELECT 1 UNION SELECT 2", "WITH e AS (FROM events) FROM e"):
            assert first_rows.capped(*parsed(db, sql), 5) == f"{sql}\nLIMIT 6"
        for sql in ("FROM events LIMIT 3", "FROM events LIMIT 3%", "DESCRIBE events", "VALUES (1)", "SUMMARIZE events"):
            assert first_rows.capped(*parsed(db, sql), 5) == sql
