"""A worker's identity: an advisory lock of PostgreSQL, held while the worker lives (pg_advisory_lock)."""

from __future__ import annotations

import hashlib
import logging
import threading
import time
from contextlib import suppress
from typing import LiteralString

import psycopg  # noqa: TID251  # this room is its home
from dbos import DBOS  # noqa: TID251  # this room is its home

from conductor_core.adapters.dbos_workflows.wall import APPLICATION, FOREIGN, libpq, wall
from conductor_core.errors import ConflictError

WATCH = 5.0
LOCK_PATIENCE = 15.0
_KEEPALIVE = "-c tcp_keepalives_idle=10 -c tcp_keepalives_interval=5 -c tcp_keepalives_count=3"

log = logging.getLogger(__name__)


class Identity:
    """The lock on an executor id, held by a connection of its own, and the watch over the ids of dead workers."""

    def __init__(self, database_url: str, executor_id: str) -> None:
        self._url = libpq(database_url)
        self._id = executor_id
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self._held: psycopg.Connection | None = None

    def __enter__(self) -> Identity:
        deadline = time.monotonic() + LOCK_PATIENCE
        with wall("The worker can't reach its database."):
            self._connect()
            while not self._try(self._id):
                if time.monotonic() > deadline:
                    self._close()
                    raise ConflictError(
                        f"Another worker with the id {self._id} is alive.",
                        why="Two workers with one id would run one another's work twice.",
                        next="Stop that one, or give this one an id of its own.",
                    )
                self._stop.wait(0.2)
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        if self._thread is not None:
            self._thread.join(WATCH)
        self._close()

    def watch(self) -> None:
        """Take over the work of dead workers from now on, looking every few seconds."""
        self._thread = threading.Thread(target=self._look, name="dead-workers", daemon=True)
        self._thread.start()

    def _look(self) -> None:
        while not self._stop.wait(WATCH):
            try:
                self._take_over()
            except FOREIGN as bad:
                log.warning("Can't look for the work of dead workers: %s", type(bad).__name__)
                with suppress(psycopg.Error):
                    self._close()
                    self._connect()
                    self._try(self._id)

    def _take_over(self) -> None:
        pending = DBOS.list_workflows(status="PENDING", load_input=False, load_output=False)
        for other in sorted({row.executor_id for row in pending if row.executor_id} - {self._id}):
            if self._try(other):
                try:
                    log.warning("Worker %s is dead; its work is queued again.", other)
                    DBOS._recover_pending_workflows([other])
                finally:
                    self._ask("SELECT pg_advisory_unlock(%s)", other)

    def _try(self, executor_id: str) -> bool:
        return self._ask("SELECT pg_try_advisory_lock(%s)", executor_id)

    def _ask(self, question: LiteralString, executor_id: str) -> bool:
        if self._held is None:
            raise psycopg.OperationalError("no connection")
        digest = hashlib.sha256(f"{APPLICATION} worker {executor_id}".encode()).digest()
        row = self._held.execute(question, (int.from_bytes(digest[:8], "big", signed=True),)).fetchone()
        return bool(row and row[0])

    def _connect(self) -> None:
        self._held = psycopg.connect(self._url, autocommit=True, connect_timeout=10, options=_KEEPALIVE)

    def _close(self) -> None:
        if self._held is not None:
            self._held.close()
        self._held = None
