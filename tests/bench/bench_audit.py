"""The explorer against PostgreSQL tuned for the same questions, on one machine in one run, and its ingest.

`python -m tests.bench.bench_audit [--events 10000000] [--seconds 20]`. Both get the same rows; PostgreSQL gets indexes,
parallel workers and memory, and its best of three runs; the explorer is asked as the product asks it, each time in a
fresh, limited child process with one thread. Answers are compared before anything is timed.
"""

from __future__ import annotations

import argparse
import math
import multiprocessing
import os
import statistics
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import duckdb
import psycopg

from conductor_core.adapters.duckdb_audit import published, words
from conductor_core.adapters.duckdb_audit.merging import digests
from conductor_core.adapters.duckdb_audit.model import BASE_BLOCK, LAYER_BLOCK, PREFIX, create_all
from conductor_core.adapters.duckdb_audit.reader import DuckdbAuditDatabase
from conductor_core.adapters.duckdb_audit.writer import DuckdbAuditBuilder
from conductor_core.adapters.file_locks import FileLocks
from conductor_core.adapters.postgres import embedded
from conductor_core.domain.audit_model import STORED, VERSION, Table
from conductor_core.domain.events import Event
from conductor_core.ports.audit_database import Limits, Position
from conductor_core.ports.change_store import RecordedEvent
from conductor_core.services.audit_projector import AuditProjector

PER_CHANGE = 8
"""Events of one Change."""
START = datetime(2026, 1, 1, tzinfo=UTC)

QUESTIONS: dict[str, str] = {
    "deployments by release and end": """
        SELECT release, state, count(*) AS n FROM changes WHERE started_at IS NOT NULL GROUP BY release, state
        ORDER BY release, state""",
    "lead time by release": """
        SELECT release,
          percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM finished_at - requested_at)) AS median
        FROM changes WHERE finished_at IS NOT NULL GROUP BY release ORDER BY release""",
    "failure rate by week": """
        SELECT date_trunc('week', finished_at) AS week, count(*) AS n,
          count(*) FILTER (WHERE state = 'failed') AS failed
        FROM changes WHERE finished_at IS NOT NULL GROUP BY 1 ORDER BY 1""",
    "who deployed to prod last week": """
        SELECT requester, release, count(*) AS n FROM changes
        WHERE tier = 'prod' AND started_at >= TIMESTAMP '2026-03-01'
          AND started_at < TIMESTAMP '2026-03-08' GROUP BY 1, 2 ORDER BY 1, 2""",
    "longest approvals": """
        SELECT c.tier, a.actor, max(a.waited_seconds) AS longest, avg(a.waited_seconds) AS mean
        FROM approvals AS a JOIN changes AS c ON c.change_no = a.change_no GROUP BY 1, 2 ORDER BY 1, 2""",
    "which rule denies most": """
        SELECT gate, rule, count(*) AS n, count(DISTINCT change_no) AS changes FROM findings WHERE effect = 'deny'
        GROUP BY 1, 2 ORDER BY n DESC, gate, rule LIMIT 20""",
    "events by type and day": """
        SELECT type, date_trunc('day', occurred_at) AS day, count(*) AS n FROM events GROUP BY 1, 2
        ORDER BY n DESC, 1, 2 LIMIT 50""",
    "most active people": """
        SELECT actor, count(*) AS n, count(DISTINCT change_no) AS changes FROM events GROUP BY 1
        ORDER BY n DESC, 1 LIMIT 20""",
    "slowest operations": """
        SELECT kind, count(*) AS n, avg(extract(epoch FROM finished_at - started_at)) AS mean FROM operations
        GROUP BY 1 ORDER BY 1""",
    "verdicts by gate and month": """
        SELECT gate, result, date_trunc('month', occurred_at) AS month, count(*) AS n FROM gates GROUP BY 1, 2, 3
        ORDER BY 1, 2, 3""",
    "failed and later mended": """
        SELECT f.release, count(*) AS failed, count(m.target) AS mended FROM changes AS f
        LEFT JOIN (SELECT target, max(finished_at) AS latest FROM changes WHERE state = 'succeeded' GROUP BY 1) AS m
          ON m.target = f.target AND m.latest > f.finished_at
        WHERE f.state = 'failed' GROUP BY 1 ORDER BY 1""",
    "search in reasons": """
        SELECT count(*) AS n, min(requested_at) AS first FROM changes WHERE reason LIKE '%ticket 4_7%'""",
}
"""The same text for both; each gives few rows out of many."""

MADE: dict[str, str] = {
    "changes": """
        SELECT i * {k} AS sequence, i * {k} AS ordinal, i * {k} AS change_no, printf('chg-%026d', i) AS id,
          'Deploy service-' || i % 40 AS title, 'deploy_release' AS runbook,
          'release/service-' || i % 40 || '@' || (['dev', 'staging', 'prod'])[1 + i % 3] AS target,
          (['dev', 'staging', 'prod'])[1 + i % 3] AS tier, 'service-' || i % 40 AS release,
          (['dev', 'staging', 'prod'])[1 + i % 3] AS channel, '1.' || i % 50 AS version, md5(i::VARCHAR) AS git_commit,
          CASE WHEN hash(i) % 17 = 0 THEN 'failed' ELSE 'succeeded' END AS state,
          'local|person-' || hash(i) % 60 AS requester, 'ticket ' || i % 1000 AS reason, '{{}}' AS parameters,
          {t} AS requested_at, {t} + INTERVAL 2 SECOND AS planned_at,
          {t} + to_seconds(60 + (hash(i) % 5000)::BIGINT) AS approved_at,
          {t} + to_seconds(65 + (hash(i) % 5000)::BIGINT) AS started_at,
          {t} + to_seconds(90 + (hash(i) % 5000)::BIGINT) AS validated_at,
          {t} + to_seconds(100 + (hash(i) % 6000)::BIGINT) AS finished_at,
          {t} + to_seconds(100 + (hash(i) % 6000)::BIGINT) AS updated_at,
          'sha256:' || sha256(i::VARCHAR) AS plan, 1 AS plans, (hash(i) % 9 = 0)::INTEGER AS denials, 1 AS approvals,
          1 AS operations, 3 AS checks_passed, (hash(i) % 17 = 0)::INTEGER AS checks_failed, 'Done.' AS outcome,
          '' AS outcome_why, '' AS notebook, 'sha256:' || sha256('s' || i) AS seal
        FROM range({n}) AS r(i)""",
    "events": """
        SELECT e AS sequence, e AS ordinal, e - e % {k} AS change_no, printf('evt-%026d', e) AS id,
          (['conductor.change.requested.v1', 'conductor.plan.made.v1', 'conductor.gates.judged.v1',
            'conductor.approval.given.v1', 'conductor.execution.started.v1', 'conductor.operation.started.v1',
            'conductor.operation.succeeded.v1', 'conductor.change.succeeded.v1'])[1 + e % {k}] AS type,
          printf('chg-%026d', e // {k}) AS subject,
          TIMESTAMP '2026-01-01' + to_seconds(e * 3) AS occurred_at,
          CASE e % {k} WHEN 0 THEN 'local|person-' || hash(e // {k}) % 60
            WHEN 3 THEN 'local|person-' || hash(e // {k} + 1) % 12 ELSE 'system|conductor' END AS actor,
          '{{"plan":"sha256:' || sha256(e::VARCHAR) || '"}}' AS data
        FROM range({n} * {k}) AS r(e)""",
    "gates": """
        SELECT i * {k} AS sequence, i * {k} AS ordinal, i * {k} AS change_no,
          printf('chg-%026d', i) AS change_id, {t} AS occurred_at,
          'policy/' || g AS gate, CASE WHEN hash(i + g) % 23 = 0 THEN 'deny' WHEN hash(i) % 7 = 0 THEN 'warn'
          ELSE 'allow' END AS result, 1 AS reasons, 12 AS rules_run, '' AS plan, '' AS evidence
        FROM range({n}) AS r(i), range(4) AS s(g)""",
    "findings": """
        SELECT i * {k} AS sequence, i * {k} AS ordinal, i * {k} AS change_no,
          printf('chg-%026d', i) AS change_id, {t} AS occurred_at,
          'policy/' || i % 4 AS gate, CASE WHEN i % 3 = 0 THEN 'deny' ELSE 'warn' END AS effect,
          'rule-' || hash(i) % 90 AS rule, 'Something is wrong.' AS text, '/spec' AS path, 'Mend it.' AS clears_by
        FROM range({n}) AS r(i)""",
    "approvals": """
        SELECT i * {k} AS sequence, i * {k} AS ordinal, i * {k} AS change_no,
          printf('chg-%026d', i) AS change_id, {t} AS occurred_at,
          'local|person-' || hash(i + 1) % 12 AS actor, '' AS plan, '' AS reason,
          (hash(i) % 5000)::DOUBLE AS waited_seconds
        FROM range({n}) AS r(i)""",
    "operations": """
        SELECT i * {k} AS sequence, i * {k} AS ordinal, i * {k} AS change_no,
          printf('chg-%026d', i) AS change_id, {t} AS occurred_at,
          'helm_upgrade' AS name, (['helm_upgrade', 'helm_rollback', 'check:pods'])[1 + i % 3] AS kind,
          'succeeded' AS state, 1 AS dispatches, {t} AS started_at,
          {t} + to_seconds((hash(i) % 300)::BIGINT) AS finished_at,
          '' AS request, '' AS result FROM range({n}) AS r(i)""",
}
TIME = "(TIMESTAMP '2026-01-01' + to_seconds(i * 24))"
INDEXES = (
    "CREATE UNIQUE INDEX ON changes (id)",
    "CREATE INDEX ON changes (release, state) INCLUDE (started_at)",
    "CREATE INDEX ON changes (tier, started_at) INCLUDE (requester, release)",
    "CREATE INDEX ON changes (finished_at) INCLUDE (state)",
    "CREATE INDEX ON changes (state, release, target, finished_at)",
    "CREATE UNIQUE INDEX ON changes (change_no) INCLUDE (tier)",
    "CREATE INDEX ON events (subject)",
    "CREATE INDEX ON events (type, occurred_at)",
    "CREATE INDEX ON events (actor, change_no)",
    "CREATE INDEX ON approvals (change_no) INCLUDE (actor, waited_seconds)",
    "CREATE INDEX ON findings (effect, gate, rule, change_no)",
    "CREATE INDEX ON operations (kind) INCLUDE (started_at, finished_at)",
    "CREATE INDEX ON gates (gate, result, occurred_at)",
)
TUNED = (
    "shared_buffers = '2GB'",
    "work_mem = '256MB'",
    "maintenance_work_mem = '1GB'",
    "effective_cache_size = '6GB'",
    "max_parallel_workers_per_gather = 4",
    "max_parallel_workers = 8",
    "random_page_cost = 1.1",
    "jit = on",
    "fsync = off",
    "max_wal_size = '8GB'",
)


def make_model(folder: Path, changes: int) -> None:
    """A published read model of that many Changes, all of them in its base, as a rebuild leaves it."""
    published.prepare(folder)
    base, recent = f"base-{0:016x}.duckdb", f"layer-{0:016x}.duckdb"
    with duckdb.connect(":memory:", config={"threads": 2, "memory_limit": "4GB"}) as db:
        db.execute(f"ATTACH '{folder / base}' AS base (BLOCK_SIZE {BASE_BLOCK})")
        for statement in create_all("base"):
            db.execute(statement)
        for table, sql in MADE.items():
            db.execute(f"INSERT INTO base.main.{PREFIX}{table} BY NAME {sql.format(n=changes, k=PER_CHANGE, t=TIME)}")
        words.convert(db, "base", words.used(db, "base", words.PLACES, PREFIX), PREFIX)
        db.execute("CHECKPOINT base")
        same, types = tuple(words.known(db, "base")), digests(db, "base")
        db.execute(f"ATTACH '{folder / recent}' AS made (BLOCK_SIZE {LAYER_BLOCK})")
        words.make_types(db, "made", same)
        for statement in create_all("made", same):
            db.execute(statement)
    events = changes * PER_CHANGE
    position = Position(events, events, events)
    sizes = [(folder / name).stat().st_size for name in (base, recent)]
    layers = published.Layer(base, events, 0, sizes[0], types), published.Layer(recent, 0, events, sizes[1], types)
    published.write(folder, published.Published(VERSION, layers, position))


def fill_postgres(url: str, folder: Path) -> None:
    """The same rows, with indexes, vacuumed and analysed."""
    made = published.read(folder)
    assert made is not None
    with (
        duckdb.connect(str(folder / made.base.name), read_only=True) as source,
        psycopg.connect(url, autocommit=True) as to,
    ):
        source.execute("SET TimeZone = 'UTC'")
        to.execute("CREATE SCHEMA bench")
        to.execute("SET search_path = bench")
        for table in (t for t in STORED if t.name in MADE):
            to.execute(f"CREATE UNLOGGED TABLE {table.name} ({_columns(table)})")
            file = folder / f"{table.name}.csv"
            source.execute(f"COPY {PREFIX}{table.name} TO '{file}' (HEADER false)")
            with to.cursor().copy(f"COPY {table.name} FROM STDIN (FORMAT csv)") as copy, file.open("rb") as data:
                while chunk := data.read(1 << 20):
                    copy.write(chunk)
            file.unlink()
        for index in INDEXES:
            to.execute(index)
        for name in MADE:
            to.execute(f"VACUUM (ANALYZE, FREEZE) {name}")


def _columns(table: Table) -> str:
    types = {"VARCHAR": "text", "JSON": "text", "DOUBLE": "double precision", "TIMESTAMP": "timestamptz"}
    return ", ".join(f"{c.name} {types.get(c.type, c.type)}" for c in table.columns)


@contextmanager
def tuned(home: Path) -> Iterator[str]:
    """A PostgreSQL of its own with memory and workers to work with."""
    url = embedded.start(home)
    with psycopg.connect(url, autocommit=True) as db:
        for setting in TUNED:
            db.execute(f"ALTER SYSTEM SET {setting}")
    embedded.stop(home)
    try:
        yield embedded.start(home)
    finally:
        embedded.stop(home)


def compare(folder: Path, url: str) -> None:
    """Print each question's times, checked to be equal answers first, and the geometric mean of the ratios."""
    database, ratios = DuckdbAuditDatabase(folder), []
    with psycopg.connect(url, autocommit=True) as db:
        db.execute("SET search_path = bench")
        db.execute("SET TimeZone = 'UTC'")
        for name, sql in QUESTIONS.items():
            theirs = [_timed_postgres(db, sql) for _ in range(3)]
            ours = [_timed_duckdb(database, sql) for _ in range(3)]
            assert _same(theirs[0][1], ours[0][1]), (name, theirs[0][1][:3], ours[0][1][:3])
            they, we = min(t for t, _ in theirs), min(t for t, _ in ours)
            ratios.append(they / we)
            print(
                f"{name:34} PostgreSQL {they * 1000:9.1f} ms   explorer {we * 1000:8.1f} ms   {they / we:6.1f}x",
                flush=True,
            )
    database.close()
    print(f"geometric mean of {len(ratios)}: {math.exp(statistics.fmean(map(math.log, ratios))):.1f}x")


def _timed_postgres(db: psycopg.Connection[Any], sql: str) -> tuple[float, list[tuple[Any, ...]]]:
    started = time.perf_counter()
    rows = db.execute(sql.encode()).fetchall()
    return time.perf_counter() - started, rows


def _timed_duckdb(database: DuckdbAuditDatabase, sql: str) -> tuple[float, Sequence[tuple[Any, ...]]]:
    answer = database.start(sql, Limits(seconds=120), {}).result()
    return answer.seconds, answer.rows


def _same(one: Sequence[tuple[Any, ...]], other: Sequence[tuple[Any, ...]]) -> bool:
    return len(one) == len(other) and all(
        _equal(a, b) for left, right in zip(one, other, strict=True) for a, b in zip(left, right, strict=True)
    )


def _equal(a: Any, b: Any) -> bool:
    if isinstance(a, float | Decimal) or isinstance(b, float | Decimal):
        return math.isclose(float(a), float(b), rel_tol=1e-6, abs_tol=1e-6)
    if isinstance(a, datetime) and isinstance(b, datetime):
        return a.replace(tzinfo=a.tzinfo or UTC) == b.replace(tzinfo=b.tzinfo or UTC)
    return bool(a == b)


class Source:
    """The events of a `ChangeStore` that grows by so many a second from `begin` on; all of them are made before."""

    def __init__(self, rate: int, seconds: float) -> None:
        kinds = ("change.requested", "plan.made", "gates.judged", "approval.given", "execution.started",
                 "operation.started", "operation.succeeded", "change.succeeded")  # fmt: skip
        self.rate, self.rows, self.started = rate, list[RecordedEvent](), math.inf
        for n in range(int(rate * seconds)):
            change, kind = n // PER_CHANGE, kinds[n % PER_CHANGE]
            data: dict[str, object] = {"plan": f"sha256:{change:064x}", "key": "helm_upgrade", "kind": "helm_upgrade"}
            data |= {"verdicts": [{"gate": "policy", "result": "allow", "rules_run": 9, "reasons": []}]}
            event = Event(
                f"evt-{n:026}", f"conductor.{kind}.v1", f"chg-{change:026}", START + timedelta(seconds=n), "x|y", data
            )
            self.rows.append(RecordedEvent(n + 1, event))

    def begin(self) -> None:
        self.started = time.monotonic()

    def at(self, number: int) -> float:
        """When the event of that number, from 0, was recorded."""
        return self.started + number / self.rate

    def events(self, after: int = 0, limit: int = 1000, **_: object) -> list[RecordedEvent]:
        recorded = int(max(0.0, time.monotonic() - self.started) * self.rate)
        return self.rows[after : min(after + limit, recorded)]


def watch(folder: Path, until: int, told: Connection) -> None:
    """In a process of its own: tell when how many events could first be asked, until all can."""
    seen = 0
    while seen < until:
        made = published.read(folder)
        if made is not None and made.position.events > seen:
            seen = made.position.events
            told.send((time.monotonic(), seen))
        time.sleep(0.005)


def ingest(folder: Path, rate: int, seconds: float) -> None:
    """Print how long after they were recorded events could be asked, at that many a second.

    As in the product, the projector has its process to itself.
    """
    source, stopping = Source(rate, seconds), threading.Event()
    carrier = AuditProjector(source, DuckdbAuditBuilder(folder / "audit"), FileLocks(folder / "locks"), lambda: 1 << 60)  # type: ignore[arg-type]  # it reads events and nothing else
    heard, told = multiprocessing.get_context("spawn").Pipe(duplex=False)
    watcher = multiprocessing.get_context("spawn").Process(
        target=watch, args=(folder / "audit", len(source.rows), told)
    )
    watcher.start()
    source.begin()
    thread = threading.Thread(target=carrier.run, args=(stopping,))
    thread.start()
    seen, delays, used = 0, list[float](), time.process_time()
    while seen < len(source.rows):
        now, count = heard.recv()
        delays += [now - source.at(n) for n in range(seen, count)]
        seen = count
    used, took = time.process_time() - used, time.monotonic() - source.started
    stopping.set()
    thread.join()
    watcher.join()
    delays.sort()
    print(
        f"ingest: {len(delays):,} events at {rate:,}/s; askable after p50 {delays[len(delays) // 2]:.2f} s, "
        f"p99 {delays[int(len(delays) * 0.99)]:.2f} s, worst {delays[-1]:.2f} s; {used / took:.2f} processors used, "
        f"load {os.getloadavg()[0]:.1f}"
    )


def main() -> None:
    """Run all of it."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--events", type=int, default=10_000_000)
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--rate", type=int, default=5000)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="bench-audit-") as name:
        home = Path(name)
        ingest(home / "ingest", asked.rate, asked.seconds)
        started = time.monotonic()
        make_model(home / "audit", asked.events // PER_CHANGE)
        print(f"{asked.events:,} events in {time.monotonic() - started:.0f} s; {_size(home / 'audit') / 1e6:.0f} MB")
        with tuned(home / "postgres-home") as url:
            started = time.monotonic()
            fill_postgres(url, home / "audit")
            print(f"PostgreSQL filled, indexed, vacuumed in {time.monotonic() - started:.0f} s")
            compare(home / "audit", url)


def _size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.glob("*.duckdb"))


if __name__ == "__main__":
    main()
