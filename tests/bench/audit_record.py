"""A made-up record of a year for the benchmark of the explorer: the same rows for DuckDB and for PostgreSQL.

One Change in fifty had its approval voided by another plan and got a second one; one in five thousand was approved by
its requester, one in seven thousand by nobody, so that every saved question has something to find.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import psycopg

from conductor_core.adapters.duckdb_audit import published, words
from conductor_core.adapters.duckdb_audit.merging import digests
from conductor_core.adapters.duckdb_audit.model import BASE_BLOCK, LAYER_BLOCK, PREFIX, create_all
from conductor_core.domain.audit_model import STORED, VERSION, Table
from conductor_core.ports.audit_database import Position

PER_CHANGE = 8
"""Events of one Change."""
STEP = 24
"""Seconds from one Change to the next."""
START = datetime(2026, 1, 1, tzinfo=UTC)

_REQUESTER = "'local|person-' || hash(i) % 60"
_APPROVER = "'local|person-' || (hash(i) % 60 + CASE WHEN i % 5000 = 0 THEN 0 ELSE 1 + hash(i + 1) % 11 END) % 60"
_TIER = "(['dev', 'staging', 'prod'])[1 + i % 3]"
_PLAN = "'sha256:' || sha256(i::VARCHAR)"
_OLD = "'sha256:' || sha256('before' || i)"
_OF_CHANGE = f"{_TIER} AS tier, 'service-' || i % 40 AS release, {_TIER} AS channel, {_REQUESTER} AS requester"
_ABOUT = (
    "i * {k} + {n} AS sequence, i * {k} + {n} AS ordinal, i * {k} AS change_no, printf('chg-%026d', i) AS change_id"
)


def _about(place: object) -> str:
    return f"{_ABOUT.replace('{n}', str(place))}, {_OF_CHANGE}"


MADE: dict[str, str] = {
    "changes": f"""
        SELECT i * {{k}} + 7 AS sequence, i * {{k}} + 7 AS ordinal, i * {{k}} AS change_no,
          printf('chg-%026d', i) AS id,
          'Deploy service-' || i % 40 AS title, 'deploy_release' AS runbook,
          'release/service-' || i % 40 || '@' || {_TIER} AS target, {_TIER} AS tier, 'service-' || i % 40 AS release,
          {_TIER} AS channel, '1.' || i % 50 AS version, md5(i::VARCHAR) AS git_commit,
          CASE WHEN hash(i) % 17 = 0 THEN 'failed' ELSE 'succeeded' END AS state, {_REQUESTER} AS requester,
          'ticket ' || i % 1000 AS reason, '{{{{}}}}' AS parameters, {{t}} AS requested_at,
          {{t}} + INTERVAL 2 SECOND AS planned_at, {{t}} + to_seconds(60 + (hash(i) % 5000)::BIGINT) AS approved_at,
          {{t}} + to_seconds(65 + (hash(i) % 5000)::BIGINT) AS started_at,
          {{t}} + to_seconds(90 + (hash(i) % 5000)::BIGINT) AS validated_at,
          {{t}} + to_microseconds(((100 + hash(i) % 6000) * 1000000 + i % 1000000)::BIGINT) AS finished_at,
          {{t}} + to_seconds(100 + (hash(i) % 6000)::BIGINT) AS updated_at, {_PLAN} AS plan, 1 AS plans,
          (hash(i) % 9 = 0)::INTEGER AS denials, 1 AS approvals, 1 AS operations, 3 AS checks_passed,
          (hash(i) % 17 = 0)::INTEGER AS checks_failed, 'Done.' AS outcome, '' AS outcome_why, '' AS notebook,
          'sha256:' || sha256('s' || i) AS seal
        FROM range({{n}}) AS r(i)""",
    "events": f"""
        SELECT e AS sequence, e AS ordinal, e - e % {{k}} AS change_no, printf('evt-%026d', e) AS id,
          (['conductor.change.requested.v1', 'conductor.plan.made.v1', 'conductor.gates.judged.v1',
            'conductor.approval.given.v1', 'conductor.execution.started.v1', 'conductor.operation.started.v1',
            'conductor.operation.succeeded.v1', 'conductor.change.succeeded.v1'])[1 + e % {{k}}] AS type,
          printf('chg-%026d', i) AS subject, TIMESTAMP '2026-01-01' + to_seconds(e * 3) AS occurred_at,
          CASE e % {{k}} WHEN 0 THEN {_REQUESTER} WHEN 3 THEN {_APPROVER} ELSE 'system|conductor' END AS actor,
          '{{{{"plan":"sha256:' || sha256(e::VARCHAR) || '"}}}}' AS data
        FROM (SELECT e, e // {{k}} AS i FROM range({{n}} * {{k}}) AS r(e))""",
    "gates": f"""
        SELECT {_about(2)}, {{t}} AS occurred_at,
          'policy/' || g AS gate, CASE WHEN hash(i + g) % 23 = 0 THEN 'deny' WHEN hash(i) % 7 = 0 THEN 'warn'
          ELSE 'allow' END AS result, 1 AS reasons, 12 AS rules_run, '' AS plan, '' AS evidence
        FROM range({{n}}) AS r(i), range(4) AS s(g)""",
    "findings": f"""
        SELECT {_about(2)}, {{t}} AS occurred_at,
          'policy/' || i % 4 AS gate, CASE WHEN i % 3 = 0 THEN 'deny' ELSE 'warn' END AS effect,
          'rule-' || hash(i) % 90 AS rule, 'Something is wrong.' AS text, '/spec' AS path, 'Mend it.' AS clears_by
        FROM range({{n}}) AS r(i)""",
    "approvals": f"""
        SELECT {_about("3 + 2 * g")},
          {{t}} + to_seconds(2 + (hash(i) % 5000)::BIGINT + g) AS occurred_at, {_APPROVER} AS actor,
          CASE WHEN i % 50 = 0 AND g = 0 THEN {_OLD} ELSE {_PLAN} END AS plan, '' AS reason,
          (hash(i) % 5000)::DOUBLE AS waited_seconds
        FROM range({{n}}) AS r(i), range(2) AS s(g) WHERE (g = 0 OR i % 50 = 0) AND i % 7000 <> 2""",
    "voids": f"""
        SELECT {_about(4)}, {{t}} + to_seconds(2 + (hash(i) % 5000)::BIGINT) AS occurred_at, {_PLAN} AS plan,
          '[]' AS changed FROM range({{n}}) AS r(i) WHERE i % 50 = 0""",
    "operations": f"""
        SELECT {_about(6)}, {{t}} AS occurred_at,
          'helm_upgrade' AS name, (['helm_upgrade', 'helm_rollback', 'check:pods'])[1 + i % 3] AS kind,
          CASE WHEN hash(i) % 17 = 0 THEN 'failed' ELSE 'succeeded' END AS state,
          1 + (hash(i) % 101 = 0)::INTEGER AS dispatches, {{t}} AS started_at,
          {{t}} + to_seconds((hash(i) % 300)::BIGINT) AS finished_at,
          '' AS request, '' AS result FROM range({{n}}) AS r(i)""",
    "smoke_results": f"""
        SELECT {_about(7)}, {{t}} + to_seconds(90 + (hash(i) % 5000)::BIGINT) AS occurred_at,
          (['pods', 'rollout', 'status'])[1 + g] AS name,
          hash(i * 3 + g) % 41 <> 0 AS passed, '3 of 3 are ready.' AS detail
        FROM range({{n}}) AS r(i), range(3) AS s(g)""",
}
TIME = f"(TIMESTAMP '2026-01-01' + to_seconds(i * {STEP}))"


def now(changes: int) -> datetime:
    """When the questions are asked: a day after the last Change."""
    return START + timedelta(seconds=changes * STEP, days=1)


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


def fill_postgres(url: str, folder: Path, indexes: Sequence[str]) -> None:
    """The same rows, with these indexes, vacuumed and analysed."""
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
        for index in indexes:
            to.execute(index)
        for name in MADE:
            to.execute(f"VACUUM (ANALYZE, FREEZE) {name}")


def _columns(table: Table) -> str:
    types = {"VARCHAR": "text", "JSON": "text", "DOUBLE": "double precision", "TIMESTAMP": "timestamptz"}
    return ", ".join(f"{c.name} {types.get(c.type, c.type)}" for c in table.columns)
