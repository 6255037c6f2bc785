"""The page of the SQL explorer."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest

from app import asking
from app.components import audit_chart, audit_completion
from conductor_core.adapters.duckdb_audit.reader import DuckdbAuditDatabase
from conductor_core.domain.audit_model import TABLES
from conductor_core.errors import InputError, UnreachableError
from conductor_core.ports.audit_database import Answer, Chart, Position
from tests.fakes.audit import Canned, audit_on, publish, record
from tests.pages.drive import open_page, press, seen
from tests.pages.worlds import full

CHANGE = "chg-01KB0000000000000000000001"
ANSWER = Answer(
    ("change_id", "ledger_index", "release", "minutes", "at"),
    ("VARCHAR", "BIGINT", "VARCHAR", "DECIMAL(10,1)", "TIMESTAMP WITH TIME ZONE"),
    (
        (CHANGE, 41, "intelgraph", Decimal("3.5"), datetime(2026, 11, 24, tzinfo=UTC)),
        (CHANGE, None, "<b>gateway</b>", Decimal("9.5"), datetime(2026, 11, 23, tzinfo=UTC)),
    ),
    0.01,
    Position(12, 12, 10),
)


def world(database: Any) -> Any:
    conductor: Any = full()
    conductor.audit = audit_on(database)
    return conductor


def test_without_a_read_model_it_says_how_to_get_one() -> None:
    database = Canned(ANSWER)
    database.position = None
    text = seen(open_page(world(database), "audit"))
    assert "There is no read model of the record yet." in text
    assert "conductor audit rebuild" in text


def test_asking_shows_rows_cost_and_caps() -> None:
    database = Canned(ANSWER)
    at = press(open_page(world(database), "audit"), "audit_ask")
    text = seen(at)
    assert database.asked[0][0] == asking.FIRST
    for part in ("2 rows in 0.01 s", "12 events, 2 not sealed yet", "gateway", "Stopped after 20 s", "10,000 rows"):
        assert part in text
    assert at.get("download_button")


def test_a_saved_question_is_asked_with_its_parameters() -> None:
    database = Canned(ANSWER)
    at = open_page(world(database), "audit")
    at.selectbox(key=asking.CHOSEN).select("lead_time").run()
    assert "How long does a deployment take" in seen(at)
    at.number_input(key="audit_lead_time_days").set_value(90).run()
    press(at, "audit_ask")
    assert [given for _, _, given in database.asked] == [{"days": 30}, {"days": 90}]
    assert database.asked[1][0] == world(database).audit.question("lead_time").sql
    assert "Changed:" not in seen(at)
    at.text_area(key=asking.SQL).set_value("SELECT 1").run()
    assert "Changed: it is a statement of your own now." in seen(at)


def test_limits_are_given() -> None:
    database = Canned(ANSWER)
    at = open_page(world(database), "audit")
    at.number_input(key=asking.SECONDS).set_value(5).run()
    at.number_input(key=asking.ROWS).set_value(7).run()
    press(at, "audit_ask")
    assert (database.asked[0][1].seconds, database.asked[0][1].rows) == (5.0, 7)


def test_errors_say_what_why_and_next() -> None:
    bad = InputError("The SQL can't be run.", why="Parser Error: <b>here</b>", next="Read the schema.")
    text = seen(press(open_page(world(Canned(error=bad)), "audit"), "audit_ask"))
    for part in ("The SQL can't be run.", "Parser Error: <b>here</b>", "Read the schema."):
        assert part in text


def test_a_long_statement_can_be_cancelled() -> None:
    at = press(open_page(world(Canned(ANSWER, slow=True)), "audit"), "audit_ask")
    assert at.button(key="audit_ask").disabled
    assert "Asking for" in seen(at)
    press(at, "audit_cancel")
    assert "The question was cancelled." in seen(at)
    assert not at.button(key="audit_ask").disabled


def test_a_broken_store_is_said() -> None:
    class Broken(Canned):
        def published(self) -> Position | None:
            raise UnreachableError("The disk does not answer.", why="EIO", next="Look at it.")

    assert "The disk does not answer." in seen(open_page(world(Broken(ANSWER)), "audit"))


def test_the_schema_is_there_and_can_be_searched() -> None:
    at = open_page(world(Canned(ANSWER)), "audit")
    text = seen(at)
    assert all(table.name in text for table in TABLES)
    at.text_input(key="audit_find").input("microseconds").run()
    assert "How long it took." in seen(at)
    at.text_input(key="audit_find").input("nothing like it").run()
    assert "No column is called that" in seen(at)


def test_the_real_thing(tmp_path: Path) -> None:
    events = record(tmp_path)
    publish(tmp_path / "audit", events)
    at = open_page(world(DuckdbAuditDatabase(tmp_path / "audit")), "audit")
    at.number_input(key=asking.SECONDS).set_value(60).run()
    press(at, "audit_ask")
    for _ in range(200):
        if "rows in" in seen(at):
            break
        at.run()
    text = seen(at)
    assert "succeeded" in text
    assert f"{len(events)} events" in text


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        (Chart(), Chart("bar", "change_id", ("minutes",), "")),
        (Chart("line", "at", ("minutes",), "release"), Chart("line", "at", ("minutes",), "release")),
        (Chart("bar", "gone", ("minutes",), ""), Chart("bar", "change_id", ("minutes",), "")),
        (Chart("bar", "release", ("minutes",), "gone"), Chart("bar", "release", ("minutes",), "")),
    ],
)
def test_charts_fit_their_answer(wanted: Chart, found: Chart) -> None:
    assert audit_chart.chart_of(ANSWER, wanted, ["ledger_index", "minutes"]) == found
    drawn = audit_chart.figure(ANSWER, found)
    assert sum(len(trace.x) for trace in drawn.data) == 2
    assert len(drawn.data) == (2 if found.color else 1)


def test_words_that_are_offered_are_words_of_the_database() -> None:
    with duckdb.connect(":memory:") as db:
        functions = {name for (name,) in db.execute("SELECT function_name FROM duckdb_functions()").fetchall()}
        keywords = {name for (name,) in db.execute("SELECT keyword_name FROM duckdb_keywords()").fetchall()}
    assert set(audit_completion.FUNCTIONS) - functions <= {"coalesce", "nullif", "percentile_cont"}, "those are syntax"
    assert set(audit_completion.KEYWORDS) - keywords <= {"current_date"}
