"""The child process that runs one untrusted statement, and ends (security, untrusted input 17).

It gets an order as one line of JSON, opens the published files for reading, locks DuckDB, and only then looks at the
statement. Its own memory, processor time and file sizes are limited by the kernel; its parent kills it at the deadline,
and should the parent be gone, an alarm does.
"""

from __future__ import annotations

import contextlib
import ctypes
import gc
import json
import os
import re
import resource
import signal
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from typing import IO, Any

ADDRESS_SPACE = 480 << 20
"""Bytes of address space, which bounds resident memory: `memory_limit` alone let one statement reach 641 MB."""
DUCKDB_MEMORY = "240MB"
_STACK = 1 << 20
_CHUNK = 256
_VALUE = 1 << 20
_ENUM = re.compile(r"ENUM\((?:'(?:[^']|'')*'(?:, )?)*\)")
"""How a type of words is described; it is shown as the text that it stands for."""
CONFIG: dict[str, str | bool | int | float | list[str]] = {
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
    "allow_community_extensions": "false",
    "allow_unsigned_extensions": "false",
    "allow_persistent_secrets": "false",
    "python_enable_replacements": "false",
    "threads": 1,
    "memory_limit": DUCKDB_MEMORY,
    "temp_directory": "",
    "max_temp_directory_size": "0B",
}


def main() -> None:
    """Answer one order."""
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    os.environ.clear()
    small_threads()
    import duckdb

    from conductor_core.adapters.duckdb_audit import messages

    os.chdir("/")
    db = started()
    scalar = _warm(db)
    gc.disable()  # the rows of an answer have no cycles, and the process ends with it
    messages.send(answers, {"ready": True})
    line = sys.stdin.buffer.readline()
    if not line:
        return
    with contextlib.suppress(BrokenPipeError):
        try:
            _answer(db, json.loads(line), answers, scalar)
        except MemoryError:
            messages.send(answers, {"error": "memory"})
        except duckdb.OutOfMemoryException:
            messages.send(answers, {"error": "memory"})
        except (duckdb.IOException, duckdb.SerializationException) as bad:
            messages.send(answers, {"error": "files", "why": _line(bad)})
        except duckdb.Error as bad:
            messages.send(answers, {"error": "sql", "why": _line(bad)})
        except RecursionError:
            messages.send(answers, {"error": "sql", "why": "It is nested too deeply."})
    os._exit(0)  # without DuckDB's own goodbye, which a hostile statement may have made slow


def started() -> Any:
    """A connection without any file, which takes as long to make as most questions take to answer."""
    import duckdb

    return duckdb.connect(":memory:", config=CONFIG)


def _warm(db: Any) -> frozenset[str]:
    """Have the parser ready before anybody waits for it: the first statement of a process costs 20 ms more.

    Gives the names of the functions that make one value out of one row.
    """
    from conductor_core.adapters.duckdb_audit.first_rows import scalar_functions
    from conductor_core.adapters.duckdb_audit.statements import parsed

    db.execute(parsed(db, "SELECT 1")[0])
    return scalar_functions(db)


def _answer(db: Any, order: dict[str, Any], answers: IO[bytes], scalar: frozenset[str]) -> None:
    import duckdb

    from conductor_core.adapters.duckdb_audit import first_rows, messages
    from conductor_core.adapters.duckdb_audit.model import Shape, views
    from conductor_core.adapters.duckdb_audit.statements import NotReadingError, describes, named, parsed

    limit(order["seconds"])
    shape = Shape(**order["shape"])
    opened(order["files"], (), db)
    begun = time.monotonic()
    try:
        sql, tree = parsed(db, order["sql"])
    except NotReadingError as no:
        messages.send(answers, {"error": "refused", "why": no.why, "next": no.next})
        return
    most, size, plain = order["rows"], order["size"], replace(shape, words=None)

    def asked(shape: Shape) -> tuple[Any, list[Any]]:
        for view in views(shape, named(tree)):
            db.execute(view)
        result = first_rows.ask(db, sql, tree, order, shape, scalar)
        return result, result.fetchmany(min(_CHUNK, most + 1))

    try:
        result, first = asked(plain if describes(tree) else shape)  # to whoever asks for types, words are text
    except (duckdb.BinderException, duckdb.ConversionException):
        db.rollback()
        result, first = asked(plain)  # a few functions take text and no ENUM
    described = result.description or []
    names, types = [str(d[0]) for d in described], [_ENUM.sub("VARCHAR", str(d[1])) for d in described]
    messages.send(answers, {"columns": names, "types": types})
    capped = _stream(result, first, most, size, answers)
    messages.send(answers, {"end": True, "capped": capped, "seconds": time.monotonic() - begun})


def _stream(result: Any, rows: list[Any], most_rows: int, most_bytes: int, answers: IO[bytes]) -> str:
    from conductor_core.adapters.duckdb_audit import messages

    sent = size = 0
    while rows:
        data = messages.encoded_rows(rows[: most_rows - sent])
        if size + len(data) > most_bytes:
            return "size"
        messages.send_bytes(answers, b'{"rows":' + data + b"}")
        sent, size = sent + len(rows), size + len(data)
        if sent > most_rows:
            return "rows"
        rows = result.fetchmany(max(1, min(_CHUNK, _VALUE * sent // max(size, 1))))
    return ""


def opened(files: Sequence[str], views: Sequence[str], db: Any = None) -> Any:
    """A connection on these files, oldest first, on which nothing can be changed or reached any more.

    `db`: a connection to take, as `started` makes it.
    """
    from conductor_core.adapters.duckdb_audit.model import alias

    db = started() if db is None else db
    for number, file in enumerate(files):
        quoted = file.replace("'", "''")
        db.execute(f"ATTACH '{quoted}' AS {alias(number)} (READ_ONLY)")
    db.execute(f"USE {alias(len(files) - 1)}")
    db.execute("DETACH memory")
    db.execute("SET TimeZone = 'UTC'")
    for view in views:
        db.execute(view)
    db.execute("SET enable_external_access = false")
    db.execute("SET lock_configuration = true")
    return db


def small_threads() -> None:
    """Have threads reserve little address space, so that a limit on it can be near what is really used.

    DuckDB starts some for waiting on disks even with `threads=1`; each would reserve 8 MB of stack and a 64 MB arena.
    """
    libc = ctypes.CDLL(None)
    libc.mallopt(-8, 1)  # M_ARENA_MAX
    attributes = ctypes.create_string_buffer(128)
    libc.pthread_attr_init(attributes)
    libc.pthread_attr_setstacksize(attributes, ctypes.c_size_t(_STACK))
    libc.pthread_setattr_default_np(attributes)


def limit(seconds: float) -> None:
    """The kernel's limits: address space, processor time, file size, core dumps, and an alarm that ends the process."""
    whole = max(1, int(seconds) + 1)
    resource.setrlimit(resource.RLIMIT_AS, (ADDRESS_SPACE, ADDRESS_SPACE))
    resource.setrlimit(resource.RLIMIT_CPU, (whole, whole))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))  # a file of the read model each, of which there are 33 at most
    signal.alarm(whole + 1)


def _line(bad: Exception) -> str:
    return " ".join(str(bad).split())[:1000]


if __name__ == "__main__":
    main()
