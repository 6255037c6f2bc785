"""Statements that try to get out of the SQL explorer: written by hand, and generated."""

from __future__ import annotations

import random
from collections.abc import Iterator

BY_HAND = """
SELECT * FROM read_csv('{dir}/secret.csv')
SELECT * FROM read_csv_auto('{dir}/secret.csv')
SELECT * FROM read_text('{dir}/secret.txt')
SELECT * FROM read_blob('{dir}/secret.txt')
SELECT * FROM read_json('{dir}/secret.json')
SELECT * FROM read_json_objects('{dir}/secret.json')
SELECT * FROM read_ndjson('{dir}/secret.json')
SELECT * FROM read_parquet('{dir}/secret.parquet')
SELECT * FROM parquet_scan('{dir}/secret.parquet')
SELECT * FROM parquet_metadata('{dir}/secret.parquet')
SELECT * FROM parquet_kv_metadata('{dir}/secret.parquet')
SELECT * FROM sniff_csv('{dir}/secret.csv')
SELECT * FROM glob('{dir}/*')
SELECT * FROM glob('/etc/*')
FROM '{dir}/secret.csv'
FROM '{dir}/secret.parquet'
SELECT * FROM '{dir}/other.duckdb'
SELECT * FROM "{dir}/secret.csv"
SELECT * FROM read_duckdb('{dir}/other.duckdb')
SELECT * FROM read_blob('{recent}')
SELECT * FROM read_blob('{base}')
SELECT * FROM read_duckdb('{base}')
FROM '{base}'
SELECT * FROM read_text('/proc/self/environ')
SELECT * FROM read_text('/proc/self/cmdline')
SELECT * FROM read_blob('/proc/self/mem')
SELECT * FROM read_text('/etc/passwd')
SELECT * FROM read_csv('http://127.0.0.1:{port}/x.csv')
SELECT * FROM read_text('http://127.0.0.1:{port}/x.txt')
FROM 'http://127.0.0.1:{port}/x.parquet'
SELECT * FROM read_csv('s3://bucket/x.csv')
INSTALL httpfs
LOAD httpfs
INSTALL httpfs FROM 'http://127.0.0.1:{port}'
LOAD '{dir}/evil.duckdb_extension'
FORCE INSTALL spatial
ATTACH '{dir}/other.duckdb' AS other
ATTACH '{dir}/new.duckdb' AS fresh
ATTACH 'http://127.0.0.1:{port}/x.duckdb' AS net (READ_ONLY)
ATTACH ':memory:' AS scratch
DETACH base
USE base
COPY changes TO '{dir}/out.csv'
COPY (SELECT 1) TO '{dir}/out.parquet'
COPY (SELECT 1) TO '/dev/shm/out.csv'
COPY t_changes FROM '{dir}/secret.csv'
COPY FROM DATABASE base TO scratch
EXPORT DATABASE '{dir}/export'
IMPORT DATABASE '{dir}/export'
CREATE TABLE x AS SELECT 1
CREATE TEMP TABLE x AS SELECT 1
CREATE TEMP VIEW changes AS SELECT 1
CREATE OR REPLACE TEMP VIEW changes AS SELECT 1
CREATE TEMP MACRO now() AS 1
CREATE MACRO evil() AS TABLE SELECT * FROM read_text('/etc/passwd')
CREATE SECRET s (TYPE s3, KEY_ID 'a', SECRET 'b')
CREATE PERSISTENT SECRET s (TYPE s3, KEY_ID 'a', SECRET 'b')
CREATE TYPE mood AS ENUM ('a')
CREATE SEQUENCE s
DROP VIEW changes
DROP TABLE t_events
DELETE FROM t_events
DELETE FROM base.main.t_events
UPDATE t_changes SET state = 'succeeded'
INSERT INTO t_events SELECT * FROM t_events
TRUNCATE t_events
ALTER TABLE t_changes ADD COLUMN x INTEGER
MERGE INTO t_changes USING t_changes AS s ON false WHEN NOT MATCHED THEN INSERT DEFAULT VALUES
WITH gone AS (DELETE FROM t_events RETURNING *) SELECT * FROM gone
WITH more AS (INSERT INTO t_changes(id) VALUES ('x') RETURNING id) SELECT * FROM more
SET enable_external_access = true
SET lock_configuration = false
SET memory_limit = '8GB'
SET threads = 8
SET temp_directory = '{dir}'
SET GLOBAL allow_unsigned_extensions = true
SET SESSION search_path = 'base.main'
SET VARIABLE x = 1
SET TimeZone = 'America/New_York'
SET log_query_path = '{dir}/log.txt'
SET profiling_output = '{dir}/profile.json'
SET home_directory = '{dir}'
RESET enable_external_access
RESET ALL
PRAGMA enable_profiling
PRAGMA database_list
PRAGMA memory_limit = '8GB'
PRAGMA enable_logging
PRAGMA import_database('{dir}')
CALL pragma_version()
CALL enable_logging(storage = 'file', storage_path = '{dir}/log')
SELECT * FROM enable_logging('FileSystem')
SELECT * FROM enable_logging(storage = 'file', storage_path = '{dir}/log')
SELECT * FROM enable_profiling()
SELECT * FROM disable_logging()
SELECT write_log('hello', level := 'error')
SELECT setseed(0.5)
SELECT nextval('s')
SELECT current_setting('allowed_paths')
SELECT current_setting('home_directory')
SELECT getenv('HOME')
SELECT getvariable('x')
SELECT * FROM duckdb_settings()
SELECT * FROM duckdb_databases()
SELECT * FROM duckdb_secrets()
SELECT * FROM duckdb_extensions()
SELECT * FROM duckdb_logs()
SELECT * FROM which_secret('{dir}/x', 's3')
SELECT * FROM query('SELECT * FROM read_text(''/etc/passwd'')')
SELECT * FROM query_table('t_changes')
SELECT * FROM query_table(['t_changes'])
SELECT * FROM json_execute_serialized_sql(json_serialize_sql('SELECT 1'))
SELECT * FROM pandas_scan(1234567)
SELECT * FROM arrow_scan(1, 2, 3)
SELECT * FROM python_map_function(1)
SELECT * FROM seq_scan()
SELECT * FROM checkpoint()
SELECT * FROM force_checkpoint()
CHECKPOINT
CHECKPOINT base
VACUUM
ANALYZE
BEGIN
COMMIT
PREPARE p AS SELECT 1
EXECUTE p
DEALLOCATE p
EXPLAIN ANALYZE COPY (SELECT 1) TO '{dir}/out.csv'
EXPLAIN SELECT 1
SELECT 1; COPY (SELECT 1) TO '{dir}/out.csv'
SELECT 1; SELECT 2
SELECT 1 /* ; */ ; DROP VIEW changes
SELECT * FROM t_changes
SELECT * FROM main.t_changes
SELECT * FROM base.main.t_events
SELECT * FROM information_schema.tables
SELECT * FROM pg_catalog.pg_settings
SELECT * FROM sqlite_master
SELECT (SELECT content FROM read_text('/etc/passwd'))
SELECT * FROM changes WHERE EXISTS (FROM read_text('/etc/passwd'))
SELECT * FROM changes, LATERAL (SELECT * FROM read_text('/etc/passwd'))
WITH t AS (SELECT * FROM read_text('/etc/passwd')) SELECT * FROM t
WITH "{dir}/secret.csv" AS (SELECT 1) SELECT * FROM (SELECT * FROM "{dir}/secret.csv")
SELECT * FROM changes UNION ALL SELECT * FROM read_csv('{dir}/secret.csv')
SELECT * FROM (PIVOT changes ON state USING count(*)) JOIN read_text('/etc/passwd') ON true
DESCRIBE SELECT * FROM read_csv('{dir}/secret.csv')
SUMMARIZE FROM '{dir}/secret.csv'
SHOW DATABASES
SHOW ALL TABLES
FROM changes SELECT (FROM read_blob('{dir}/secret.txt') SELECT content)
SELECT list_transform([1], lambda x: (SELECT content FROM read_text('/etc/passwd')))
SELECT * FROM ReAd_TeXt('/etc/passwd')
SELECT * FROM "read_text"('/etc/passwd')
SELECT * FROM main.read_text('/etc/passwd')
SELECT * FROM system.main.read_text('/etc/passwd')
SELECT * FROM /**/ read_text /**/ ('/etc/passwd')
SELECT * FROM register_external_resource('x')
SELECT * FROM add_grammar_extension('x')
"""


def by_hand(**places: object) -> list[str]:
    """One statement a line, with the places filled in."""
    return [line.format(**places) for line in BY_HAND.strip().splitlines()]


FORBIDDEN_FUNCTIONS = [
    "read_csv",
    "read_csv_auto",
    "read_text",
    "read_blob",
    "read_json",
    "read_json_auto",
    "read_ndjson",
    "read_parquet",
    "parquet_scan",
    "parquet_metadata",
    "parquet_schema",
    "sniff_csv",
    "glob",
    "read_duckdb",
    "query",
    "query_table",
    "enable_logging",
    "enable_profiling",
    "duckdb_settings",
    "duckdb_databases",
    "duckdb_secrets",
    "duckdb_tables",
    "duckdb_columns",
    "pragma_database_size",
    "json_execute_serialized_sql",
    "checkpoint",
    "pandas_scan",
    "which_secret",
    "duckdb_logs",
    "truncate_duckdb_logs",
    "repeat_rows",
    "test_all_types",
    "pragma_table_info",
    "pragma_storage_info",
    "duckdb_temporary_files",
    "duckdb_memory",
]
ORDERS = (
    "COPY ({inner}) TO '{dir}/g{n}.csv'",
    "COPY ({inner}) TO '{dir}/g{n}.parquet' (FORMAT parquet)",
    "CREATE TABLE g{n} AS {inner}",
    "CREATE TEMP TABLE g{n} AS {inner}",
    "CREATE VIEW g{n} AS {inner}",
    "INSERT INTO t_events {inner}",
    "ATTACH '{dir}/g{n}.duckdb' AS g{n}",
    "EXPORT DATABASE '{dir}/g{n}'",
    "SET memory_limit = '{n}GB'",
    "SET threads TO {n}",
    "SET enable_external_access = true",
    "PRAGMA threads = {n}",
    "INSTALL g{n} FROM 'http://127.0.0.1:{port}/'",
    "LOAD '{dir}/g{n}.duckdb_extension'",
    "EXPLAIN ANALYZE {inner}",
    "CALL {function}('{path}')",
    "DELETE FROM t_events WHERE sequence = {n}",
    "UPDATE t_changes SET reason = 'g{n}'",
    "WITH w AS (DELETE FROM t_changes RETURNING id) SELECT * FROM w",
    "{inner}; {inner}",
)
SOURCES = (
    "{function}('{path}')",
    "'{path}'",
    '"{path}"',
    "main.{function}('{path}')",
    "base.main.t_events",
    "t_changes",
)
WRAPPERS = (
    "SELECT * FROM {source}",
    "FROM {source}",
    "SELECT count(*) FROM {source} AS s",
    "WITH a AS (SELECT * FROM {source}) SELECT * FROM a",
    "WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r, (FROM {source}) WHERE n < 2) SELECT * FROM r",
    "SELECT * FROM changes WHERE id IN (SELECT 'x' FROM {source})",
    "SELECT * FROM changes WHERE EXISTS (SELECT 1 FROM {source})",
    "SELECT (SELECT count(*) FROM {source})",
    "SELECT * FROM changes LEFT JOIN {source} ON true",
    "SELECT * FROM changes, LATERAL (SELECT * FROM {source})",
    "SELECT 1 UNION ALL SELECT 1 FROM {source}",
    "SELECT 1 INTERSECT SELECT 1 FROM {source}",
    "SELECT * FROM (VALUES ((SELECT count(*) FROM {source})))",
    "DESCRIBE SELECT * FROM {source}",
    "SUMMARIZE SELECT * FROM {source}",
    "SELECT CASE WHEN true THEN (SELECT 1 FROM {source} LIMIT 1) END",
    "SELECT id FROM changes ORDER BY (SELECT 1 FROM {source} LIMIT 1)",
    "SELECT id FROM changes LIMIT (SELECT count(*) FROM {source})",
    "SELECT max(id) FROM changes HAVING (SELECT count(*) FROM {source}) > 0",
    "SELECT sum(1) FILTER ((SELECT count(*) FROM {source}) > 0) FROM changes",
    "SELECT row_number() OVER (ORDER BY (SELECT count(*) FROM {source})) FROM changes",
    "SELECT * FROM (PIVOT (SELECT 1 AS a, 2 AS b FROM {source}) ON a IN (1) USING sum(b))",
    "SELECT list_transform([1], lambda x: x + (SELECT count(*) FROM {source}))",
    "SELECT * FROM {source} TABLESAMPLE 10%",
)
PATHS = ("{dir}/secret.csv", "{dir}/secret.txt", "{dir}/secret.parquet", "{dir}/secret.json", "/etc/passwd", "{base}",
         "/proc/self/environ", "http://127.0.0.1:{port}/x.csv", "{dir}/*.csv", "s3://b/k.csv")  # fmt: skip


def generated(count: int, seed: int, **places: object) -> Iterator[str]:
    """Statements that each hold at least one forbidden thing, in many places, spellings and depths."""
    chance = random.Random(seed)
    for n in range(count):
        path = chance.choice(PATHS).format(**places)
        function = chance.choice(FORBIDDEN_FUNCTIONS)
        source = chance.choice(SOURCES).format(function=function, path=path)
        text = chance.choice(WRAPPERS).replace("{source}", source)
        for _ in range(chance.randrange(3)):
            text = chance.choice(WRAPPERS[:12]).replace("{source}", f"({text}) AS d{n}")
        if chance.random() < 0.35:
            order = chance.choice(ORDERS)
            text = order.format(inner=text, n=n, function=function, path=path, **places)
        yield _spelled(text, chance)


def _spelled(text: str, chance: random.Random) -> str:
    if chance.random() < 0.3:
        text = text.replace("SELECT", chance.choice(("select", "SeLeCt", "SELECT /* a */", "SELECT\n\t")))
    if chance.random() < 0.2:
        text = text.replace(" FROM ", chance.choice((" from ", "\nFROM\n", " FROM -- b\n")))
    if chance.random() < 0.15:
        text = f"{text} ;"
    if chance.random() < 0.1:
        text = f"-- innocent\n{text}"
    return text
