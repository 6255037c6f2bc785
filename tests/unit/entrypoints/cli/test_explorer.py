"""`conductor audit sql|ask|questions|schema|rebuild` on a fake database."""

from __future__ import annotations

import io
import json
import shlex
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq  # type: ignore[import-untyped]  # it has no stubs
import pytest

from conductor_core.adapters.duckdb_audit.writer import DuckdbAuditBuilder
from conductor_core.adapters.file_locks import FileLocks
from conductor_core.domain.changes import State
from conductor_core.entrypoints.api.app import create_app
from conductor_core.entrypoints.cli.main import run
from conductor_core.errors import InputError, RefusedError
from conductor_core.ports.audit_database import Answer, Position
from conductor_core.services.audit_projector import AuditProjector
from tests.fakes.audit import Canned, audit_on
from tests.fakes.browser import Browser
from tests.fakes.conductor import FakeConductor, build

pytestmark = pytest.mark.slow  # builds databases

ANSWER = Answer(("state", "n"), ("VARCHAR", "BIGINT"), (("failed", 2), ("=x", None)), 0.01, Position(9, 9, 9), "rows")


class Desk:
    """A Conductor whose explorer is canned, and its command line."""

    def __init__(self, home: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.database, self._capsys = Canned(ANSWER), capsys
        made = build(home)
        made.settled(State.SUCCEEDED)
        carrier = AuditProjector(made.store, DuckdbAuditBuilder(home / "audit"), FileLocks(home / "locks"), lambda: 0)
        self.conductor: FakeConductor = replace(made, audit=audit_on(self.database, carrier))

    def say(self, line: str, code: int = 0) -> tuple[str, str]:
        assert run(shlex.split(line), lambda: self.conductor) == code
        said = self._capsys.readouterr()
        return said.out, said.err

    def json(self, line: str, code: int = 0) -> Any:
        return json.loads(self.say(f"{line} --json", code)[0])


@pytest.fixture
def desk(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Desk:
    return Desk(tmp_path, capsys)


def test_sql_prints_rows_and_says_what_was_cut_off(desk: Desk) -> None:
    out, err = desk.say("audit sql 'SELECT state' --seconds 3 --rows 7 --set a=b")
    assert "failed" in out
    assert "cut off at the limit of rows" in err
    sql, limits, given = desk.database.asked[0]
    assert (sql, limits.seconds, limits.rows, given) == ("SELECT state", 3.0, 7, {"a": "b"})


def test_sql_as_json_csv_and_parquet(desk: Desk, tmp_path: Path) -> None:
    found = desk.json("audit sql 'SELECT 1'")
    assert found["columns"] == [{"name": "state", "type": "VARCHAR"}, {"name": "n", "type": "BIGINT"}]
    assert found["rows"] == [["failed", 2], ["=x", None]]
    assert (found["capped"], found["note"]) == ("rows", "")
    assert desk.say("audit sql 'SELECT 1' --csv")[0] == "state,n\r\nfailed,2\r\n'=x,\r\n"
    out, _ = desk.say(f"audit sql 'SELECT 1' --parquet {tmp_path}/x.parquet")
    assert out == ""
    assert pq.read_table(io.BytesIO((tmp_path / "x.parquet").read_bytes())).to_pylist()[0] == {
        "state": "failed",
        "n": 2,
    }
    desk.say(f"audit sql 'SELECT 1' --parquet {tmp_path}/no/x.parquet", 1)


def test_sql_from_stdin(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("SELECT 42"))
    desk.say("audit sql -")
    assert desk.database.asked[0][0] == "SELECT 42"


def test_errors_have_their_exit_codes(desk: Desk) -> None:
    desk.database.error = InputError("The SQL can't be run.", why="x", next="y")
    assert desk.json("audit sql 'SELEC'", 2)["error"] == {"what": "The SQL can't be run.", "why": "x", "next": "y"}
    desk.database.error = RefusedError("Too slow.", next="Narrow it.")
    desk.say("audit sql 'SELECT 1'", 3)
    desk.say("audit sql ''", 2)
    desk.say("audit sql 'SELECT 1' --set nothing", 2)
    desk.say("audit ask gone", 2)
    desk.say("audit schema gone", 2)


def test_questions_and_asking_one(desk: Desk) -> None:
    names = [q["name"] for q in desk.json("audit questions")["questions"]]
    assert {"lead_time", "dora", "prod_deployments", "slow_approvals", "denying_policies"} <= set(names)
    assert "lead_time" in desk.say("audit questions")[0]
    out, _ = desk.say("audit ask lead_time --set days=90")
    assert "How long does a deployment take" in out
    assert desk.database.asked[0][2] == {"days": 90}


def test_the_schema_says_what_columns_mean(desk: Desk) -> None:
    [table] = desk.json("audit schema approvals")["tables"]
    assert "ledger_index" in [c["name"] for c in table["columns"]]
    assert all(c["help"] for t in desk.json("audit schema")["tables"] for c in t["columns"])


def test_rebuild_and_catching_up(desk: Desk) -> None:
    count = len(desk.conductor.store.events(limit=100))
    assert desk.json("audit rebuild")["events"] == count
    assert f"{count} events can be asked." in desk.say("audit rebuild")[0]
    with FileLocks(desk.conductor.settings.home / "locks").hold("audit", 0.0):
        desk.say("audit sql 'SELECT 1' --stale")
        desk.say("audit rebuild", 5)


def test_rest(desk: Desk) -> None:
    browser = Browser(create_app(desk.conductor))
    found = browser.post("/api/v1/audit/sql", {"sql": "SELECT 1", "rows": 5, "parameters": {"a": 1}}).json()
    assert found["rows"] == [["failed", 2], ["=x", None]]
    assert desk.database.asked[0][2] == {"a": 1}
    assert browser.post("/api/v1/audit/questions/lead_time", {"parameters": {"days": 3}}).json()["capped"] == "rows"
    assert browser.post("/api/v1/audit/questions/gone", {}).status_code == 404
    assert browser.post("/api/v1/audit/sql", {"sql": "SELECT 1", "rows": 0}).status_code == 422
    assert browser.post("/api/v1/audit/sql", {"sql": "SELECT 1", "file": "x"}).status_code == 422
    assert {t["name"] for t in browser.get("/api/v1/audit/schema").json()["tables"]} >= {"changes", "events"}
    assert len(browser.get("/api/v1/audit/questions").json()["questions"]) >= 10
