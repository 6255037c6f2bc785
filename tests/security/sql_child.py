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

    from conductor_core.adapters.duckdb_audit.statements import NotReadingError, check

    order = json.loads(sys.stdin.read())
    os.chdir("/")
    child.limit(order["seconds"])
    db = child.opened(order["files"], order["views"])
    before = settings(db)
    out: list[list[str]] = []
    for sql in order["statements"]:
        try:
            text = check(db, sql) if sys.argv[1] == "yes" else sql
            out.append(["ran", repr(db.execute(text).fetchmany(50))])
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
