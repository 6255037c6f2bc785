"""The saved questions of the explorer against PostgreSQL tuned for them, on one machine in one run, and its ingest.

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
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import duckdb
import psycopg

from conductor_core.adapters.duckdb_audit import published
from conductor_core.adapters.duckdb_audit.child import opened
from conductor_core.adapters.duckdb_audit.question_files import QuestionFolder
from conductor_core.adapters.duckdb_audit.reader import DuckdbAuditDatabase
from conductor_core.adapters.duckdb_audit.writer import DuckdbAuditBuilder
from conductor_core.adapters.file_locks import FileLocks
from conductor_core.adapters.postgres import embedded
from conductor_core.domain.events import Event
from conductor_core.ports.audit_database import Limits
from conductor_core.ports.change_store import RecordedEvent
from conductor_core.services.audit_projector import AuditProjector
from conductor_core.settings import PROJECT_ROOT
from tests.bench.audit_questions import INDEXES, PEERS, SUMS
from tests.bench.audit_record import PER_CHANGE, START, fill_postgres, make_model, now

ROUNDED = 0.1001
"""By how much answers rounded to a tenth may differ: half-way numbers go up in one engine, down in the other."""
QUERIES = PROJECT_ROOT / "data" / "queries"
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


def compare(folder: Path, url: str, asked_at: datetime) -> None:
    """Print each question's times, checked to be equal answers first, and the geometric means of the ratios.

    Beside the explorer stands its engine on the same files at its best: a warm connection that nothing is kept from,
    with every processor. That is the limit of any explorer on it.
    """
    questions = {question.name: question.sql for question in QuestionFolder(QUERIES).all()[0]}
    now = f"TIMESTAMP '{asked_at:%Y-%m-%d %H:%M:%S}'"
    with psycopg.connect(url, autocommit=True) as db, _engine(folder) as engine:
        db.execute("SET search_path = bench")
        db.execute("SET TimeZone = 'UTC'")
        sides = Sides(db, DuckdbAuditDatabase(folder), engine)
        saved = [
            sides.ratios(
                name, peer.sql.format(now=now), questions[name].replace("now()", now), peer.parameters, ROUNDED
            )
            for name, peer in PEERS.items()
        ]
        _sum_up("saved questions", saved)
        _sum_up("sums over the whole record", [sides.ratios(name, sql, sql, {}, 1e-6) for name, sql in SUMS.items()])
        sides.explorer.close()


@contextmanager
def _engine(folder: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    made = published.read(folder)
    assert made is not None
    with duckdb.connect(":memory:") as free:  # as many threads as processors, most of the memory
        yield opened(made.files(folder), made.views(), free)


@dataclass(frozen=True)
class Sides:
    """Who is asked: PostgreSQL, the explorer as the product asks it, and its engine alone."""

    postgres: psycopg.Connection[Any]
    explorer: DuckdbAuditDatabase
    engine: duckdb.DuckDBPyConnection

    def ratios(
        self, name: str, their_sql: str, our_sql: str, parameters: Mapping[str, int], near: float
    ) -> tuple[float, float]:
        """How many times as long PostgreSQL takes as the explorer, and as its engine alone, each at its best of three.

        Answers of numbers may differ by `near`.
        """
        theirs = [_timed(lambda: self.postgres.execute(their_sql.encode()).fetchall()) for _ in range(3)]
        ours = [_timed_explorer(self.explorer, our_sql, parameters) for _ in range(3)]
        alone = [_timed(lambda: self.engine.execute(our_sql, dict(parameters) or None).fetchall()) for _ in range(3)]
        assert _same(theirs[0][1], ours[0][1], near), (name, theirs[0][1][:3], ours[0][1][:3])
        they, we, it = (min(t for t, _ in times) for times in (theirs, ours, alone))
        print(
            f"{name:32} {len(ours[0][1]):6,} rows   PostgreSQL {they * 1000:8.1f} ms   "
            f"explorer {we * 1000:7.1f} ms {they / we:6.2f}x   engine alone {it * 1000:7.1f} ms {they / it:6.2f}x",
            flush=True,
        )
        return they / we, they / it


def _sum_up(what: str, ratios: Sequence[tuple[float, float]]) -> None:
    ours, alone = (math.exp(statistics.fmean(map(math.log, side))) for side in zip(*ratios, strict=True))
    print(f"{what}: geometric mean of {len(ratios)}: {ours:.1f}x; its engine alone {alone:.1f}x")


def _timed(ask: Callable[[], Sequence[tuple[Any, ...]]]) -> tuple[float, Sequence[tuple[Any, ...]]]:
    started = time.perf_counter()
    rows = ask()
    return time.perf_counter() - started, rows


def _timed_explorer(
    database: DuckdbAuditDatabase, sql: str, parameters: Mapping[str, int]
) -> tuple[float, Sequence[tuple[Any, ...]]]:
    answer = database.start(sql, Limits(seconds=120), parameters).result()
    return answer.seconds, answer.rows


def _same(one: Sequence[tuple[Any, ...]], other: Sequence[tuple[Any, ...]], near: float) -> bool:
    return len(one) == len(other) and all(
        _equal(a, b, near) for left, right in zip(one, other, strict=True) for a, b in zip(left, right, strict=True)
    )


def _equal(a: Any, b: Any, near: float) -> bool:
    if isinstance(a, float | Decimal) or isinstance(b, float | Decimal):
        return math.isclose(float(a), float(b), rel_tol=1e-6, abs_tol=near)
    if isinstance(a, date) and isinstance(b, date) and not isinstance(a, datetime):
        return a == (b.date() if isinstance(b, datetime) else b)
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
            fill_postgres(url, home / "audit", INDEXES)
            print(f"PostgreSQL filled, indexed, vacuumed in {time.monotonic() - started:.0f} s")
            compare(home / "audit", url, now(asked.events // PER_CHANGE))


def _size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.glob("*.duckdb"))


if __name__ == "__main__":
    main()
