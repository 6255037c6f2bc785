"""What running notebooks say, as rows that every door can follow (port `run_log`).

A line is written without waiting for the disk: a crash of the database may lose the last half second of lines.
"""

from __future__ import annotations

import re

from sqlalchemy import Engine, func, insert, select
from sqlalchemy import text as sql

from conductor_core.adapters.postgres.schema import RUN_LINES
from conductor_core.adapters.postgres.wall import wall
from conductor_core.errors import InputError
from conductor_core.ports.clock import Clock
from conductor_core.ports.run_log import RunLine

KINDS = frozenset({"cell", "output", "operation", "check", "cluster", "note"})
MOST_CHARACTERS = 8_000
_LOCKS = 0x4D43
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


class PostgresRunLog:
    """Implements `ports.run_log.RunLog`; lines of one Change become visible in the order of their sequence."""

    def __init__(self, engine: Engine, clock: Clock) -> None:
        self._engine = engine
        self._clock = clock

    def write(self, change_id: str, kind: str, text: str, cell: int = -1, cells: int = 0) -> None:
        """Append one line; raises `InputError` for a kind that isn't one."""
        if kind not in KINDS:
            raise InputError(
                f"A run has no lines of kind {kind!r}.",
                why=f"The kinds are {', '.join(sorted(KINDS))}.",
                next="Use `note` for anything else.",
            )
        row = {"change_id": change_id, "at": self._clock.now(), "kind": kind, "cell": cell, "cells": cells}
        with wall(f"A line of the run of {change_id} could not be written."), self._engine.begin() as connection:
            connection.execute(sql("SET LOCAL synchronous_commit = off"))
            connection.execute(select(func.pg_advisory_xact_lock(_LOCKS, func.hashtext(change_id))))
            connection.execute(insert(RUN_LINES).values(**row, text=shown(text)))

    def read(self, change_id: str, after: int = 0, limit: int = 2000) -> list[RunLine]:
        """Lines above `after`, in order."""
        c = RUN_LINES.c
        statement = (
            select(c.sequence, c.at, c.kind, c.text, c.cell, c.cells)
            .where(c.change_id == change_id, c.sequence > after)
            .order_by(c.sequence)
            .limit(max(0, limit))
        )
        with wall(f"The run of {change_id} could not be read."), self._engine.connect() as connection:
            return [RunLine(*row) for row in connection.execute(statement).all()]


def shown(line: str) -> str:
    """The text as it is stored: what no database holds (NUL, half a surrogate pair) becomes U+FFFD, the rest is cut."""
    clean = _UNSTORABLE.sub("\ufffd", line)
    if len(clean) <= MOST_CHARACTERS:
        return clean
    return f"{clean[:MOST_CHARACTERS]}\n[cut: the line had {len(clean):,} characters]"
