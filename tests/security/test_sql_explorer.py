"""The SQL explorer gives nobody a way out (security, untrusted input 17)."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import duckdb
import pytest

from conductor_core.adapters.duckdb_audit import published
from conductor_core.adapters.duckdb_audit.child import ADDRESS_SPACE
from conductor_core.adapters.duckdb_audit.reader import DuckdbAuditDatabase
from conductor_core.errors import InputError, RefusedError
from conductor_core.ports.audit_database import Limits
from conductor_core.settings import PROJECT_ROOT
from tests.fakes.audit import publish, record
from tests.security.sql_escapes import by_hand, generated

CANARY = "canary-3f1c9a"


@dataclass
class Place:
    """A published read model, with canaries around it and a server that counts who asks."""

    folder: Path
    outside: Path
    port: int
    asked: list[str]

    @property
    def places(self) -> dict[str, object]:
        made = published.read(self.folder)
        assert made is not None
        files = {"recent": self.folder / made.layers[-1].name, "base": self.folder / made.base.name}
        return {"dir": self.outside, "port": self.port, **files}

    def run(self, statements: list[str], *, checked: bool, seconds: float = 250.0) -> Any:
        """What becomes of the statements in one locked process."""
        made = published.read(self.folder)
        assert made is not None
        files = made.files(self.folder)
        order = {"statements": statements, "seconds": seconds, "shape": asdict(made.shape), "files": files}
        done = subprocess.run(
            [sys.executable, "-m", "tests.security.sql_child", "yes" if checked else "no"],
            cwd=PROJECT_ROOT,
            input=json.dumps(order),
            capture_output=True,
            text=True,
            timeout=280,
            env={"HOME": CANARY, "CANARY": CANARY},
            check=False,
        )
        assert done.returncode == 0, (done.returncode, done.stderr[-2000:])
        return json.loads(done.stdout)


def seen(*folders: Path) -> dict[str, str]:
    """Every file below the folders with the digest of its bytes."""
    files = [path for folder in folders for path in folder.rglob("*") if path.is_file()]
    return {str(path): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    home, outside = tmp_path_factory.mktemp("home"), tmp_path_factory.mktemp("outside")
    publish(home / "audit", record(home))
    for name in ("secret.csv", "secret.txt", "secret.json"):
        (outside / name).write_text(json.dumps({"secret": CANARY}) if name.endswith("json") else f"a,b\n1,{CANARY}\n")
    with duckdb.connect(str(outside / "other.duckdb")) as other:
        other.execute(f"CREATE TABLE t AS SELECT '{CANARY}' AS secret")
        other.execute(f"COPY t TO '{outside}/secret.parquet'")
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_error(404)

        do_HEAD = do_GET

        def log_message(self, *_: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield Place(home / "audit", outside, server.server_port, asked)
    server.shutdown()
    server.server_close()
    thread.join()


def test_no_statement_written_by_hand_gets_out(place: Place) -> None:
    statements = by_hand(**place.places)
    assert len(statements) >= 80
    before = seen(place.folder, place.outside)
    done = place.run(statements, checked=True)
    ran = [(sql, out) for sql, (end, out) in zip(statements, done["results"], strict=True) if end == "ran"]
    assert ran == []
    assert done["changed"] == []
    assert place.asked == []
    assert seen(place.folder, place.outside) == before


def test_no_generated_statement_gets_out(place: Place) -> None:
    statements = list(generated(2500, 20261124, **place.places))
    assert len(set(statements)) >= 2000
    before = seen(place.folder, place.outside)
    done = place.run(statements, checked=True)
    ran = [(sql, out) for sql, (end, out) in zip(statements, done["results"], strict=True) if end == "ran"]
    assert ran == []
    assert done["changed"] == []
    assert place.asked == []
    assert seen(place.folder, place.outside) == before


def test_the_locks_hold_where_the_check_would_not(place: Place) -> None:
    """The same statements without the check: the world stays as it is, and nothing outside is read."""
    pointers = ("pandas_scan", "arrow_scan", "python_map_function", "seq_scan")  # they crash the process, no more
    mild = ("ANALYZE", "CREATE TEMP", "CREATE OR REPLACE TEMP", "SET VARIABLE", "DROP VIEW", "USE ", "ATTACH ':memory:")
    within = (
        "enable_logging",
        "enable_profiling",
        "LOGGING",
        "TYPE",
        "SECRET",
        "DETACH",
        "TimeZone",
        "search_path",
        "BEGIN",
    )
    skipped = (*pointers, *mild, *within)  # they change this one process, which ends with its statement
    statements = [sql for sql in by_hand(**place.places) if not any(word in sql for word in skipped)]
    assert len(statements) >= 80
    before = seen(place.folder, place.outside)
    done = place.run(statements, checked=False)
    for sql, (_, out) in zip(statements, done["results"], strict=True):
        assert CANARY not in out, sql
        assert "root:" not in out, sql
    assert place.asked == []
    assert seen(place.folder, place.outside) == before


GOOD = """
SELECT 1
SELECT * FROM changes;
FROM changes SELECT id, state
WITH a AS (SELECT * FROM changes), b AS (SELECT state, count(*) AS n FROM a GROUP BY ALL) SELECT * FROM b
WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r WHERE n < 5) SELECT * FROM r
SELECT c.id, g.result FROM changes AS c JOIN gates AS g ON g.change_id = c.id
SELECT state, count(*) FROM changes GROUP BY state HAVING count(*) >= 1 ORDER BY 2 DESC LIMIT 3
SELECT *, row_number() OVER (PARTITION BY state ORDER BY requested_at) FROM changes QUALIFY row_number() OVER () < 3
SELECT data ->> '$.plan' FROM events WHERE type = 'conductor.plan.made.v1'
SELECT e.key, e.value FROM events, json_each(events.data) AS e LIMIT 5
SELECT unnest([1, 2, 3])
SELECT * FROM range(3)
SELECT * FROM generate_series(DATE '2026-01-01', DATE '2026-01-03', INTERVAL 1 DAY)
SELECT * FROM (PIVOT (SELECT state, runbook FROM changes) ON state IN ('failed', 'succeeded') USING count(*))
SELECT * FROM (UNPIVOT (SELECT plans, denials FROM changes) ON plans, denials)
DESCRIBE changes
SUMMARIZE changes
VALUES (1, 'a'), (2, 'b')
SELECT * FROM changes UNION ALL BY NAME SELECT * FROM changes
SELECT * EXCLUDE (parameters) REPLACE (upper(state) AS state) FROM changes
SELECT columns('.*_at') FROM changes
SELECT list_transform([1, 2], lambda x: x + 1)
SELECT date_trunc('week', requested_at), strftime(requested_at, '%Y') FROM changes
SELECT * FROM changes AS a ASOF JOIN events AS b ON b.subject = a.id AND b.occurred_at <= a.updated_at
SELECT count(*) FROM events WHERE occurred_at > now() - INTERVAL 30 DAY
SELECT 'it''s; fine -- really' AS text
SELECT * FROM "changes"
SELECT * FROM Changes
SELECT * FROM changes TABLESAMPLE 50%
SELECT max(sequence), current_date FROM events
"""


def test_what_reads_is_taken(place: Place) -> None:
    statements = GOOD.strip().splitlines()
    done = place.run(statements, checked=True)
    assert [(sql, out) for sql, out in zip(statements, done["results"], strict=True) if out[0] != "ran"] == []


WORST = (
    "SELECT count(*) FROM range(100000000000)",
    "SELECT repeat('x', 2000000000)",
    "SELECT list(range) FROM range(1000000000)",
    "SELECT string_agg(range::VARCHAR, ',') FROM range(1000000000)",
    "SELECT count(DISTINCT range::VARCHAR) FROM range(1000000000)",
    "SELECT * FROM range(30000000) AS a ORDER BY md5(a.range::VARCHAR)",
    "SELECT count(*) FROM range(1000000) AS a, range(1000000) AS b WHERE a.range * b.range % 7 = 1",
    "WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r) SELECT count(*) FROM r",
    "SELECT regexp_matches(repeat('a', 20000000), '(a?){500}a{500}')",
    "SELECT repeat(repeat('x', 100000), 1000) FROM range(1000)",
    "SELECT * FROM range(1000000000)",
    "SELECT levenshtein(repeat('a', 200000), repeat('b', 200000))",
    "SELECT sleep_ms(60000)",
    "SELECT hash(a), hash(b) FROM range(100000) AS a(a), range(100000) AS b(b) ORDER BY ALL",
)


@pytest.mark.parametrize("sql", WORST)
def test_the_worst_ends_at_its_deadline_within_its_memory(place: Place, sql: str) -> None:
    limits = Limits(seconds=1.5, rows=1000, size=1_000_000)
    asked = DuckdbAuditDatabase(place.folder).start(sql, limits, {})
    pid, peak = asked._child._process.pid, 0
    started: float | None = None
    while not asked.done:
        peak = max(peak, resident(pid))
        if started is None and _works(pid):
            started = time.monotonic()
        time.sleep(0.01)
    took = time.monotonic() - (started or time.monotonic())
    assert peak < 512 << 20
    assert took < limits.seconds + 1.0
    with suppress(RefusedError, InputError):
        assert len(asked.result().rows) <= limits.rows
    assert not Path(f"/proc/{pid}").exists()


def test_the_environment_of_the_child_is_empty(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONDUCTOR_DATABASE_URL", CANARY)
    asked = DuckdbAuditDatabase(place.folder).start("SELECT sleep_ms(2000)", Limits(), {})
    environment = b"?"
    for _ in range(200):
        found = Path(f"/proc/{asked._child._process.pid}/environ").read_bytes()
        arguments = Path(f"/proc/{asked._child._process.pid}/cmdline").read_bytes()
        if b"duckdb_audit.child" in arguments:
            environment = found
            break
        time.sleep(0.01)
    asked.cancel()
    assert environment == b""


def test_a_child_whose_parent_dies_does_not_stay(place: Place) -> None:
    code = (
        "import sys, time; from pathlib import Path; from conductor_core.adapters.duckdb_audit.reader import *;"
        f"d = DuckdbAuditDatabase(Path({str(place.folder)!r}));"
        "a = d.start('SELECT sleep_ms(100000)', Limits(seconds=1), {});"
        "print(a._child._process.pid, flush=True); time.sleep(1.5); import os; os._exit(9)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=PROJECT_ROOT, capture_output=True, text=True, check=False)
    pid = int(done.stdout)
    for _ in range(100):
        if not Path(f"/proc/{pid}").exists() or "Z" in Path(f"/proc/{pid}/stat").read_text().split()[2]:
            return
        time.sleep(0.1)
    os.kill(pid, 9)
    pytest.fail("it is still there")


@pytest.mark.parametrize("depth", [200, 5000])
def test_deep_statements_are_refused_and_hurt_nobody(place: Place, depth: int) -> None:
    sql = "SELECT " + "(" * depth + "1" + ")" * depth
    asked = DuckdbAuditDatabase(place.folder).start(sql, Limits(seconds=10), {})
    with suppress(RefusedError, InputError):
        assert asked.result().rows == ((1,),)


def resident(pid: int) -> int:
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except (FileNotFoundError, ProcessLookupError):
        return 0
    return next((int(line.split()[1]) << 10 for line in lines if line.startswith("VmHWM")), 0)


def _works(pid: int) -> bool:
    """Whether the child has got its limits: then it has its order."""
    try:
        said = Path(f"/proc/{pid}/limits").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False
    return str(ADDRESS_SPACE) in said
