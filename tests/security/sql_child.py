"""Runs many statements in one process that is locked as the explorer's child is; prints what became of each.

`python -m tests.security.sql_child CHECKED` reads an order of JSON on stdin. With CHECKED=yes statements pass the check
first, as in the product; with no, DuckDB's locks and the kernel's limits stand alone.
"""

from __future__ import annotations

import json
import os
import sys
from typing import Any

from conductor_core.adapters.duckdb_audit import child


def main() -> None:
    os.environ.clear()
    child.small_threads()
    import duckdb

    from conductor_core.adapters.duckdb_audit import first_rows
    from conductor_core.adapters.duckdb_audit.model import Shape, views
    from conductor_core.adapters.duckdb_audit.statements import NotReadingError, parsed

    with duckdb.connect() as plain:
        scalar = first_rows.scalar_functions(plain)
    order = json.loads(sys.stdin.read())
    os.chdir("/")
    child.limit(order["seconds"])
    shape = Shape(**order["shape"])
    db = child.opened(order["files"], views(shape))
    before = settings(db)
    long = {"parameters": {}, "rows": 50, "events": first_rows.LARGE}

    def checked(sql: str) -> list[Any]:
        """As the product asks it of a long record."""
        text, tree = parsed(db, sql)
        try:
            return list(first_rows.ask(db, text, tree, long, shape, scalar).fetchmany(50))
        finally:
            db.rollback()

    out: list[list[str]] = []
    for sql in order["statements"]:
        try:
            rows = checked(sql) if sys.argv[1] == "yes" else db.execute(sql).fetchmany(50)
            out.append(["ran", repr(rows)])
        except NotReadingError as no:
            out.append(["refused", no.why])
        except (duckdb.Error, MemoryError, RecursionError, RuntimeError) as bad:
            out.append(["failed", f"{type(bad).__name__}: {str(bad)[:300]}"])
    print(json.dumps({"results": out, "changed": sorted(settings(db).items() ^ before.items())}))


def settings(db: Any) -> dict[str, str]:
    """Every setting, and what is attached, loaded or stored beside the views."""
    found = {name: str(value) for name, value in db.execute("SELECT name, value FROM duckdb_settings()").fetchall()}
    for what in ("duckdb_databases()", "duckdb_secrets()", "duckdb_variables()"):
        found[what] = repr(db.execute(f"SELECT * FROM {what} ORDER BY ALL").fetchall())
    functions = db.execute("SELECT count(DISTINCT function_name) FROM duckdb_functions()").fetchall()
    return found | {"functions": repr(functions)}  # a loaded extension would add some


if __name__ == "__main__":
    main()
